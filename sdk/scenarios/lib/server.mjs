// The real server, in an empty temporary folder, with SQLite, staging in memory, and messages in data/outbox.log.

import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const START_TIMEOUT_MS = 20_000;

export class Server {
  #settings;
  #binary;
  #process = null;
  /** Leaves nothing behind when the runner is interrupted. */
  #atExit = () => {
    this.#process?.kill("SIGKILL");
    fs.rmSync(this.folder, { recursive: true, force: true });
  };

  constructor(binary, settings) {
    this.#binary = binary;
    this.#settings = settings;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "doorstep-scenario-"));
    this.log = path.join(this.folder, "server.log");
    this.database = path.join(this.folder, "data", "doorstep.sqlite3");
    this.outbox = path.join(this.folder, "data", "outbox.log");
    process.on("exit", this.#atExit);
  }

  /** Starts the server, with these settings besides the earlier ones. */
  async start(settings = {}) {
    this.#settings = { ...this.#settings, ...settings };
    const log = fs.openSync(this.log, "a");
    const begin = fs.fstatSync(log).size;
    const env = { PATH: process.env.PATH, HOME: this.folder, ...this.#settings };
    this.#process = spawn(this.#binary, [], { cwd: this.folder, env, stdio: ["ignore", log, log] });
    fs.closeSync(log);
    this.#process.on("error", () => {});
    this.url = await this.#listening(begin);
  }

  /** Ends the process at once, as a crash does. Flows in memory are lost, accounts are not. */
  async stop() {
    const ended = once(this.#process, "exit");
    if (this.#process.exitCode === null && this.#process.kill("SIGKILL")) await ended;
  }

  async remove() {
    await this.stop();
    process.off("exit", this.#atExit);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  async #listening(begin) {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline && this.#process.exitCode === null && this.#process.pid !== undefined) {
      const written = fs.readFileSync(this.log, "utf8").slice(begin);
      const found = written.match(/listening on (http:\/\/[\d.]+:\d+)/);
      if (found) return found[1];
      await new Promise((resume) => setTimeout(resume, 10));
    }
    throw new Error(`the server does not start: ${fs.readFileSync(this.log, "utf8").slice(begin)}`);
  }
}
