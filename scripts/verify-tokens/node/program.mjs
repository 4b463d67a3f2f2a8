// Reads access tokens, one a line, and prints the user of each, or why there is none.
import { createInterface } from 'node:readline'

// SNIPPET

for await (const line of createInterface(process.stdin)) {
  try {
    console.log('user', await userOf(line))
  } catch (error) {
    console.log(isRefusal(error) ? 'refused' : 'unavailable', String(error))
  }
}
