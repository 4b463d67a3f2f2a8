// Strict parser of scenario files: an unknown member, verb, argument or variable is an error with its place.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { COMMON, KINDS } from "./faults.mjs";
import { operatorOf, operators } from "./match.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
export const verbs = JSON.parse(fs.readFileSync(path.join(root, "lib", "verbs.json"), "utf8"));

/** Members of each kind of step. The first one names the kind; `?` marks the optional ones. */
const STEPS = {
  do: ["on?", "with?", "expect?", "save?", "killed?"],
  until: ["on?", "with?", "expect", "save?"],
  kill: [],
  faults: [],
  account: ["password?"],
  age: ["days?", "hours?"],
  server: ["settings?"],
  http: ["body?", "bearer?", "captcha?", "from?", "expect", "save?"],
  together: [],
  repeat: ["steps", "as?"],
  part: ["on?", "with?"],
  copy: ["to", "keys?"],
  lose_keys: [],
  take: ["as"],
  claims: ["expect"],
  truth: [],
};

const TRUTH = ["messages", "messages_to", "users", "detached", "sessions", "bound_sessions", "pending", "requests",
  "signed_out", "tolerated"];
const DEVICE = ["store?", "keys?", "device_name?", "language?", "client_id?", "clock_offset?", "lock?"];
const SCENARIO = ["name", "proves", "needs?", "settings?", "vars?", "devices?", "faults?", "steps", "truth"];

class Problem extends Error {}

/** Reads and checks a scenario. Throws with the file and the place of the first mistake. */
export function readScenario(file) {
  try {
    const scenario = JSON.parse(fs.readFileSync(file, "utf8"));
    return checkScenario(scenario, path.basename(file, ".json"));
  } catch (error) {
    throw new Error(`${path.relative(process.cwd(), file)}: ${error.message}`);
  }
}

export function checkScenario(scenario, name) {
  members(scenario, SCENARIO, "the scenario");
  if (scenario.name !== name) throw new Problem(`name is ${scenario.name}, and the file is ${name}.json`);
  const devices = scenario.devices ?? { phone: {} };
  for (const [device, options] of Object.entries(devices)) checkDevice(options, `devices.${device}`);
  for (const need of scenario.needs ?? []) oneOf(need, ["keys"], "needs");
  checkFaults(scenario.faults ?? [], "faults");
  const known = new Set(Object.keys(scenario.vars ?? {}));
  checkSteps(scenario.steps, "steps", { devices, known });
  checkTruth(scenario.truth, "truth");
  return { settings: {}, vars: {}, faults: [], ...scenario, devices };
}

function checkDevice(options, at) {
  members(options, DEVICE, at);
  oneOf(options.keys ?? "device", ["device", "none"], `${at}.keys`);
}

function checkFaults(rules, at) {
  rules.forEach((rule, index) => {
    const place = `${at}[${index}]`;
    oneOf(rule.fault, Object.keys(KINDS), `${place}.fault`);
    members(rule, [...COMMON, ...KINDS[rule.fault]].map((one) => `${one}?`), place);
    for (const pattern of rule.paths ?? []) {
      const isPattern = /^([A-Z]+|\*) \/[\w/.*-]*$/.test(pattern);
      if (!isPattern) throw new Problem(`${place}.paths: ${pattern} is no "METHOD /path"`);
    }
  });
}

function checkTruth(truth, at) {
  members(truth, TRUTH.map((one) => `${one}?`), at);
  checkPattern(truth, at);
}

function checkSteps(steps, at, context) {
  if (!Array.isArray(steps)) throw new Problem(`${at} is no list`);
  steps.forEach((step, index) => checkStep(step, `${at}[${index}]`, context));
}

function checkStep(step, at, context) {
  const kind = Object.keys(STEPS).find((one) => one in step);
  if (kind === undefined) throw new Problem(`${at} is no step: ${Object.keys(step)}`);
  members(step, [kind, ...STEPS[kind], "note?"], at);
  checkVariables(kind === "repeat" ? {} : withoutSteps(step), at, context.known);
  if (step.on !== undefined) oneOf(step.on, Object.keys(context.devices), `${at}.on`);
  CHECKS[kind]?.(step, at, context);
  for (const variable of Object.keys(step.save ?? {})) context.known.add(variable);
  if (kind === "take") context.known.add(step.as);
}

const CHECKS = {
  do: checkCall,
  until: (step, at, context) => checkCall({ ...step, do: step.until }, at, context),
  kill: (step, at, { devices }) => oneOf(step.kill, Object.keys(devices), `${at}.kill`),
  faults: (step, at) => checkFaults(step.faults, `${at}.faults`),
  server: (step, at) => oneOf(step.server, ["start", "stop", "restart"], `${at}.server`),
  http: (step, at) => {
    if (!/^[A-Z]+ \/\S+$/.test(step.http)) throw new Problem(`${at}.http is no "METHOD /path"`);
    checkExpectation(step.expect, ["status", "body", "code"], `${at}.expect`);
  },
  together: (step, at, context) => checkSteps(step.together, `${at}.together`, context),
  repeat: (step, at, context) => {
    if (step.as !== undefined) context.known.add(step.as);
    checkSteps(step.steps, `${at}.steps`, context);
  },
  part: checkPart,
  copy: (step, at, { devices }) => [step.copy, step.to].forEach((name) => oneOf(name, Object.keys(devices), at)),
  lose_keys: (step, at, { devices }) => oneOf(step.lose_keys, Object.keys(devices), `${at}.lose_keys`),
  claims: (step, at) => checkPattern(step.expect, `${at}.expect`),
  truth: (step, at) => checkTruth(step.truth, `${at}.truth`),
};

function checkCall(step, at) {
  const names = verbs[step.do];
  if (names === undefined) throw new Problem(`${at}: no verb ${step.do}`);
  members(step.with ?? {}, names, `${at}.with`);
  if (step.expect !== undefined) checkExpectation(step.expect, ["value", "error", "state"], `${at}.expect`);
  if (step.killed !== undefined) {
    members(step.killed, ["at", "when"], `${at}.killed`);
    oneOf(step.killed.when, ["requested", "answered"], `${at}.killed.when`);
  }
}

/** Steps that several scenarios share. Their variables are the members of `with`. */
export function readPart(name) {
  return JSON.parse(fs.readFileSync(path.join(root, "parts", `${name}.json`), "utf8"));
}

function checkPart(step, at, context) {
  const part = readPart(step.part);
  members(part, ["params", "steps"], `part ${step.part}`);
  members(step.with ?? {}, part.params, `${at}.with`);
  const known = new Set([...context.known, ...part.params.map((param) => param.replace("?", ""))]);
  checkSteps(part.steps, `part ${step.part}`, { ...context, known });
}

function checkExpectation(pattern, names, at) {
  members(pattern, names.map((one) => `${one}?`), at);
  checkPattern(pattern, at);
}

function checkPattern(pattern, at) {
  if (pattern === null || typeof pattern !== "object") return;
  for (const [name, value] of Object.entries(pattern)) {
    if (name.startsWith("$")) {
      if (operatorOf(pattern) === null) throw new Problem(`${at}: ${name} has other members beside it`);
      oneOf(name, operators, at);
    }
    checkPattern(value, `${at}.${name}`);
  }
}

/** A text that is a variable: `$name`, or a function of one, `$code(name)`. */
export const VARIABLE = /^\$(?:(code|wrong_code)\()?(\w+)\)?$/;

function checkVariables(value, at, known) {
  if (typeof value === "string" && value.startsWith("$")) {
    const found = value.match(VARIABLE);
    if (found === null || !known.has(found[2])) throw new Problem(`${at}: no variable ${value}`);
  } else if (value !== null && typeof value === "object") {
    for (const [name, member] of Object.entries(value)) checkVariables(member, `${at}.${name}`, known);
  }
}

function withoutSteps({ steps, together, ...rest }) {
  return rest;
}

function members(value, names, at) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Problem(`${at} is no object`);
  const allowed = names.map((name) => name.replace("?", ""));
  for (const name of Object.keys(value)) {
    if (!allowed.includes(name)) throw new Problem(`${at}: unknown member ${name}; known: ${allowed.join(", ")}`);
  }
  for (const name of names) {
    if (!name.endsWith("?") && !(name in value)) throw new Problem(`${at}: ${name} is missing`);
  }
}

function oneOf(value, allowed, at) {
  if (!allowed.includes(value)) throw new Problem(`${at} is ${JSON.stringify(value)}; allowed: ${allowed.join(", ")}`);
}
