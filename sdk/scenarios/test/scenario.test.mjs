// The parser: a mistake in a scenario is an error that names its place.

import assert from "node:assert/strict";
import { test } from "node:test";
import { mismatch } from "../lib/match.mjs";
import { checkScenario } from "../lib/scenario.mjs";

const scenario = (changes) => ({ name: "one", proves: "It works.", steps: [], truth: {}, ...changes });
const rejects = (changes, message) => assert.throws(() => checkScenario(scenario(changes), "one"), message);

test("a correct scenario gets its defaults", () => {
  const parsed = checkScenario(scenario({}), "one");
  assert.deepEqual([parsed.devices, parsed.faults, parsed.vars], [{ phone: {} }, [], {}]);
});

test("each mistake is an error", () => {
  rejects({ name: "two" }, /file is one.json/);
  rejects({ step: [] }, /unknown member step/);
  rejects({ needs: ["camera"] }, /"camera"/);
  rejects({ steps: [{ doo: "sign_up.state" }] }, /steps\[0\] is no step/);
  rejects({ steps: [{ do: "sign_up.sendCode" }] }, /no verb sign_up.sendCode/);
  rejects({ steps: [{ do: "sign_up.verify_code", with: { kode: "1" } }] }, /unknown member kode/);
  rejects({ steps: [{ do: "sign_up.verify_code", with: {} }] }, /code is missing/);
  rejects({ steps: [{ do: "sign_up.state", expect: { status: {} } }] }, /unknown member status/);
  rejects({ steps: [{ do: "sign_up.state", expect: { state: { step: { $oneof: [] } } } }] }, /\$oneof/);
  rejects({ steps: [{ do: "sign_up.verify_code", with: { code: "$code(number)" } }] }, /no variable/);
  rejects({ steps: [{ do: "sign_up.state", on: "tablet" }] }, /tablet/);
  rejects({ faults: [{ fault: "drop" }] }, /"drop"/);
  rejects({ faults: [{ fault: "lose_answer", each: 3 }] }, /unknown member each/);
  rejects({ faults: [{ fault: "double", ms: 3 }] }, /unknown member ms/);
  rejects({ faults: [{ fault: "double", paths: ["/v1/login"] }] }, /METHOD/);
  rejects({ truth: { message: 1 } }, /unknown member message/);
  rejects({ steps: [{ part: "sign_up", with: { nummer: "1" } }] }, /unknown member nummer/);
  rejects({ steps: [{ together: [{ kill: "tablet" }] }] }, /tablet/);
});

test("a saved value is a variable of the later steps", () => {
  const save = { do: "account.pending", save: { act: "0.id" } };
  const use = { do: "account.approve", with: { id: "$act" } };
  checkScenario(scenario({ steps: [save, use] }), "one");
  rejects({ steps: [use, save] }, /no variable \$act/);
});

test("patterns match a part of an object, and operators compare", () => {
  assert.equal(mismatch({ a: 1, b: 2 }, { a: 1 }), null);
  assert.match(mismatch({ a: { b: 1 } }, { a: { b: 2 } }), /a.b is 1, not 2/);
  assert.match(mismatch({}, { a: 1 }), /a is absent/);
  assert.match(mismatch([1], [1, 2]), /not \[1,2\]/);
  const matching = [[3, { $min: 3 }], [3, { $max: 3 }], ["b", { $one_of: ["a", "b"] }], [null, { $absent: true }],
    [0, { $present: true }], [1, { $not: 2 }], [[1, 2], { $length: 2 }], [[{ a: 1, b: 2 }], { $contains: { a: 1 } }]];
  for (const [value, pattern] of matching) {
    assert.equal(mismatch(value, pattern), null, JSON.stringify(pattern));
  }
  const different = [[2, { $min: 3 }], ["4", { $max: 5 }], ["c", { $one_of: ["a"] }], [0, { $absent: true }],
    [null, { $present: true }], [2, { $not: 2 }], [[1], { $length: 2 }], [[], { $contains: 1 }]];
  for (const [value, pattern] of different) {
    assert.notEqual(mismatch(value, pattern), null, JSON.stringify(pattern));
  }
});
