import { base64url } from './encoding.js'

/** A source of random bytes that nobody can predict. */
export type RandomSource = (length: number) => Uint8Array | Promise<Uint8Array>

/** `crypto.getRandomValues`, in browsers, Node and React Native with `react-native-get-random-values`. */
export function systemRandom(): RandomSource {
  return (length) => {
    const source = (globalThis as { crypto?: Crypto }).crypto
    if (typeof source?.getRandomValues !== 'function') {
      throw new Error('doorstep: no crypto.getRandomValues here; pass `random` to the client')
    }
    return source.getRandomValues(new Uint8Array(length))
  }
}

/** A random name of 128 bits, for idempotency keys, keys of devices and proofs. */
export async function randomName(random: RandomSource): Promise<string> {
  return base64url(await random(16))
}
