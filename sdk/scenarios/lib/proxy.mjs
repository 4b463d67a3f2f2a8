// HTTP/1.1 proxy between the client and the server. It loses, delays, doubles and rewrites requests and answers by the
// rules of a scenario, and records every exchange.

import http from "node:http";
import { once } from "node:events";
import { setTimeout as after } from "node:timers/promises";
import { Rules, rewritten } from "./faults.mjs";

/** Address that the server sees as the client's, behind this proxy. */
export const DEVICE_ADDRESS = "198.51.100.7";

/** Hop-by-hop headers (RFC 9110, 7.6.1) are those of one connection. */
const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding", "host", "x-forwarded-for"];

export class Proxy {
  /** Every exchange: method, path, headers, body, arrival, `status` of the answer, `lost`, `answered`. */
  journal = [];
  #rules = new Rules();
  #traps = [];
  #agent = new http.Agent({ keepAlive: true });
  #server = http.createServer((request, response) => this.#serve(request, response));

  async start() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  stop() {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  setFaults(rules) {
    this.#rules.set(rules);
  }

  /** Value of this member in the newest answer that has it, as a thief reads it in a log. */
  taken(member) {
    const documents = this.journal.map(({ answer }) => parsed(answer)).filter((document) => document?.[member]);
    if (documents.length === 0) throw new Error(`no answer has a ${member}`);
    return documents.at(-1)[member];
  }

  /** Withholds the next answer of this path, or the request itself. Resolves when it is there. */
  trap(line, when) {
    return new Promise((reached) => this.#traps.push({ line, when, reached }));
  }

  async #serve(request, response) {
    request.on("error", () => {});
    response.on("error", () => {});
    const exchange = await this.#record(request);
    try {
      await this.#exchange(exchange, request.socket, response);
    } catch (error) {
      exchange.failure = error.message;
      request.socket.destroy();
    }
  }

  async #record(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const [path] = request.url.split("?");
    const exchange = {
      method: request.method, path, url: request.url, headers: request.headers, body: Buffer.concat(chunks),
      arrived: performance.now(), status: null, lost: null,
    };
    this.journal.push(exchange);
    return exchange;
  }

  async #exchange(exchange, socket, response) {
    const rules = this.#rules.applying(exchange.method, exchange.path);
    const rule = (kind) => rules.find((one) => one.fault === kind);
    const lose = (part) => {
      exchange.lost = part;
      socket.destroy();
    };
    if (rule("delay")) await after(rule("delay").ms);
    if (rule("lose_request") || this.#trapped(exchange, "requested")) return lose("request");
    let answer = rule("answer") ? planted(rule("answer")) : await this.#forward(exchange, rule("double") !== undefined);
    for (const one of rules) if (one.fault === "rewrite") answer = rewritten(one, answer);
    exchange.status = answer.status;
    exchange.code = codeOf(answer);
    exchange.answerHeaders = answer.headers;
    exchange.answer = answer.body;
    if (this.#trapped(exchange, "answered")) return lose("answer");
    if (rule("lose_answer")) {
      if (rule("lose_answer").cut) await sendPart(answer, response);
      return lose("answer");
    }
    exchange.answered = performance.now();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  #trapped(exchange, when) {
    const line = `${exchange.method} ${exchange.path}`;
    const index = this.#traps.findIndex((trap) => trap.line === line && trap.when === when);
    if (index < 0) return false;
    const [trap] = this.#traps.splice(index, 1);
    trap.reached();
    return true;
  }

  /** Sends the request to the server, twice at the same time if it is doubled. Returns the answer to the second one. */
  async #forward(exchange, doubled) {
    if (!doubled) return this.#send(exchange);
    const first = this.#send(exchange);
    const second = this.#send(exchange);
    await first;
    return second;
  }

  async #send(exchange) {
    const headers = { ...exchange.headers, "x-forwarded-for": DEVICE_ADDRESS };
    for (const name of HOP_BY_HOP) if (name !== "x-forwarded-for") delete headers[name];
    const options = { method: exchange.method, headers, agent: this.#agent };
    const request = http.request(new URL(exchange.url, this.upstream), options);
    request.end(exchange.body);
    const [answer] = await once(request, "response");
    const chunks = [];
    for await (const chunk of answer) chunks.push(chunk);
    return { status: answer.statusCode, headers: endToEnd(answer.headers), body: Buffer.concat(chunks) };
  }
}

function endToEnd(headers) {
  const kept = { ...headers };
  for (const name of HOP_BY_HOP) delete kept[name];
  return kept;
}

function planted({ status, headers = {}, body = {} }) {
  const text = Buffer.from(JSON.stringify(body));
  const type = status >= 400 ? "application/problem+json" : "application/json";
  return { status, headers: { "content-type": type, "content-length": String(text.length), ...headers }, body: text };
}

function codeOf(answer) {
  if (answer.status < 400) return null;
  return parsed(answer.body)?.code ?? null;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Head and half of the body, as when a connection breaks in between. */
async function sendPart(answer, response) {
  response.writeHead(answer.status, answer.headers);
  response.write(answer.body.subarray(0, answer.body.length / 2));
  await after(20);
}
