// A running program that verifies tokens. It answers each line with a line.

import { spawn } from "node:child_process";
import fs from "node:fs";
import { createInterface } from "node:readline";

const TIMEOUT_MS = 60_000;

export class Verifier {
  #process;
  #waiting = [];
  #ended = false;

  /** `log` receives what the program writes to its standard error. */
  constructor(name, [command, ...options], log) {
    this.name = name;
    const errors = fs.openSync(log, "a");
    this.#process = spawn(command, options, { stdio: ["pipe", "pipe", errors] });
    fs.closeSync(errors);
    this.#process.stdin.on("error", () => {});
    this.#process.on("error", (error) => this.#end(error.message));
    this.#process.on("exit", (code) => this.#end(`ended with ${code}, see ${log}`));
    createInterface(this.#process.stdout).on("line", (line) => this.#deliver(line));
  }

  /** The answer to a token: `{ outcome: "user" | "refused" | "unavailable" | "ended", detail }`. */
  async ask(token) {
    const line = await this.#next(token);
    const [, outcome, detail] = line.match(/^(\S+) ?(.*)$/);
    return { outcome, detail };
  }

  stop() {
    this.#process.kill("SIGKILL");
  }

  #next(token) {
    if (this.#ended) return `ended ${this.#ended}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#deliver(`ended no answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
      this.#waiting.push((line) => (clearTimeout(timer), resolve(line)));
      this.#process.stdin.write(`${token}\n`);
    });
  }

  #deliver(line) {
    this.#waiting.shift()?.(line);
  }

  #end(reason) {
    this.#ended = reason;
    for (const answer of this.#waiting.splice(0)) answer(`ended ${reason}`);
  }
}
