// Walks through sign-up and refresh with a DPoP key: node client.mjs <base URL> <file of the console provider>
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as DPoP from 'dpop'

// Node.js 18 has no globals of these names.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey

const [base, outbox] = process.argv.slice(2)
const phone = `+86139${String(Date.now()).slice(-8)}`

async function send(method, path, body, headers = {}) {
  const response = await fetch(base + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, nonce: response.headers.get('dpop-nonce'), ...(await response.json()) }
}

const post = (path, body, headers) => send('POST', path, body, headers)
const proof = (keypair, path, nonce) => DPoP.generateProof(keypair, base + path, 'POST', nonce)

// Sends a proof, and another one if the service requires a nonce.
async function postBound(keypair, path, body) {
  const first = await post(path, body, { dpop: await proof(keypair, path) })
  if (first.code !== 'use_dpop_nonce') return first
  return post(path, body, { dpop: await proof(keypair, path, first.nonce) })
}

function check(name, actual, expected) {
  assert.deepEqual(actual, expected, name)
  console.log(`ok  ${name}`)
}

const device = await DPoP.generateKeyPair('ES256')
const thief = await DPoP.generateKeyPair('ES256')

const captcha = await post('/v1/captchas', {})
const { ticket } = await post('/v1/register/send-code', {
  phone_number: phone,
  captcha_id: captcha.captcha_id,
  captcha_answer: 'letmein',
})
const code = readFileSync(outbox, 'utf8').match(/\b\d{6}\b(?![\s\S]*\b\d{6}\b)/)[0]
await post('/v1/register/verify-code', { ticket, code })
await post('/v1/register/set-password', { ticket, password: 'correct horse battery' })
const signedUp = await postBound(device, '/v1/register/submit-profile', { ticket, nickname: 'Ada' })
check('a sign-up with a proof is bound', [signedUp.status, signedUp.refresh_bound], [201, true])

const token = { refresh_token: signedUp.refresh_token }
const path = '/v1/token/refresh'
const refreshed = await postBound(device, path, token)
check('a refresh keeps the refresh token', [refreshed.status, refreshed.refresh_token], [200, token.refresh_token])
check('a copy without a proof', (await post(path, token)).code, 'refresh_key_mismatch')
check('a copy with another key', (await postBound(thief, path, token)).code, 'refresh_key_mismatch')

const late = Date.now
Date.now = () => late() - 3_600_000
const slow = await post(path, token, { dpop: await proof(device, path) })
check('a clock that is an hour slow gets a nonce', [slow.code, slow.nonce?.length], ['use_dpop_nonce', 32])
check('the nonce makes up for the clock', (await postBound(device, path, token)).status, 200)
Date.now = late

const other = await post(path, token, { dpop: await proof(device, '/v1/login') })
check('a proof for another route', other.code, 'invalid_dpop_proof')
const rsa = await post(path, token, { dpop: await proof(await DPoP.generateKeyPair('Ed25519'), path) })
check('a proof with another algorithm', rsa.code, 'invalid_dpop_proof')

const change = { current_password: 'correct horse battery', new_password: 'staple battery horse' }
const authorization = { authorization: `Bearer ${refreshed.access_token}` }
const renewed = await send('PUT', '/v1/me/password', change, authorization)
check('a password change keeps the session bound', [renewed.status, renewed.refresh_bound], [200, true])
const newToken = { refresh_token: renewed.refresh_token }
check('a copy of the new token', (await post(path, newToken)).code, 'refresh_key_mismatch')
check('the owner refreshes with it', (await postBound(device, path, newToken)).status, 200)

const login = { phone_number: phone, password: 'staple battery horse' }
const unbound = await post('/v1/login', login)
const never = await postBound(device, path, { refresh_token: unbound.refresh_token })
check('a session is never bound later', [unbound.refresh_bound, never.code], [false, 'invalid_dpop_proof'])
check('the owner still refreshes', (await postBound(device, path, token)).status, 200)
