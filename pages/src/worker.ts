/** Solves a proof of work beside the page, so that the page stays usable meanwhile. */

import { search } from '../../sdk/typescript/src/proof-of-work/search'

/** Nonces of one call. */
const COUNT = 1_000_000

addEventListener('message', ({ data: [challenge, bits] }: MessageEvent<[string, number]>) => {
  let nonce = -1
  for (let start = 0; nonce < 0; start += COUNT) nonce = search(challenge, bits, start, COUNT)
  postMessage(String(nonce))
})
