// The real service with keys of the test, an account, and the documented key rotation.

import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { promisify } from "node:util";
import { createAccount, request } from "../../../sdk/scenarios/lib/http.mjs";
import { Outbox } from "../../../sdk/scenarios/lib/outbox.mjs";
import { Server } from "../../../sdk/scenarios/lib/server.mjs";
import { Key } from "./tokens.mjs";

const run = promisify(execFile);
const OPERATIONS = new URL("../../../docs/operations.md", import.meta.url);
const PHONE = "13800138000";
const PASSWORD = "correct horse battery";
const SETTINGS = {
  BIND: "127.0.0.1:0",
  METRICS_BIND: "off",
  COOLDOWN_SECONDS: "1",
  HASH_MEMORY_KIB: "7168",
  HASH_PASSES: "5",
  JWT_KEYS_FILE: "jwt_keys.pem",
};

export class Service {
  #binary;
  #keySets;
  #server;
  #settings;

  constructor(binary, algorithm, keySets) {
    this.#binary = binary;
    this.algorithm = algorithm;
    this.#keySets = keySets;
  }

  /** Starts the service with one key, and signs a user up. */
  async start() {
    this.#settings = { ...SETTINGS, SECRET_KEY: (await this.#keygen("--secret-key")).trim() };
    this.#server = new Server(this.#binary, this.#settings);
    fs.writeFileSync(this.#path("jwt_keys.pem"), await this.newKey(), { mode: 0o600 });
    await this.#launch();
    await createAccount(this.#server.url, PHONE, PASSWORD, new Outbox(this.#server.outbox));
  }

  async restart() {
    await this.#server.stop();
    await this.#launch();
  }

  remove() {
    return this.#server?.remove();
  }

  /** PEM of a new key, of the algorithm of this service or of another one. */
  newKey(algorithm = this.algorithm) {
    return this.#keygen("--alg", algorithm);
  }

  /** The keys of the service, in their order. The first one signs. */
  keys() {
    const text = fs.readFileSync(this.#path("jwt_keys.pem"), "utf8");
    const blocks = text.match(/-----BEGIN[\s\S]*?-----END PRIVATE KEY-----/g);
    return blocks.map((pem) => new Key(pem));
  }

  /** Signs the user in, again if the machine is slow (503). Returns the id and an access token. */
  async signIn(attempts = 5) {
    const body = { phone_number: PHONE, password: PASSWORD };
    const answer = await request(this.#server.url, { http: "POST /v1/login", body });
    if (answer.status === 503 && attempts > 1) {
      await after(answer.body.retry_after * 1_000);
      return this.signIn(attempts - 1);
    }
    if (answer.status !== 200) throw new Error(`the sign-in fails: ${JSON.stringify(answer.body)}`);
    const me = await request(this.#server.url, { http: "GET /v1/me", bearer: answer.body.access_token });
    return { user: me.body.id, token: answer.body.access_token };
  }

  /** Step 1 of the rotation in docs/operations.md: the new key is the last one. */
  addKey() {
    fs.copyFileSync(this.#path("jwt_keys.pem"), this.#path("old.pem"));
    return this.#shell(documented(/```sh\n([\s\S]*?)```/));
  }

  /** Step 3: the new key is the first one. */
  useNewKey() {
    return this.#shell(documented(/`(cat new\.pem old\.pem > jwt_keys\.pem)`/));
  }

  /** Step 5: the old key is removed. */
  removeOldKey() {
    return this.#shell(documented(/`(mv new\.pem jwt_keys\.pem)`/));
  }

  /** The answer to a stolen key: another one takes its place at once. */
  replaceKey() {
    return this.#shell(documented(/replace: `(doorstep keygen > jwt_keys\.pem)`/, "Stolen JWT key"));
  }

  async #shell(commands) {
    const text = commands.replaceAll("doorstep keygen", `doorstep keygen --alg ${this.algorithm}`);
    const env = { ...this.#settings, PATH: `${path.dirname(this.#binary)}:${process.env.PATH}` };
    await run("sh", ["-euc", text], { cwd: this.#server.folder, env });
    await this.restart();
  }

  async #launch() {
    await this.#server.start();
    this.#keySets.service = this.#server.url;
  }

  async #keygen(...options) {
    const { stdout } = await run(this.#binary, ["keygen", ...options]);
    return stdout;
  }

  #path(name) {
    return path.join(this.#server.folder, name);
  }
}

/** Commands of a section of docs/operations.md. */
function documented(pattern, section = "JWT key rotation") {
  const text = fs.readFileSync(OPERATIONS, "utf8");
  const found = text.slice(text.search(new RegExp(`^#+ ${section}$`, "m"))).match(pattern);
  if (found === null) throw new Error(`docs/operations.md, "${section}", has no ${pattern}`);
  return found[1].replace(/^ +/gm, "");
}
