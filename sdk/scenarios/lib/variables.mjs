// Variables of a scenario: `$name`, and the codes of messages, `$code(name)` and `$wrong_code(name)`.

import { VARIABLE } from "./scenario.mjs";

/** Number in E.164. A scenario writes a number as a user does, with or without +86. */
export const e164 = (phone) => (phone.startsWith("+") ? phone : `+86${phone}`);

export class Variables {
  #values;
  #outbox;

  constructor(values, outbox) {
    this.#values = new Map(Object.entries(values));
    this.#outbox = outbox;
  }

  set(name, value) {
    this.#values.set(name, value);
  }

  /** Sets these variables. Returns what they were before, in the same form. */
  replace(entries) {
    const before = entries.map(([name]) => [name, this.#values.get(name)]);
    for (const [name, value] of entries) this.set(name, value);
    return before;
  }

  /** Keeps parts of an answer: {"id": "0.id"} sets `$id` to the member `id` of its first element. */
  save(names = {}, answer) {
    for (const [name, path] of Object.entries(names)) {
      const value = path === "" ? answer : path.split(".").reduce((owner, member) => owner?.[member], answer);
      if (value === undefined) throw new Error(`no ${path} in ${JSON.stringify(answer)}`);
      this.set(name, value);
    }
  }

  /** The value with all variables replaced. Members that have no value are absent. */
  async filled(value) {
    if (typeof value === "string" && value.startsWith("$")) return this.#value(value);
    if (Array.isArray(value)) return Promise.all(value.map((item) => this.filled(item)));
    if (value === null || typeof value !== "object") return value;
    const entries = await Promise.all(Object.entries(value).map(async ([name, one]) => [name, await this.filled(one)]));
    return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
  }

  async #value(text) {
    const [, call, name] = text.match(VARIABLE);
    const value = this.#values.get(name);
    if (call === undefined) return value;
    const code = await this.#outbox.code(e164(value));
    return call === "code" ? code : wrong(code);
  }
}

/** A code that is not this one. */
const wrong = (code) => `${(Number(code[0]) + 1) % 10}${code.slice(1)}`;
