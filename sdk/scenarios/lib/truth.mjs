// The truth at the end: messages, accounts, sessions, requests; and rules that hold in every scenario.

import { counts } from "./database.mjs";
import { mismatch } from "./match.mjs";
import { e164 } from "./variables.mjs";

/** Compares what has happened with the expectation of a scenario. */
export async function checkTruth(run, truth) {
  const filled = await run.variables.filled(truth);
  const { signed_out: signedOut = {}, messages_to: numbers, requests, tolerated, ...expected } = filled;
  const found = { ...(await counts(run.server.database)), messages: run.outbox.messages().length };
  const differences = [mismatch(found, expected, "truth")];
  for (const [name, want] of Object.entries(numbers ?? {})) {
    const phone = e164(await run.variables.filled(`$${name}`));
    differences.push(mismatch(run.outbox.messages(phone).length, want, `messages to ${phone}`));
  }
  for (const [line, want] of Object.entries(requests ?? {})) {
    const sent = run.proxy.journal.filter(({ method, path }) => `${method} ${path}` === line);
    differences.push(mismatch(sent.length, want, `requests of ${line}`));
  }
  for (const device of Object.keys(run.scenario.devices)) {
    differences.push(mismatch(run.signedOut(device), signedOut[device] ?? [], `sign-outs of ${device}`));
  }
  const first = differences.find((one) => one !== null);
  if (first !== undefined) throw new Error(first);
}

/** Endpoints that are harmless to repeat: a client need not send a key with them. */
const WITHOUT_KEY = /^POST \/v1\/(captchas(\/\w+)?|me|me\/deletion|token\/refresh|logout|me\/pending\/.*|.*\/status)$/;

/** Errors that a client causes only by a defect of its own. */
const DEFECTS = ["malformed_request", "unsupported_media_type", "payload_too_large", "not_found", "method_not_allowed",
  "idempotency_key_reused", "invalid_dpop_proof", "internal_error"];

/** Rules for the requests of every client, in every scenario. A scenario tolerates a defect that it causes itself. */
export function checkInvariants(run) {
  const { tolerated = [] } = run.scenario.truth;
  const { journal } = run.proxy;
  for (const [index, exchange] of journal.entries()) {
    const line = `${exchange.method} ${exchange.path}`;
    if (DEFECTS.includes(exchange.code) && !tolerated.includes(exchange.code)) {
      throw new Error(`${line} was answered ${exchange.code}: ${exchange.body}`);
    }
    const keyed = ["POST", "PUT"].includes(exchange.method) && !WITHOUT_KEY.test(line);
    if (keyed && exchange.headers["idempotency-key"] === undefined) throw new Error(`${line} had no Idempotency-Key`);
    const early = journal.slice(index + 1).find((later) => isEarly(exchange, later));
    if (early !== undefined) {
      const waited = Math.round(early.arrived - exchange.answered);
      const limit = exchange.answerHeaders["retry-after"];
      throw new Error(`${line} was repeated after ${waited} ms, with Retry-After: ${limit}`);
    }
  }
}

/** Requests that a client repeats by itself. An app reads an account as often as its user wants. */
const repeatedByClient = ({ headers, path }) =>
  headers["idempotency-key"] !== undefined || path === "/v1/token/refresh";

/**
 * Tells whether `later` is the same request again, after the answer and before Retry-After has passed. One that arrived
 * before the answer is of another device with the same token.
 */
function isEarly(exchange, later) {
  if (exchange.answered === undefined || !repeatedByClient(exchange)) return false;
  const limit = Number(exchange.answerHeaders["retry-after"]);
  const same =
    exchange.method === later.method &&
    exchange.path === later.path &&
    exchange.body.equals(later.body) &&
    exchange.headers["idempotency-key"] === later.headers["idempotency-key"];
  const waited = later.arrived - exchange.answered;
  return same && waited >= 0 && waited < limit * 1000 - 5;
}
