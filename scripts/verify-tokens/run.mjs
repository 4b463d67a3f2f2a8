#!/usr/bin/env node
// Runs the code of docs/verify-tokens.md against the real service: good and forged tokens, the documented key rotation,
// a stolen key, and an outage. The verifiers keep running all the time.
//
//   node scripts/verify-tokens/run.mjs                   all languages
//   node scripts/verify-tokens/run.mjs --quick           Node.js and Python
//   node scripts/verify-tokens/run.mjs go rust           only these
//   node scripts/verify-tokens/run.mjs --documented-times      with the seconds of the document: 17 minutes
//
// Needs the program target/debug/doorstep, or DOORSTEP_BINARY; Python with venv; for the others Go 1.25, Java 17 with
// Maven, and Rust. What it downloads is pinned; it is kept in .verify-tokens, which git ignores.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { KeySets } from "./lib/key-sets.mjs";
import { CACHE, LANGUAGES, QUICK } from "./lib/languages.mjs";
import { Scenario } from "./lib/scenario.mjs";
import { Service } from "./lib/service.mjs";
import { Verifier } from "./lib/verifier.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = path.resolve(process.env.DOORSTEP_BINARY ?? path.join(root, "target/debug/doorstep"));
const options = process.argv.slice(2);
const named = options.filter((option) => !option.startsWith("--"));
const languages = named.length > 0 ? named : options.includes("--quick") ? QUICK : Object.keys(LANGUAGES);

// Seconds of the document: lifetime of the key set, wait between two fetches. The others make the same steps faster.
const documented = { 300: 300, 30: 30 };
const times = options.includes("--documented-times") ? documented : { 300: 4, 30: 2 };

/** Runs the action. Returns its result, and adds its seconds to `spent`. */
async function timed(spent, name, action) {
  const began = performance.now();
  const result = await action();
  spent[name] = (spent[name] ?? 0) + (performance.now() - began) / 1_000;
  return result;
}

/** Installs and builds the programs of all languages, one after the other, for the times to be comparable. */
async function build(keySets) {
  const commands = {};
  for (const name of languages) {
    const spent = {};
    await timed(spent, "install", LANGUAGES[name].install);
    for (const [algorithm, sets] of Object.entries(keySets)) {
      const values = { url: sets.url(name), algorithm, times };
      (commands[algorithm] ??= {})[name] = await timed(spent, "build", () => LANGUAGES[name].build(values));
    }
    console.log(`${name}: install ${spent.install.toFixed(1)} s, build ${spent.build.toFixed(1)} s`);
  }
  return commands;
}

async function check(algorithm, keySets, commands) {
  const service = new Service(binary, algorithm, keySets);
  await service.start();
  const verifiers = [];
  const log = (name) => path.join(CACHE, `${name}-${algorithm}.log`);
  for (const name of Object.keys(commands)) fs.rmSync(log(name), { force: true });
  const start = () => {
    const started = Object.entries(commands).map(([name, command]) => new Verifier(name, command, log(name)));
    verifiers.push(...started);
    return started;
  };
  const scenario = new Scenario(service, keySets, start, { lifetime: times[300], wait: times[30] });
  try {
    await scenario.run();
  } finally {
    for (const verifier of verifiers) verifier.stop();
    await service.remove();
  }
  return scenario;
}

async function main() {
  const unknown = languages.filter((name) => !(name in LANGUAGES));
  if (unknown.length > 0) throw new Error(`no language ${unknown}; there are ${Object.keys(LANGUAGES)}`);
  fs.mkdirSync(CACHE, { recursive: true });
  const keySets = { EdDSA: new KeySets(times[300]), ES256: new KeySets(times[300]) };
  for (const sets of Object.values(keySets)) await sets.start();
  const commands = await build(keySets);
  const spent = {};
  const run = ([algorithm, sets]) => check(algorithm, sets, commands[algorithm]);
  const scenarios = await timed(spent, "run", () => Promise.all(Object.entries(keySets).map(run)));
  for (const sets of Object.values(keySets)) sets.stop();
  let failed = 0;
  for (const [index, { checks, problems }] of scenarios.entries()) {
    for (const problem of problems) console.log(`${Object.keys(keySets)[index]}: ${problem}`);
    failed += problems.length;
    console.log(`${Object.keys(keySets)[index]}: ${checks} checks passed, ${problems.length} failed`);
  }
  console.log(`verify-tokens: ${languages.join(", ")}; ${spent.run.toFixed(1)} s`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
