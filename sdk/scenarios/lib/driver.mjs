// A driver of a language: a process with one client, which speaks JSON lines on its standard input and output.

import { spawn } from "node:child_process";
import { once } from "node:events";
import readline from "node:readline";

/** A process that starts beside many others takes longer than any verb. */
const CALL_TIMEOUT_MS = 60_000;

export class Driver {
  /** Events that the driver has sent, such as {"event": "signed_out", "reason": "refresh_reused"}. */
  events = [];
  errors = "";
  #process;
  #waiting = new Map();
  #next = 1;

  constructor(command, cwd) {
    const [program, ...parameters] = command;
    this.#process = spawn(program, parameters, { cwd, stdio: ["pipe", "pipe", "pipe"] });
    this.#process.on("error", (error) => this.#fail(error.message));
    this.#process.on("exit", (code, signal) => this.#fail(`the driver ended (${signal ?? code}) ${this.errors}`));
    this.#process.stdin.on("error", () => {});
    this.#process.stderr.setEncoding("utf8").on("data", (text) => (this.errors += text));
    readline.createInterface({ input: this.#process.stdout }).on("line", (line) => this.#receive(line));
  }

  /** Runs a verb. Returns {value?, error?, state?}: an error of the client is an answer like any other. */
  call(verb, parameters) {
    const id = this.#next++;
    const answered = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${verb}`)), CALL_TIMEOUT_MS);
      this.#waiting.set(id, { resolve, reject, timer });
    });
    this.#process.stdin.write(`${JSON.stringify({ id, do: verb, with: parameters })}\n`);
    return answered;
  }

  /** Ends the process without a warning, as a phone ends an app. */
  async kill() {
    const ended = once(this.#process, "exit");
    if (this.#process.exitCode === null && this.#process.kill("SIGKILL")) await ended;
  }

  #receive(line) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return this.#fail(`not JSON: ${line}`);
    }
    if (message.event !== undefined) return this.events.push(message);
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    clearTimeout(waiting?.timer);
    waiting?.resolve(message);
  }

  #fail(reason) {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error(reason));
    }
    this.#waiting.clear();
  }
}
