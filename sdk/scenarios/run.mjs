#!/usr/bin/env node
// Runs the scenarios with the drivers of all languages; README.md describes the options.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureCrashes } from "./lib/crashes.mjs";
import { measureHeadlines } from "./lib/headlines.mjs";
import { Run, Skipped } from "./lib/run.mjs";
import { readScenario } from "./lib/scenario.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = path.resolve(here, "../..");
const drivers = JSON.parse(fs.readFileSync(path.join(here, "drivers.json"), "utf8"));

const languages = Object.keys(drivers).filter((language) => drivers[language].default !== false);

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    language: { type: "string", multiple: true, default: languages },
    jobs: { type: "string", default: "4" },
    crashes: { type: "boolean", default: false },
    journey: { type: "string", multiple: true },
    headlines: { type: "boolean", default: false },
    refreshes: { type: "string", default: "1000" },
    "sign-ups": { type: "string", default: "50" },
    check: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});

/** A scenario takes less on an idle machine; most of its time are pauses between attempts. */
const SLOW_SECONDS = 10;

const binary = path.resolve(root, process.env.DOORSTEP_BINARY ?? "target/debug/doorstep");

function scenarios() {
  const files = fs.readdirSync(here).filter((file) => file.endsWith(".json") && file !== "drivers.json").sort();
  const wanted = files.filter((file) => names.length === 0 || names.includes(path.basename(file, ".json")));
  const unknown = names.filter((name) => !files.includes(`${name}.json`));
  if (unknown.length > 0) throw new Error(`no scenario ${unknown.join(", ")}`);
  return wanted.map((file) => readScenario(path.join(here, file)));
}

async function runOne(scenario, language) {
  const started = performance.now();
  const run = new Run(scenario, { binary, command: drivers[language].command, cwd: root });
  let failure = null;
  try {
    await run.run();
  } catch (error) {
    failure = error;
  }
  const seconds = (performance.now() - started) / 1000;
  if (failure instanceof Skipped) {
    console.log(`skipped ${language} ${scenario.name}: ${failure.message}`);
  } else if (failure !== null) {
    const folder = path.join(os.tmpdir(), "doorstep-scenarios", language, scenario.name);
    run.keep(folder);
    console.log(`FAILED ${language} ${scenario.name} (${seconds.toFixed(1)} s): ${failure.message}`);
    console.log(`    logs: ${folder}`);
    if (options.verbose) console.log(failure.stack);
  } else {
    const slow = seconds > SLOW_SECONDS ? ", slow" : "";
    console.log(`ok ${language} ${scenario.name} (${seconds.toFixed(1)} s${slow})`);
  }
  await run.close();
  return failure === null || failure instanceof Skipped;
}

/** Runs the jobs, some at the same time. Returns the number of failures. */
async function runAll(jobs) {
  let failures = 0;
  const workers = Array.from({ length: Number(options.jobs) }, async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) if (!(await runOne(...job))) failures += 1;
  });
  await Promise.all(workers);
  return failures;
}

async function main() {
  const all = scenarios();
  if (options.check) return console.log(`${all.length} scenarios are well-formed`);
  if (!fs.existsSync(binary)) throw new Error(`no program ${binary}: cargo build, or set DOORSTEP_BINARY`);
  const started = performance.now();
  const languageOptions = (language) => ({ binary, command: drivers[language].command, cwd: root });
  let failures = 0;
  if (options.crashes) {
    for (const language of options.language) {
      failures += await measureCrashes(languageOptions(language), language, options.journey);
    }
  } else if (options.headlines) {
    const dose = { refreshes: Number(options.refreshes), signUps: Number(options["sign-ups"]) };
    for (const language of options.language) {
      failures += await measureHeadlines(languageOptions(language), language, dose);
    }
  } else {
    failures = await runAll(options.language.flatMap((language) => all.map((scenario) => [scenario, language])));
    console.log(`${all.length} scenarios, ${failures} failed, ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
  process.exitCode = failures === 0 ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
process.setMaxListeners(100);
await main();
