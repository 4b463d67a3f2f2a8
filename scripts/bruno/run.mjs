#!/usr/bin/env node
// Runs the Bruno collection (openapi/bruno) with its command line, against services in development mode that it starts
// itself, in temporary folders.
//
//   node scripts/bruno/run.mjs target/debug/doorstep           on free ports
//   node scripts/bruno/run.mjs target/debug/doorstep --serve 8080
//                                                             runs nothing, and serves the app until Ctrl+C, on this
//                                                             port and the next ones
//   node scripts/bruno/run.mjs --check                         only checks that each error code has a request

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const collection = join(root, "openapi/bruno");
const testNumbers = { TEST_PHONES: "+8613800138000=123456,+8613800138001=654321,+8613800138002=112233" };

// Settings of each service. The name is the variable of its address: `url` or `url_…`.
const services = {
  url: testNumbers,
  url_ownership: { COOLDOWN_SECONDS: "1" },
  url_new_device: { ...testNumbers, NEW_DEVICE_CODE: "true", PUBLIC_URLS: "https://id.example.com" },
  url_without_passwords: { PASSWORD_MODE: "none" },
  url_consent: { LEGAL_DOCUMENTS: "terms@2026-11-01" },
  url_without_sms: {
    SMS_PROVIDERS: "webhook",
    SMS_WEBHOOK_URL: "http://127.0.0.1:9/",
    SMS_WEBHOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ALLOW_INSECURE_DEVELOPMENT: "true",
  },
  url_limits: {
    COOLDOWN_SECONDS: "1",
    LIMIT_IP_CAPTCHAS: "6",
    LIMIT_IP_AUDIO_CAPTCHAS: "1",
    LIMIT_PHONE_HOUR: "1",
    PHONE_REGIONS: "CN,DE",
    PROOF_OF_WORK: "off",
    SMS_BUDGET_HOUR: "5",
    SMS_BUDGET_REGION_HOUR: "100,DE=1",
  },
};

// Codes that no request can provoke alone: they need another clock, a key of the device, days of waiting, two requests
// at the same time, or a failure.
const notProvoked = [
  "use_dpop_nonce",
  "token_expired",
  "refresh_key_mismatch",
  "request_timeout",
  "phone_missing",
  "account_dormant",
  "act_refused",
  "request_in_progress",
  "internal_error",
  "overloaded",
  "dependency_unavailable",
];

/** Fails if an error code has neither a request of its name nor a reason to have none. */
function checkCodes() {
  const files = readdirSync(join(collection, "errors"), { recursive: true });
  const provoked = new Set(files.map((file) => file.replace(/^.*\//, "").replace(/\.bru$/, "")));
  const { errors } = JSON.parse(readFileSync(join(root, "openapi/error-codes.json"), "utf8"));
  const wrong = errors.map(({ code }) => code).filter((code) => provoked.has(code) === notProvoked.includes(code));
  if (wrong.length > 0) throw new Error(`add a request to openapi/bruno/errors, or a reason: ${wrong.join(", ")}`);
  console.log(`${errors.length - notProvoked.length} of ${errors.length} error codes have a request.`);
}

/** Starts a service, and waits for its address. */
function start(program, port, settings) {
  const folder = mkdtempSync(join(tmpdir(), "doorstep-bruno-"));
  const env = { BIND: `127.0.0.1:${port}`, METRICS_BIND: "off", ...settings };
  const child = spawn(program, [], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const service = { folder, child };
  return new Promise((resolve, reject) => {
    const lines = [];
    const read = (line) => {
      lines.push(line);
      const [, url] = line.match(/listening on (http:\S+)/) ?? [];
      if (url) resolve({ ...service, url });
    };
    createInterface(child.stdout).on("line", read);
    createInterface(child.stderr).on("line", read);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`doorstep exited with ${code}:\n${lines.join("\n")}`)));
  });
}

/** Serves each code once, as soon as its message has arrived: GET /<service>/<phone> */
function serveCodes(port, folders) {
  const seen = new Map();
  const next = (service, phone) => {
    const outbox = readFileSync(join(folders[service], "data/outbox.log"), "utf8");
    const codes = [...outbox.matchAll(new RegExp(`\\+86${phone}: .* (\\d{6})`, "g"))].map(([, code]) => code);
    const count = seen.get(service + phone) ?? 0;
    if (codes.length <= count) return undefined;
    seen.set(service + phone, codes.length);
    return codes.at(-1);
  };
  const server = createServer((request, response) => {
    const [, service, phone] = request.url.split("/");
    const answer = (deadline) => {
      const code = next(service, phone);
      if (!code && Date.now() < deadline) return void setTimeout(answer, 20, deadline);
      response.writeHead(code ? 200 : 404, { "content-type": "application/json" });
      response.end(JSON.stringify({ code }));
    };
    answer(Date.now() + 10_000);
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

function runBruno(variables) {
  const bru = join(root, "scripts/bruno/node_modules/.bin/bru");
  const values = Object.entries(variables).flatMap(([name, value]) => ["--env-var", `${name}=${value}`]);
  const child = spawn(bru, ["run", "-r", "--env", "development", ...values], { cwd: collection, stdio: "inherit" });
  return new Promise((resolve, reject) => child.on("exit", resolve).on("error", reject));
}

/** Waits until the person stops this program. */
function serve(urls) {
  for (const [name, url] of Object.entries(urls)) console.log(`${name.padEnd(22)} ${url}`);
  return new Promise((resolve) => process.once("SIGINT", () => resolve(0)));
}

async function main(program, firstPort) {
  const running = {};
  const port = (at) => (firstPort ? firstPort + at : 0);
  let outbox;
  try {
    for (const [at, [name, settings]] of Object.entries(services).entries()) {
      running[name] = await start(program, port(at), settings);
    }
    const folders = Object.fromEntries(Object.entries(running).map(([name, { folder }]) => [name, folder]));
    outbox = await serveCodes(port(Object.keys(services).length), folders);
    const urls = Object.fromEntries(Object.entries(running).map(([name, { url }]) => [name, url]));
    urls.outbox = `http://127.0.0.1:${outbox.address().port}`;
    return await (firstPort ? serve(urls) : runBruno(urls));
  } finally {
    outbox?.close();
    for (const { child, folder } of Object.values(running)) {
      child.removeAllListeners("exit");
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

const [program, , firstPort] = process.argv.slice(2);
checkCodes();
if (program !== "--check") process.exitCode = await main(resolve(program), Number(firstPort ?? 0));
