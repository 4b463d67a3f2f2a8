/**
 * Searches `count` nonces from `start` for a hash with `bits` zero bits. Returns the nonce, -1 if there is none.
 * Its source is also the source of the worker, so it uses nothing from outside. SHA-256 is FIPS 180-4; the blocks that
 * are the same for all nonces are hashed once.
 */
export function search(challenge: string, bits: number, start: number, count: number): number {
  const K: number[] = []
  const initial: number[] = []
  for (let candidate = 2; K.length < 64; candidate++) {
    let prime = true
    for (let factor = 2; factor * factor <= candidate; factor++) if (candidate % factor === 0) prime = false
    if (!prime) continue
    const fraction = (root: number) => ((root - Math.floor(root)) * 4294967296) | 0
    if (initial.length < 8) initial.push(fraction(Math.sqrt(candidate)))
    K.push(fraction(Math.pow(candidate, 1 / 3)))
  }
  const words = new Int32Array(64)

  const compress = (state: Int32Array, block: Uint8Array, at: number): void => {
    for (let i = 0; i < 16; i++) {
      const j = at + i * 4
      words[i] = (block[j]! << 24) | (block[j + 1]! << 16) | (block[j + 2]! << 8) | block[j + 3]!
    }
    for (let i = 16; i < 64; i++) {
      const [w2, w15] = [words[i - 2]!, words[i - 15]!]
      const s0 = ((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3)
      const s1 = ((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10)
      words[i] = (words[i - 16]! + s0 + words[i - 7]! + s1) | 0
    }
    let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!
    let e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + words[i]!) | 0
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0
    }
    state[0]! += a; state[1]! += b; state[2]! += c; state[3]! += d
    state[4]! += e; state[5]! += f; state[6]! += g; state[7]! += h
  }

  const prefix = challenge + ':'
  const same = prefix.length - (prefix.length % 64)
  const beginning = Int32Array.from(initial)
  const bytes = new Uint8Array(same + 128)
  for (let i = 0; i < prefix.length; i++) bytes[i] = prefix.charCodeAt(i)
  for (let at = 0; at < same; at += 64) compress(beginning, bytes, at)

  const state = new Int32Array(8)
  for (let nonce = start; nonce < start + count; nonce++) {
    const text = String(nonce)
    const length = prefix.length + text.length
    bytes.fill(0, prefix.length)
    for (let i = 0; i < text.length; i++) bytes[prefix.length + i] = text.charCodeAt(i)
    bytes[length] = 128
    const end = length - same < 56 ? same + 64 : same + 128
    for (let i = 0; i < 4; i++) bytes[end - 1 - i] = (length * 8) >>> (i * 8)
    state.set(beginning)
    for (let at = same; at < end; at += 64) compress(state, bytes, at)
    const high = state[0]! >>> 0
    const low = state[1]! >>> 0
    if (bits <= 32 ? high / Math.pow(2, 32 - bits) < 1 : high === 0 && low / Math.pow(2, 64 - bits) < 1) return nonce
  }
  return -1
}
