// Faults of the network and of the server, as rules. The proxy asks which rules apply to a request.
//
// Each rule has its own count of the requests that it matches, so that "every third answer is lost" does not depend on
// other rules. All clients of a proxy share these counts.

/** Kinds of faults, and the members that a rule of each kind may have besides the common ones. */
export const KINDS = {
  lose_request: [],
  lose_answer: ["cut"],
  delay: ["ms"],
  double: [],
  answer: ["status", "headers", "body"],
  rewrite: ["when", "status", "headers", "set", "delete"],
};

/** Members of every rule: which paths, and which of the matching requests. */
export const COMMON = ["fault", "paths", "every", "nth", "share", "seed", "times"];

export class Rules {
  #rules = [];

  set(rules) {
    this.#rules = rules.map((rule) => ({ rule, seen: 0, fired: 0, random: generator(rule.seed ?? 1) }));
  }

  /** Counts the request, and returns the rules that apply to it, in the order of the scenario. */
  applying(method, path) {
    const line = `${method} ${path}`;
    return this.#rules.filter((state) => matchesPath(state.rule, line) && fires(state)).map((state) => state.rule);
  }
}

function matchesPath(rule, line) {
  return rule.paths === undefined || rule.paths.some((pattern) => glob(pattern).test(line));
}

/** `POST /v1/register/*`: a star matches any text. */
function glob(pattern) {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

function fires(state) {
  const { rule } = state;
  state.seen += 1;
  const due =
    (rule.every === undefined || state.seen % rule.every === 0) &&
    (rule.nth === undefined || rule.nth.includes(state.seen)) &&
    (rule.share === undefined || state.random() < rule.share);
  if (!due || (rule.times !== undefined && state.fired >= rule.times)) return false;
  state.fired += 1;
  return true;
}

/** Random numbers from a seed (mulberry32), so that a run can be repeated. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The answer with the changes of a `rewrite` rule, or the answer itself if the rule does not concern it. */
export function rewritten(rule, answer) {
  if (rule.when !== undefined && rule.when !== answer.status) return answer;
  const body = changedBody(rule, answer.body);
  const headers = { ...answer.headers, ...rule.headers };
  headers["content-length"] = String(Buffer.byteLength(body));
  return { status: rule.status ?? answer.status, headers, body };
}

function changedBody(rule, body) {
  let document;
  try {
    document = JSON.parse(body);
  } catch {
    return body;
  }
  for (const [path, value] of Object.entries(rule.set ?? {})) {
    change(document, path, (owner, name) => (owner[name] = value));
  }
  for (const path of rule.delete ?? []) change(document, path, (owner, name) => delete owner[name]);
  return Buffer.from(JSON.stringify(document));
}

/** Calls `apply` with the owner of the last member of `user.gender`; nothing happens where the path does not exist. */
function change(document, path, apply) {
  const names = path.split(".");
  const last = names.pop();
  const owner = names.reduce((value, name) => value?.[name], document);
  if (owner !== null && typeof owner === "object") apply(owner, last);
}
