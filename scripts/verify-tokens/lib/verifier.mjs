// A running program that verifies tokens. It answers each line with a line.

import { spawn } from "node:child_process";
import fs from "node:fs";
import { createInterface } from "node:readline";

const TIMEOUT_MS = 60_000;

export class Verifier {
  #command;
  #log;
  #process;
  #waiting = [];
  #ended;

  /** `log` receives what the program writes to its standard error. */
  constructor(name, command, log) {
    this.name = name;
    this.#command = command;
    this.#log = log;
    this.start();
  }

  /** Starts the program, also again after its end. */
  start() {
    const [command, ...options] = this.#command;
    const errors = fs.openSync(this.#log, "a");
    this.#ended = undefined;
    this.#process = spawn(command, options, { stdio: ["pipe", "pipe", errors] });
    fs.closeSync(errors);
    this.#process.stdin.on("error", () => {});
    this.#process.on("error", (error) => this.#end(error.message));
    this.#process.on("exit", (code) => this.#end(`ended with ${code}, see ${this.#log}`));
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
    if (this.#ended !== undefined) return `ended ${this.#ended}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.stop(), TIMEOUT_MS);
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
