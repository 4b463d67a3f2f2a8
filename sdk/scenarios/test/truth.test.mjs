// The rules for the requests of every client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkInvariants } from "../lib/truth.mjs";

const exchange = (changes) => ({
  method: "POST", path: "/v1/login", headers: { "idempotency-key": '"1"' }, body: Buffer.from("{}"), code: null,
  answerHeaders: {}, arrived: 0, answered: 10, ...changes,
});
const check = (journal, tolerated) => checkInvariants({ scenario: { truth: { tolerated } }, proxy: { journal } });

test("a POST without a key is an error, unless it is harmless to repeat", () => {
  check([exchange({}), exchange({ path: "/v1/login/status", headers: {} }), exchange({ method: "GET", headers: {} })]);
  assert.throws(() => check([exchange({ headers: {} })]), /POST \/v1\/login had no Idempotency-Key/);
});

test("a repetition before Retry-After is an error", () => {
  const busy = exchange({ answerHeaders: { "retry-after": "2" } });
  check([busy, exchange({ arrived: 2_010 })]);
  check([busy, exchange({ arrived: 500, headers: { "idempotency-key": '"2"' } })]);
  check([{ ...busy, answered: undefined }, exchange({ arrived: 500 })]);
  assert.throws(() => check([busy, exchange({ arrived: 500 })]), /repeated after 490 ms, with Retry-After: 2/);
  const refresh = { path: "/v1/token/refresh", headers: {} };
  assert.throws(() => check([{ ...busy, ...refresh }, exchange({ ...refresh, arrived: 500 })]), /repeated/);
});

test("an error that only a defect of the client causes is an error, unless it is tolerated", () => {
  check([exchange({ code: "code_wrong" })]);
  check([exchange({ code: "malformed_request" })], ["malformed_request"]);
  assert.throws(() => check([exchange({ code: "malformed_request" })]), /answered malformed_request/);
});
