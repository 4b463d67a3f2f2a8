// What a verifier must do, against a service with keys of one algorithm. All verifiers run side by side.

import { setTimeout as after } from "node:timers/promises";
import { Key, accepted, refused, withUnknownKid } from "./tokens.mjs";

const FLOOD = 30;

export class Scenario {
  problems = [];
  /** Number of tokens that all verifiers have answered as they must. */
  checks = 0;
  #service;
  #keySets;
  #start;
  #verifiers;
  #times;

  /**
   * `start` starts a verifier of each language. `times` has the seconds of their code: `lifetime` of the cached key
   * set, and `wait` between two fetches.
   */
  constructor(service, keySets, start, times) {
    this.#service = service;
    this.#keySets = keySets;
    this.#start = start;
    this.#verifiers = start();
    this.#times = times;
  }

  async run() {
    this.thief = new Key(await this.#service.newKey());
    await this.#verifiesTokens();
    await this.#limitsFetches();
    await this.#rotation();
    await this.#stolenKey();
    await this.#outage();
  }

  async #verifiesTokens() {
    const { user, token } = await this.#service.signIn();
    const [key] = this.#service.keys();
    const otherType = new Key(await this.#service.newKey(key.algorithm === "EdDSA" ? "ES256" : "EdDSA"));
    await this.#each(async (verifier) => {
      // A program that cannot fetch the key set at its start ends, or is not ready: on a slow machine.
      const isReady = async () => {
        const answer = await verifier.ask(token);
        if (answer.outcome === "ended") verifier.start();
        return matches(answer, `user ${user}`);
      };
      await this.#until(verifier, "a token of the service", isReady, () => {});
    });
    for (const [name, forged] of Object.entries(accepted(user, key))) await this.#all(name, forged, `user ${user}`);
    const bad = { ...refused(user, key, this.thief, otherType), "an unknown kid": withUnknownKid(user, this.thief) };
    for (const [name, forged] of Object.entries(bad)) await this.#all(name, forged, "refused");
    await this.#all("a token of the service, after all these", token, `user ${user}`);
  }

  /** Tokens with random kids cause one fetch, or two with Spring, as long as the wait takes. */
  async #limitsFetches() {
    const { user, token } = await this.#service.signIn();
    await after(this.#times.wait * 1_000);
    await this.#each(async (verifier) => {
      const before = this.#keySets.fetches(verifier.name);
      const began = Date.now();
      for (let count = 0; count < FLOOD; count += 1) {
        const { outcome } = await verifier.ask(withUnknownKid(user, this.thief));
        if (outcome !== "refused" && !(verifier.name === "spring" && outcome === "unavailable")) {
          this.#fail(verifier, "an unknown kid", outcome, "refused");
        }
      }
      const fetches = this.#keySets.fetches(verifier.name) - before;
      const most = 2 * Math.ceil((Date.now() - began) / 1_000 / this.#times.wait);
      if (fetches < 1 || fetches > most) this.#fail(verifier, "unknown kids", `${fetches} fetches`, `1 to ${most}`);
    });
    await this.#all("a token of the service, after the unknown kids", token, `user ${user}`);
  }

  /** The rotation of docs/operations.md, step by step. The verifiers run on. */
  async #rotation() {
    const [old] = this.#service.keys();
    const before = await this.#service.signIn();
    await this.#service.addKey();
    const [first, last] = this.#service.keys();
    if (first.id !== old.id || last.id === old.id) throw new Error("step 1 of the rotation has not added a key");
    const { user, token } = await this.#service.signIn();
    await this.#all("step 1: a token of the old key", token, `user ${user}`);
    await this.#each(async (verifier) => {
      const fetched = () => this.#keySets.hasFetched(verifier.name, [first.id, last.id]);
      await this.#until(verifier, "step 2: the new key set", fetched, () => verifier.ask(token));
    });
    const withoutKid = this.thief.token(user, { header: { kid: undefined } });
    await this.#all("step 2: no kid, signed by another key", withoutKid, "refused");
    await this.#service.useNewKey();
    const [fetches, began] = [this.#fetches(), Date.now()];
    const renewed = await this.#service.signIn();
    await this.#all("step 3: a token of the new key", renewed.token, `user ${user}`);
    await this.#all("step 3: a token of the old key", before.token, `user ${user}`);
    const expired = Math.ceil((Date.now() - began) / 1_000 / this.#times.lifetime);
    for (const verifier of this.#verifiers) {
      const more = this.#keySets.fetches(verifier.name) - fetches[verifier.name];
      if (more > expired) this.#fail(verifier, "step 3", `${more} fetches`, `at most ${expired}, for the lifetime`);
    }
    await this.#service.removeOldKey();
    if (this.#service.keys().length !== 1) throw new Error("step 5 of the rotation has not removed a key");
    await this.#all("step 5: a token of the new key", renewed.token, `user ${user}`);
    await this.#eventually("step 5: a token of the old key", before.token, "refused");
    await this.#all("step 5: a token of the new key", renewed.token, `user ${user}`);
  }

  /** Another key in place of the only one: the verifiers notice it by the unknown kid. */
  async #stolenKey() {
    const before = await this.#service.signIn();
    await this.#service.replaceKey();
    const { user, token } = await this.#service.signIn();
    await this.#eventually("a token of the key after a theft", token, `user ${user}`);
    await this.#all("a token of the stolen key", before.token, "refused");
  }

  async #outage() {
    const { user, token } = await this.#service.signIn();
    await this.#each(async (verifier) => {
      const before = this.#keySets.fetches(verifier.name);
      const hasFetched = () => this.#keySets.fetches(verifier.name) > before;
      await this.#until(verifier, "a fresh key set", hasFetched, () => verifier.ask(token));
      this.#keySets.down.add(verifier.name);
      await this.#one(verifier, "a token at the beginning of the outage", token, `user ${user}`);
    });
    const late = this.#start();
    // The program for Go ends if it cannot fetch the key set at its start.
    const without = (name) => (name === "go" ? "ended" : "unavailable");
    await Promise.all(late.map((one) => this.#one(one, "a start in an outage", token, without(one.name))));
    await after(this.#times.lifetime * 1_000 + 500);
    // The code for Go keeps the last key set as long as the outage takes.
    for (const verifier of this.#verifiers) {
      await this.#one(verifier, "a token in an outage", token, verifier.name === "go" ? `user ${user}` : "unavailable");
    }
    this.#keySets.down.clear();
    this.#verifiers.push(...late.filter(({ name }) => name !== "go"));
    await this.#eventually("a token after the outage", token, `user ${user}`);
  }

  #fetches() {
    return Object.fromEntries(this.#verifiers.map(({ name }) => [name, this.#keySets.fetches(name)]));
  }

  #each(action) {
    return Promise.all(this.#verifiers.map(action));
  }

  #all(name, token, expected) {
    return this.#each((verifier) => this.#one(verifier, name, token, expected));
  }

  async #one(verifier, name, token, expected) {
    const answer = await verifier.ask(token);
    if (!matches(answer, expected)) this.#fail(verifier, name, `${answer.outcome} ${answer.detail}`, expected);
    else this.checks += 1;
  }

  /** Asks until the answer is there: after the lifetime of the cache at most. */
  #eventually(name, token, expected) {
    return this.#each((verifier) => {
      const isThere = async () => matches(await verifier.ask(token), expected);
      return this.#until(verifier, name, isThere, () => {});
    });
  }

  async #until(verifier, name, isThere, action) {
    const deadline = Date.now() + (this.#times.lifetime + this.#times.wait + 3) * 1_000;
    while (!(await isThere())) {
      if (Date.now() > deadline) return this.#fail(verifier, name, "not", "after the lifetime of the key set");
      await action();
      await after(this.#times.lifetime * 20);
    }
    this.checks += 1;
  }

  #fail(verifier, name, found, expected) {
    this.problems.push(`${verifier.name}: ${name}: ${found}, expected: ${expected}`);
  }
}

const matches = ({ outcome, detail }, expected) => `${outcome} ${detail}` === expected || outcome === expected;
