import type { DeviceKey } from './keys.js'
import type { Clock } from './platform/clock.js'
import { base64url, utf8 } from './platform/encoding.js'
import { randomName, type RandomSource } from './platform/random.js'

export interface ProofParams {
  readonly key: DeviceKey
  readonly method: string
  readonly url: string
  /** Value of `DPoP-Nonce`, after the service refused the clock of the device. */
  readonly nonce?: string
}

/** A DPoP proof (RFC 9449): a JWT that the key signs for one request. */
export async function makeProof(params: ProofParams, clock: Clock, random: RandomSource): Promise<string> {
  const { kty, crv, x, y } = params.key.publicKey
  const head = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }
  const claims = {
    jti: await randomName(random),
    htm: params.method,
    htu: params.url,
    iat: Math.floor(clock.wall() / 1000),
    ...(params.nonce === undefined ? {} : { nonce: params.nonce }),
  }
  const signed = [head, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join('.')
  return `${signed}.${base64url(await params.key.sign(utf8(signed)))}`
}
