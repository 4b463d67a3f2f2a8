// Reads access tokens, one a line, and prints the user of each, or why there is none.
import { createInterface } from 'node:readline'

// SNIPPET

const refusal = /^ERR_(JWT_|JWS_|JOSE_ALG_|JWKS_NO_MATCHING_KEY)/

for await (const line of createInterface(process.stdin)) {
  try {
    console.log('user', await userOf(line))
  } catch (error) {
    console.log(refusal.test(error.code) ? 'refused' : 'unavailable', String(error))
  }
}
