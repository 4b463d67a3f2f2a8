// A client that dies at each write of its store in turn, before or after it. The app starts it again and goes on.

import { createAccount } from "./http.mjs";
import { NO_LIMITS } from "./limits.mjs";
import { Run } from "./run.mjs";
import { checkInvariants } from "./truth.mjs";
import { e164 } from "./variables.mjs";

const PASSWORD = "correct horse battery";
const NEW_PASSWORD = "staple battery horse";
/** More rounds than a journey with one crash has. */
const MAX_ROUNDS = 20;

/**
 * `keys`: those of the device. `prepare`: runs without a crash. `go`: runs with one. `codes`: messages with a code to
 * the number. `maySignOut`: the app may hear of a sign-out; it does not if the client died before it could tell it.
 */
const JOURNEYS = {
  "sign-up": { go: signUp, codes: 1 },
  "sign-up-unbound": { keys: "none", go: signUp, codes: 1 },
  refresh: { keys: "none", prepare: signUp, go: refresh, codes: 1 },
  "sign-in": { prepare: createOwnAccount, go: signIn, codes: 2 },
  "password-reset": { prepare: createOwnAccount, go: resetPassword, codes: 2 },
  "sign-out": { prepare: signUp, go: signOut, codes: 1, maySignOut: true },
};

/** Runs the journeys of these names with a crash at each write. Returns the number of failures. */
export async function measureCrashes(options, language, names = Object.keys(JOURNEYS)) {
  const results = await Promise.all(names.map(async (name) => {
    const journey = JOURNEYS[name];
    if (journey === undefined) throw new Error(`no journey ${name}; there are ${Object.keys(JOURNEYS).join(", ")}`);
    const started = performance.now();
    const { crashes, failure } = await crashEverywhere(options, journey);
    const seconds = Math.round((performance.now() - started) / 1000);
    const result = failure === undefined ? "nothing lost" : failure.message;
    console.log(`${failure ? "FAILED" : "ok"} ${language} ${name}, ${crashes} crashes (${seconds} s): ${result}`);
    return failure === undefined ? 0 : 1;
  }));
  return results.reduce((sum, one) => sum + one, 0);
}

async function crashEverywhere(options, journey) {
  const settings = { ...NO_LIMITS, COOLDOWN_SECONDS: "1" };
  const run = new Run({ devices: {}, vars: {}, faults: [], settings, truth: {} }, options);
  let crashes = 0;
  try {
    await run.start();
    for (const when of ["before", "after"]) {
      for (let write = 1; await goOn(new App(run, journey), { write, when }); write++) crashes += 1;
    }
    checkInvariants(run);
    return { crashes };
  } catch (failure) {
    return { crashes, failure };
  } finally {
    await run.close();
  }
}

/** One journey with a crash at this write. Returns false if there was no such write. */
async function goOn(app, crash) {
  const { prepare, go, codes, maySignOut = false } = app.journey;
  try {
    await prepare?.(app);
    await app.crashAt(crash);
    await go(app);
    app.expect("codes", app.codes().length, codes);
    if (!maySignOut) app.expect("sign-outs", app.run.signedOut(app.device).length, 0);
  } catch (error) {
    throw new Error(`crash ${crash.when} write ${crash.write}: ${error.message}`);
  }
  await app.run.kill(app.device);
  return app.crashed;
}

/** The app of one person: it has a device and a number. */
class App {
  crashed = false;

  constructor(run, journey) {
    const index = Object.keys(run.scenario.devices).length;
    this.run = run;
    this.journey = journey;
    this.number = `138${10_000_000 + index}`;
    this.device = `phone-${index}`;
    run.scenario.devices[this.device] = { keys: journey.keys ?? "device" };
  }

  /** The next process of the device ends itself at this write. */
  async crashAt(crash) {
    await this.run.kill(this.device);
    this.run.crashes.set(this.device, crash);
  }

  /** The answer to a verb. Undefined if the client died; the next verb starts it again. */
  async call(verb, parameters = {}) {
    let answer;
    try {
      answer = await this.run.call({ do: verb, on: this.device, with: parameters });
    } catch (error) {
      if (!/the driver ended/.test(error.message)) throw error;
      this.crashed = true;
      await this.run.kill(this.device);
      return undefined;
    }
    if (answer.error) throw new Error(`${verb}: ${JSON.stringify(answer.error)}`);
    return answer;
  }

  codes() {
    return this.run.outbox.messages(e164(this.number)).filter((text) => /\b\d{6}\b/.test(text));
  }

  async sessionState() {
    return (await this.call("session.state"))?.value.state;
  }

  /** Asks the client for the step of a flow, as at the start of an app, and does it, until `isDone`. */
  async finish(flow, { password = PASSWORD, isDone }) {
    const captcha = "letmein";
    const acts = {
      start: async () => ["send_code", { phone_number: this.number, captcha }],
      code: async () => ["verify_code", { code: await this.run.outbox.code(e164(this.number)) }],
      password: async () => ["set_password", { password }],
      profile: async () => ["submit_profile", { nickname: "Ada" }],
    };
    let last;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const step = (await this.call(`${flow}.resume`))?.state.step;
      if (step === undefined) continue;
      if (await isDone(step, last)) return;
      if (acts[step] === undefined) throw new Error(`${flow} is at the step ${step}`);
      const [verb, parameters] = await acts[step]();
      last = verb;
      const state = (await this.call(`${flow}.${verb}`, parameters))?.state;
      if (state !== undefined && (await isDone(state.step, last))) return;
    }
    throw new Error(`${flow} does not end`);
  }

  expect(what, found, wanted) {
    if (found !== wanted) throw new Error(`${what}: ${found}, expected ${wanted}`);
  }
}

async function signUp(app) {
  await app.finish("sign_up", { isDone: async () => (await app.sessionState()) === "signed_in" });
  app.expect("nickname", (await app.call("account.me") ?? await app.call("account.me")).value.nickname, "Ada");
}

async function refresh(app) {
  for (let done = 0, round = 0; done < 3 && round < MAX_ROUNDS; round++) {
    if ((await app.call("session.access_token", { min_ttl: 900 })) !== undefined) done += 1;
  }
  app.expect("state", await app.sessionState(), "signed_in");
}

function createOwnAccount(app) {
  return createAccount(app.run.server.url, app.number, PASSWORD, app.run.outbox);
}

async function signIn(app) {
  await app.finish("sign_in", { isDone: async () => (await app.sessionState()) === "signed_in" });
}

/** A password is not stored: after a crash at the last step, the user signs in with the new one. */
async function resetPassword(app) {
  const isOver = (step, last) => ["done", "ended"].includes(step) || (step === "start" && last === "set_password");
  await app.finish("password_reset", { password: NEW_PASSWORD, isDone: async (...now) => isOver(...now) });
  const parameters = { phone_number: app.number, password: NEW_PASSWORD };
  while ((await app.sessionState()) !== "signed_in") await app.call("sign_in.with_password", parameters);
}

async function signOut(app) {
  for (let round = 0; round < MAX_ROUNDS && (await app.sessionState()) !== "signed_out"; round++) {
    await app.call("session.sign_out");
  }
  app.expect("state", await app.sessionState(), "signed_out");
}
