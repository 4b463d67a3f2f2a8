// Execution of one scenario: the server, the proxy in front of it, the drivers of its devices, and its steps.

import fs from "node:fs";
import path from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { age } from "./database.mjs";
import { Driver } from "./driver.mjs";
import { createAccount, request } from "./http.mjs";
import { mismatch } from "./match.mjs";
import { Outbox } from "./outbox.mjs";
import { Proxy } from "./proxy.mjs";
import { readPart } from "./scenario.mjs";
import { Server } from "./server.mjs";
import { checkInvariants, checkTruth } from "./truth.mjs";
import { Variables, e164 } from "./variables.mjs";

const POLL_MS = 200;
const UNTIL_TIMEOUT_MS = 20_000;
const SENDS = /\.(send_code|resend_code|with_password)$/;

/** Settings of every server of a scenario; a scenario can change them. */
const SETTINGS = {
  BIND: "127.0.0.1:0",
  METRICS_BIND: "off",
  TRUSTED_PROXIES: "127.0.0.0/8",
  CAPTCHA_BYPASS_ANSWER: "letmein",
};

/** The client of a language cannot run the scenario, for a reason that is no failure. */
export class Skipped extends Error {}

export class Run {
  drivers = new Map();
  /** Events of drivers that were killed, by device. */
  ended = new Map();
  proxy = new Proxy();
  /** The write of its store at which the next process of a device ends itself, by device. */
  crashes = new Map();

  constructor(scenario, { binary, command, cwd }) {
    this.scenario = scenario;
    this.launch = () => new Driver(command, cwd);
    this.server = new Server(binary, { ...SETTINGS, ...scenario.settings });
    this.outbox = new Outbox(this.server.outbox);
    this.variables = new Variables(scenario.vars, this.outbox);
  }

  /** Runs the scenario. Throws at the first difference from what it expects. */
  async run() {
    await this.start();
    await this.steps(this.scenario.steps);
    await checkTruth(this, this.scenario.truth);
    checkInvariants(this);
  }

  /** Starts the proxy and the server. */
  async start() {
    await this.proxy.start();
    await this.#serve("start", { PUBLIC_URLS: this.proxy.url });
    this.proxy.setFaults(this.scenario.faults);
  }

  async close() {
    for (const driver of this.drivers.values()) await driver.kill();
    this.proxy.stop();
    await this.server.remove();
  }

  /** Copies the logs of a failed scenario to a folder. */
  keep(folder) {
    fs.mkdirSync(folder, { recursive: true });
    if (fs.existsSync(this.server.log)) fs.copyFileSync(this.server.log, path.join(folder, "server.log"));
    const exchanges = this.proxy.journal.map(({ body, headers, answer, ...rest }) =>
      JSON.stringify({ ...rest, key: headers["idempotency-key"], body: body.toString().slice(0, 300) }));
    fs.writeFileSync(path.join(folder, "proxy.log"), `${exchanges.join("\n")}\n`);
  }

  /** Runs steps in order. `at` is their place in the scenario, for errors. */
  async steps(steps, at = "steps") {
    for (const [index, step] of steps.entries()) await this.#step(step, `${at}[${index}]`);
  }

  async #step(step, at) {
    const kind = ["until", "do", ...Object.keys(this.#actions)].find((one) => one in step);
    try {
      if (kind === "until") await this.#until({ ...step, do: step.until });
      else if (kind === "do") await this.#call(step);
      else await this.#actions[kind](step, at);
    } catch (error) {
      if (error.located || error instanceof Skipped) throw error;
      const what = typeof step[kind] === "string" ? `${kind} ${step[kind]}` : kind;
      throw Object.assign(new Error(`${at} (${what}): ${error.message}`), { located: true });
    }
  }

  #actions = {
    kill: ({ kill }) => this.kill(kill),
    faults: ({ faults }) => this.proxy.setFaults(faults),
    account: async (step) => {
      const { account: phone, password } = await this.variables.filled(step);
      await createAccount(this.server.url, phone, password ?? null, this.outbox);
    },
    age: async (step) => {
      const { age: phone, days = 0, hours = 0, seconds = 0 } = await this.variables.filled(step);
      await age(this.server.database, e164(phone), days * 86_400 + hours * 3_600 + seconds);
    },
    server: ({ server, settings }) => this.#serve(server, settings),
    http: (step) => this.#http(step),
    together: ({ together }, at) =>
      Promise.all(together.map((one, index) => this.#step(one, `${at}.together[${index}]`))),
    repeat: async ({ repeat, as, steps }, at) => {
      for (let round = 1; round <= repeat; round++) {
        if (as !== undefined) this.variables.set(as, String(round));
        await this.steps(steps, `${at}, round ${round}, steps`);
      }
    },
    part: async (step, at) => {
      const { steps, params } = readPart(step.part);
      const values = await this.variables.filled(step.with ?? {});
      const names = params.map((name) => name.replace("?", ""));
      const before = this.variables.replace(names.map((name) => [name, values[name]]));
      await this.steps(steps.map((one) => onDevice(one, step.on)), `${at} ${step.part}`);
      this.variables.replace(before);
    },
    copy: ({ copy, to, keys = false }) => this.#copy(copy, to, keys),
    lose_keys: ({ lose_keys: device }) => fs.rmSync(this.#paths(device).keys, { recursive: true, force: true }),
    take: ({ take, as }) => this.variables.set(as, this.proxy.taken(take)),
    claims: async (step) => {
      const { claims: token, expect } = await this.variables.filled(step);
      const found = mismatch(JSON.parse(Buffer.from(token.split(".")[1], "base64url")), expect);
      if (found !== null) throw new Error(found);
    },
    truth: ({ truth }) => checkTruth(this, truth),
  };

  async #serve(action, settings) {
    if (action !== "start") await this.server.stop();
    if (action !== "stop") await this.server.start(settings);
    this.proxy.upstream = this.server.url;
  }

  /** Runs a verb on a device. Returns the answer of its driver. */
  async call(step) {
    if (SENDS.test(step.do) && !step.repeated) this.#mark();
    const parameters = await this.variables.filled(step.with ?? {});
    const driver = await this.#driver(step.on);
    return step.killed ? this.#killDuring(driver, step, parameters) : driver.call(step.do, parameters);
  }

  async #call(step) {
    const answer = await this.call(step);
    if (answer === undefined) return;
    const expected = await this.variables.filled(step.expect ?? {});
    const found = mismatch(answer, { error: { $absent: true }, ...expected });
    if (found !== null) {
      const error = new Error(`${found}\n    in ${JSON.stringify(answer)}`);
      throw Object.assign(error, { retryAfter: answer.error?.retry_after });
    }
    this.variables.save(step.save, answer.value ?? answer.state);
  }

  /** The next code after a call that was killed may be that of this call. */
  #mark() {
    if (this.killedSend) this.killedSend = false;
    else this.outbox.mark();
  }

  async #killDuring(driver, step, parameters) {
    const reached = this.proxy.trap(step.killed.at, step.killed.when);
    const call = driver.call(step.do, parameters).then(
      (answer) => { throw new Error(`answered before ${step.killed.at}: ${JSON.stringify(answer)}`); },
      () => reached,
    );
    await Promise.race([reached, call]);
    await this.kill(step.on ?? this.#first);
    this.killedSend = SENDS.test(step.do) && step.killed.when === "answered";
  }

  async #until(step) {
    const deadline = Date.now() + UNTIL_TIMEOUT_MS;
    for (;;) {
      try {
        return await this.#call(step);
      } catch (error) {
        if (Date.now() > deadline) throw error;
        // An attempt without an answer may have sent the message.
        step.repeated = true;
        // The app shows the time, and the user waits.
        await after(error.retryAfter ? error.retryAfter * 1_000 : POLL_MS);
      }
    }
  }

  async #http(step) {
    const filled = await this.variables.filled(step);
    const answer = await request(this.server.url, filled);
    const found = mismatch({ ...answer, code: answer.body?.code }, filled.expect);
    if (found !== null) throw new Error(`${found}\n    in ${JSON.stringify(answer)}`);
    this.variables.save(step.save, answer.body);
  }

  get #first() {
    return Object.keys(this.scenario.devices)[0];
  }

  async #driver(device = this.#first) {
    if (!this.drivers.has(device)) {
      const driver = this.launch();
      this.drivers.set(device, driver);
      const answer = await driver.call("open", this.#options(device));
      if (answer.error) throw new Error(`open: ${JSON.stringify(answer.error)}`);
      const { needs = [] } = this.scenario;
      if (needs.includes("keys") && answer.value.keys === false) throw new Skipped("this platform has no key store");
    }
    return this.drivers.get(device);
  }

  #paths(device) {
    const folder = path.join(this.server.folder, "devices", this.scenario.devices[device].store ?? device);
    return { store: path.join(folder, "store"), keys: path.join(folder, "keys") };
  }

  #options(device) {
    const { keys, store, ...options } = this.scenario.devices[device];
    const paths = this.#paths(device);
    for (const folder of Object.values(paths)) fs.mkdirSync(folder, { recursive: true });
    const crash = this.crashes.get(device);
    this.crashes.delete(device);
    return {
      base_url: this.proxy.url,
      store: paths.store,
      keys: keys === "none" ? null : paths.keys,
      ...options,
      ...(crash === undefined ? {} : { crash_at: crash }),
    };
  }

  /** A backup of a device: its store, and its keys only if the scenario says that they can be copied. */
  #copy(from, to, keys) {
    const [source, target] = [this.#paths(from), this.#paths(to)];
    fs.cpSync(source.store, target.store, { recursive: true });
    if (keys) fs.cpSync(source.keys, target.keys, { recursive: true });
  }

  /** Ends the process of a device. Its next verb starts another one. */
  async kill(device) {
    const driver = this.drivers.get(device);
    this.drivers.delete(device);
    await driver?.kill();
    this.ended.set(device, [...(this.ended.get(device) ?? []), ...(driver?.events ?? [])]);
  }

  /** Reasons of all sign-outs of a device, in order. */
  signedOut(device) {
    const events = [...(this.ended.get(device) ?? []), ...(this.drivers.get(device)?.events ?? [])];
    return events.filter(({ event }) => event === "signed_out").map(({ reason }) => reason);
  }
}

/** The step of a part, on the device that the part is for. */
const onDevice = (step, device) => ("do" in step || "until" in step ? { on: device, ...step } : step);
