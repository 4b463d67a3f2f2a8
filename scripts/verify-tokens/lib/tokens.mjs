// Access tokens that the tests sign with the keys of the service and of others.

import { createHash, createHmac, createPrivateKey, createPublicKey, randomUUID, sign } from "node:crypto";

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A signing key, with the identifier that the service gives it: its thumbprint (RFC 7638). */
export class Key {
  constructor(pem) {
    this.private = createPrivateKey(pem);
    const { kty, crv, x, y } = createPublicKey(this.private).export({ format: "jwk" });
    this.public = { kty, crv, x, y };
    this.algorithm = kty === "EC" ? "ES256" : "EdDSA";
    const members = kty === "EC" ? { crv, kty, x, y } : { crv, kty, x };
    this.id = createHash("sha256").update(JSON.stringify(members)).digest("base64url");
  }

  get publicPem() {
    return createPublicKey(this.private).export({ format: "pem", type: "spki" });
  }

  /** A token of this key. `header` and `claims` replace members; an undefined member is absent. */
  token(user, { header = {}, claims = {} } = {}) {
    const parts = [{ typ: "at+jwt", alg: this.algorithm, kid: this.id, ...header }, claimsOf(user, claims)];
    const signed = parts.map(encoded).join(".");
    const hash = this.algorithm === "ES256" ? "sha256" : null;
    const signature = sign(hash, Buffer.from(signed), { key: this.private, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }
}

function claimsOf(user, claims) {
  const now = Math.floor(Date.now() / 1000);
  const ids = { sub: user, sid: randomUUID(), jti: randomUUID() };
  const exp = "exp" in claims ? claims.exp : now + 900;
  const times = { iat: (Number.isInteger(exp) ? exp : now + 900) - 900, exp };
  return { iss: "doorstep", aud: "doorstep", client_id: "doorstep", ...ids, ...claims, ...times };
}

function withMac(user, key, secret) {
  const signed = [{ typ: "at+jwt", alg: "HS256", kid: key.id }, claimsOf(user, {})].map(encoded).join(".");
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

const unsigned = (user, header) => `${[{ typ: "at+jwt", ...header }, claimsOf(user, {})].map(encoded).join(".")}.`;

/** Tokens that every back end accepts. */
export function accepted(user, key) {
  const now = Math.floor(Date.now() / 1000);
  return {
    // The first one, because time passes.
    "a token that expired 2 s ago": key.token(user, { claims: { exp: now - 2 } }),
    "a token like that of the service": key.token(user),
    "a token of another app": key.token(user, { claims: { client_id: "shop-ios" } }),
  };
}

/** Tokens that no back end accepts. Each differs from an accepted one in a single way. */
export function refused(user, key, thief, otherType) {
  const now = Math.floor(Date.now() / 1000);
  const good = key.token(user);
  const [header, claims, signature] = good.split(".");
  const raw = Buffer.from(key.public.x, "base64url");
  return {
    "a token that expired 20 s ago": key.token(user, { claims: { exp: now - 20 } }),
    "no expiry": key.token(user, { claims: { exp: undefined } }),
    "another audience": key.token(user, { claims: { aud: "shop" } }),
    "no audience": key.token(user, { claims: { aud: undefined } }),
    "another issuer": key.token(user, { claims: { iss: "https://id.example.com" } }),
    "no issuer": key.token(user, { claims: { iss: undefined } }),
    "typ JWT": key.token(user, { header: { typ: "JWT" } }),
    "typ dpop+jwt": key.token(user, { header: { typ: "dpop+jwt" } }),
    "no typ": key.token(user, { header: { typ: undefined } }),
    "alg none": unsigned(user, { alg: "none", kid: key.id }),
    "alg none without kid": unsigned(user, { alg: "none" }),
    "no signature": `${header}.${claims}.`,
    "another claim under the signature": `${header}.${encoded(claimsOf(randomUUID(), {}))}.${signature}`,
    "HS256 with the public key in PEM": withMac(user, key, key.publicPem),
    "HS256 with the public key in bytes": withMac(user, key, raw),
    "HS256 with the JWK": withMac(user, key, JSON.stringify(key.public)),
    "the same kid, signed by another key": thief.token(user, { header: { kid: key.id } }),
    "the same kid, signed by a key of another type": otherType.token(user, { header: { kid: key.id } }),
    "no kid, signed by another key": thief.token(user, { header: { kid: undefined } }),
    "the key in the header": thief.token(user, { header: { jwk: thief.public, kid: key.id } }),
    "a number as kid": thief.token(user, { header: { kid: 1 } }),
    "a list as typ": thief.token(user, { header: { kid: key.id, typ: ["at+jwt"] } }),
    "a text as expiry": key.token(user, { claims: { exp: "tomorrow" } }),
    "no user": key.token(undefined),
    "a header that is null": `${encoded(null)}.${claims}.${signature}`,
    "claims that are a list": `${header}.${encoded([1])}.${signature}`,
    "letters beyond ASCII": "é.é.é",
    "an empty line": "",
    "a word": "x",
    "three letters": "a.b.c",
    "half of a token": good.slice(0, good.length / 2),
    "a token with a tail": `${good}AAAA`,
    "a refresh token": "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "20,000 letters": "A".repeat(20_000),
  };
}

/** A token with a kid that no key set has. */
export const withUnknownKid = (user, thief) => thief.token(user, { header: { kid: randomUUID() } });
