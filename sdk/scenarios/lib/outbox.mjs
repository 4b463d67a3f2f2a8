// Messages that the server has sent.

import fs from "node:fs";
import { setTimeout as after } from "node:timers/promises";

const TIMEOUT_MS = 3_000;

export class Outbox {
  #file;
  #marks = new Map();

  constructor(file) {
    this.#file = file;
  }

  /** Messages to a number in E.164, or to all numbers. */
  messages(phone) {
    if (!fs.existsSync(this.#file)) return [];
    const found = fs.readFileSync(this.#file, "utf8").matchAll(/^SMS to (\+\d+): (.*)$/gm);
    return [...found].filter(([, to]) => phone === undefined || to === phone).map(([, , text]) => text);
  }

  /** Marks the messages of now: a code of later is newer. */
  mark() {
    const all = fs.existsSync(this.#file) ? fs.readFileSync(this.#file, "utf8").matchAll(/^SMS to (\+\d+): /gm) : [];
    this.#marks.clear();
    for (const [, to] of all) this.#marks.set(to, (this.#marks.get(to) ?? 0) + 1);
  }

  /** The code of the newest message to this number since the mark. Waits for it: some are sent after the answer. */
  async code(phone) {
    for (const deadline = Date.now() + TIMEOUT_MS; Date.now() < deadline; await after(10)) {
      const newer = this.messages(phone).slice(this.#marks.get(phone) ?? 0);
      const codes = newer.map((text) => text.match(/\b\d{6}\b/)).filter((found) => found !== null);
      if (codes.length > 0) return codes.at(-1)[0];
    }
    throw new Error(`no new code was sent to ${phone}`);
  }
}
