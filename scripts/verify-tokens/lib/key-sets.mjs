// HTTP server between the verifiers and the service. It passes the key set on, counts the fetches of each verifier, and
// can be down for some of them.

import { once } from "node:events";
import http from "node:http";

export class KeySets {
  /** Address of the service. */
  service = "";
  /** Names of the verifiers that get no answer. */
  down = new Set();
  #fetches = new Map();
  #lifetime;
  #server = http.createServer((request, response) => {
    this.#answer(request, response).catch(() => request.socket.destroy());
  });

  /** `lifetime` replaces the seconds of `max-age`. */
  constructor(lifetime) {
    this.#lifetime = lifetime;
  }

  async start() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** URL of the key set for one verifier. */
  url(verifier) {
    return `http://127.0.0.1:${this.#server.address().port}/${verifier}/.well-known/jwks.json`;
  }

  /** Number of requests of a verifier, answered or not. */
  fetches(verifier) {
    return this.#fetches.get(verifier)?.length ?? 0;
  }

  /** Tells whether the verifier has fetched a key set with exactly these keys, at last. */
  hasFetched(verifier, kids) {
    const body = this.#fetches.get(verifier)?.at(-1)?.body;
    return body !== undefined && JSON.stringify(JSON.parse(body).keys.map(({ kid }) => kid)) === JSON.stringify(kids);
  }

  async #answer(request, response) {
    const [, verifier, ...path] = request.url.split("/");
    const fetched = {};
    if (!this.#fetches.has(verifier)) this.#fetches.set(verifier, []);
    this.#fetches.get(verifier).push(fetched);
    if (this.down.has(verifier)) return void request.socket.destroy();
    const answer = await fetch(`${this.service}/${path.join("/")}`, { headers: { accept: request.headers.accept } });
    fetched.body = await answer.text();
    const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== "connection"));
    if (headers["cache-control"] !== "public, max-age=300") throw new Error("the key set has another max-age");
    headers["cache-control"] = `public, max-age=${this.#lifetime}`;
    response.writeHead(answer.status, headers).end(fetched.body);
  }
}
