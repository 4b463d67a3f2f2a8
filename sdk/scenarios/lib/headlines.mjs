// Headline figures: long runs in which every third answer is lost, with counts of what happened.

import { counts } from "./database.mjs";
import { NO_LIMITS } from "./limits.mjs";
import { Run } from "./run.mjs";
import { checkInvariants } from "./truth.mjs";
import { e164 } from "./variables.mjs";

const NUMBER = "13800138000";
const PASSWORD = "correct horse battery";
const EVERY_THIRD = { fault: "lose_answer", every: 3 };
const ONE_IN_THREE = { fault: "lose_answer", share: 1 / 3, seed: 2026 };

/** Differences between the runs of refreshes. `allowed` is the number of sign-outs; null: they are only counted. */
const REFRESHES = [
  { name: "bound, every third answer lost", keys: "device", fault: EVERY_THIRD, allowed: 0 },
  { name: "bound, one answer in three lost at random", keys: "device", fault: ONE_IN_THREE, allowed: 0 },
  { name: "unbound, every third answer lost", keys: "none", fault: EVERY_THIRD, allowed: 0 },
  { name: "unbound, one answer in three lost at random", keys: "none", fault: ONE_IN_THREE, allowed: 0 },
  {
    name: "unbound, at random, each loss counted as noticed late", keys: "none", fault: ONE_IN_THREE, allowed: null,
    settings: { REFRESH_RETRY_SECONDS: "0" },
  },
  {
    name: "unbound, at random, without a lock between the processes", keys: "none", lock: false, fault: ONE_IN_THREE,
    allowed: null,
  },
];

const ENOUGH = 500;

/** Measures all headlines with one language. Returns the number of failures. */
export async function measureHeadlines(options, language, { refreshes, signUps }) {
  let failures = 0;
  const report = (text, failed) => {
    failures += failed ? 1 : 0;
    console.log(`${failed ? "FAILED" : "ok"} ${language} ${text}`);
  };
  const measureRefreshes = async (row) => {
    const { signOuts, lost, seconds } = await measured(options, row, (run) => refreshMany(run, row.fault, refreshes));
    const text = `${refreshes} refreshes by two processes, ${row.name}: ${signOuts} sign-outs`;
    report(`${text} (${lost} answers lost, ${seconds} s)`, row.allowed !== null && signOuts > row.allowed);
  };
  const measureSignUps = async () => {
    const { right, lost, seconds } = await measured(options, { keys: "device" }, (run) => signUpMany(run, signUps));
    const text = `${signUps} sign-ups, every third answer lost: ${right} with one message and one account`;
    report(`${text} (${lost} answers lost, ${seconds} s)`, right !== signUps);
  };
  // A count over few refreshes says nothing.
  const rows = REFRESHES.filter(({ allowed }) => allowed !== null || refreshes >= ENOUGH);
  // They mostly wait between two attempts, so they run at the same time.
  await Promise.all([...rows.map(measureRefreshes), measureSignUps()]);
  return failures;
}

async function measured(options, { keys, lock = true, settings = {} }, work) {
  const device = { store: "phone", keys, lock };
  const devices = { app: device, widget: device };
  const scenario = { devices, vars: {}, faults: [], settings: { ...NO_LIMITS, ...settings }, truth: {} };
  const run = new Run(scenario, options);
  const started = performance.now();
  try {
    await run.start();
    const result = await work(run);
    checkInvariants(run);
    const lost = run.proxy.journal.filter((exchange) => exchange.lost !== null).length;
    return { ...result, lost, seconds: Math.round((performance.now() - started) / 1000) };
  } finally {
    await run.close();
  }
}

/** Two processes refresh in turns of their own. After a sign-out the user signs in again, and they go on. */
async function refreshMany(run, fault, times) {
  await signUp(run, NUMBER);
  run.proxy.setFaults([{ ...fault, paths: ["POST /v1/token/refresh"] }]);
  let [done, signOuts] = [0, 0];
  let signingIn = null;
  const signInAgain = async () => {
    signOuts += 1;
    await expectSuccess(run, "sign_in.with_password", { phone_number: NUMBER, password: PASSWORD });
    signingIn = null;
  };
  const refresh = async (on) => {
    const session = signOuts;
    const { error } = await run.call({ do: "session.access_token", on, with: { min_ttl: 900 } });
    if (error === undefined) done += 1;
    else if (error.code === "signed_out") await (session === signOuts ? (signingIn ??= signInAgain()) : signingIn);
    else if (error.code !== "network") throw new Error(JSON.stringify(error));
  };
  const loop = async (on) => {
    while (done < times) await refresh(on);
  };
  await Promise.all(["app", "widget"].map(loop));
  return { signOuts };
}

async function signUpMany(run, times) {
  run.proxy.setFaults([EVERY_THIRD]);
  let right = 0;
  for (let round = 1; round <= times; round++) {
    const number = `138001${String(round).padStart(5, "0")}`;
    await signUp(run, number);
    await expectSuccess(run, "session.sign_out", {});
    const { users } = await counts(run.server.database);
    right += run.outbox.messages(e164(number)).length === 1 && users === round ? 1 : 0;
  }
  return { right };
}

async function signUp(run, number) {
  await expectSuccess(run, "sign_up.send_code", { phone_number: number, captcha: "letmein" });
  await expectSuccess(run, "sign_up.verify_code", { code: await run.outbox.code(e164(number)) });
  await expectSuccess(run, "sign_up.set_password", { password: PASSWORD });
  await expectSuccess(run, "sign_up.submit_profile", { nickname: "Ada" });
}

async function expectSuccess(run, verb, parameters) {
  const { error } = await run.call({ do: verb, on: "app", with: parameters });
  if (error !== undefined) throw new Error(`${verb}: ${JSON.stringify(error)}`);
}
