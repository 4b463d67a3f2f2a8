// The proxy, in front of a small server that counts what it gets.

import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { after, before, beforeEach, test } from "node:test";
import { Proxy } from "../lib/proxy.mjs";

let server, proxy, received;

before(async () => {
  server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    received.push({ url: request.url, body, from: request.headers["x-forwarded-for"] });
    response.writeHead(201, { "content-type": "application/json", "x-count": received.length });
    response.end(JSON.stringify({ user: { name: "Ada" }, count: received.length }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(() => server.close());

beforeEach(async () => {
  received = [];
  proxy = new Proxy();
  await proxy.start();
  proxy.upstream = `http://127.0.0.1:${server.address().port}`;
});

async function post(path = "/v1/thing?a=1") {
  try {
    const answer = await fetch(proxy.url + path, { method: "POST", body: "{}" });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  } catch {
    return null;
  }
}

test("without faults a request passes unchanged", async () => {
  const answer = await post();
  assert.deepEqual([answer.status, answer.body.user.name, answer.headers.get("x-count")], [201, "Ada", "1"]);
  assert.deepEqual(received, [{ url: "/v1/thing?a=1", body: "{}", from: "198.51.100.7" }]);
  proxy.stop();
});

test("every third answer is lost after the server has acted", async () => {
  proxy.setFaults([{ fault: "lose_answer", every: 3 }]);
  const answers = [];
  for (let count = 0; count < 6; count++) answers.push((await post())?.status ?? null);
  assert.deepEqual(answers, [201, 201, null, 201, 201, null]);
  assert.equal(received.length, 6);
  assert.deepEqual(proxy.journal.map(({ lost }) => lost), [null, null, "answer", null, null, "answer"]);
  proxy.stop();
});

test("an answer that is cut in its middle is lost, too", async () => {
  proxy.setFaults([{ fault: "lose_answer", cut: true }]);
  assert.equal(await post(), null);
  assert.equal(received.length, 1);
  proxy.stop();
});

test("a lost request does not reach the server", async () => {
  proxy.setFaults([{ fault: "lose_request", nth: [1], paths: ["POST /v1/*"] }]);
  assert.equal(await post(), null);
  assert.equal((await post("/v1/thing")).status, 201);
  assert.equal(received.length, 1);
  proxy.stop();
});

test("a doubled request reaches the server twice", async () => {
  proxy.setFaults([{ fault: "double", times: 1 }]);
  await post();
  await post();
  assert.equal(received.length, 3);
  proxy.stop();
});

test("a planted answer does not reach the server", async () => {
  const body = { code: "dependency_unavailable" };
  proxy.setFaults([{ fault: "answer", status: 503, headers: { "retry-after": "2" }, body, times: 1 }]);
  const answer = await post();
  assert.deepEqual([answer.status, answer.headers.get("retry-after"), answer.body], [503, "2", body]);
  assert.equal(received.length, 0);
  assert.equal((await post()).status, 201);
  proxy.stop();
});

test("an answer is rewritten where its status is the one of the rule", async () => {
  const rule = { fault: "rewrite", set: { "user.gender": "new", "no.such": 1 }, delete: ["count"] };
  proxy.setFaults([{ ...rule, when: 201 }]);
  assert.deepEqual((await post()).body, { user: { name: "Ada", gender: "new" } });
  proxy.setFaults([{ ...rule, when: 200 }]);
  assert.deepEqual((await post()).body, { user: { name: "Ada" }, count: 2 });
  proxy.stop();
});

test("a trap withholds one answer, and tells when the server has acted", async () => {
  const reached = proxy.trap("POST /v1/thing", "answered");
  const lost = post("/v1/thing");
  await reached;
  assert.equal(received.length, 1);
  assert.equal(await lost, null);
  assert.equal((await post("/v1/thing")).status, 201);
  proxy.stop();
});

test("a share of the answers is lost at random, and the same ones with the same seed", async () => {
  const run = async (seed) => {
    proxy.setFaults([{ fault: "lose_answer", share: 1 / 3, seed }]);
    const lost = [];
    for (let count = 0; count < 60; count++) lost.push((await post()) === null);
    return lost;
  };
  const first = await run(7);
  assert.deepEqual(await run(7), first);
  assert.notDeepEqual(await run(8), first);
  const share = first.filter(Boolean).length;
  assert.ok(share > 8 && share < 32, `${share} of 60`);
  proxy.stop();
});
