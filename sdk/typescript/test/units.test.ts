import assert from 'node:assert/strict'
import { createVerify, webcrypto } from 'node:crypto'
import { test } from 'node:test'
import { DoorstepError, memoryKeys, memoryStore } from '../src/index.js'
import { isStep, questionOf, stepOf } from '../src/flows/state.js'
import { OPERATIONS } from '../src/generated/operations.js'
import { readAnswer, withoutNull } from '../src/answer.js'
import { systemClock } from '../src/platform/clock.js'
import { base64url, utf8 } from '../src/platform/encoding.js'
import { randomName, systemRandom } from '../src/platform/random.js'
import { makeProof } from '../src/proof.js'
import { findDevice } from '../src/session-record.js'
import { Vault } from '../src/vault.js'
import { camel, snake, toUser } from '../src/wire.js'

test('UTF-8 and base64url agree with those of Node', () => {
  for (const text of ['', 'a', 'é', '中文', '👋🏽', '\ud800', 'a\ud800b', '\u{10ffff}', 'ÿ'.repeat(100)]) {
    assert.deepEqual(Buffer.from(utf8(text)), Buffer.from(text, 'utf8'))
  }
  for (let length = 0; length < 70; length++) {
    const bytes = webcrypto.getRandomValues(new Uint8Array(length))
    assert.equal(base64url(bytes), Buffer.from(bytes).toString('base64url'))
  }
})

test('a proof is a JWT that its own key verifies', async () => {
  const key = await memoryKeys().create('device')
  const params = { key, method: 'POST', url: 'https://id.example.com/v1/login', nonce: 'n' }
  const proof = await makeProof(params, systemClock(), systemRandom())
  const [head = '', claims = '', signature = ''] = proof.split('.')
  const { jwk, ...header } = JSON.parse(Buffer.from(head, 'base64url').toString())
  assert.deepEqual(header, { typ: 'dpop+jwt', alg: 'ES256' })
  const { htm, htu, nonce } = JSON.parse(Buffer.from(claims, 'base64url').toString())
  assert.deepEqual({ htm, htu, nonce }, { htm: 'POST', htu: params.url, nonce: 'n' })
  const verify = createVerify('SHA256').update(`${head}.${claims}`)
  const options = { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' } as const
  assert.ok(verify.verify(options, Buffer.from(signature, 'base64url')))
})

test('a private key cannot be exported', async () => {
  const exported: CryptoKey[] = []
  const { generateKey } = crypto.subtle
  crypto.subtle.generateKey = async function (this: SubtleCrypto, ...parameters: never[]) {
    const pair = (await Reflect.apply(generateKey, crypto.subtle, parameters)) as CryptoKeyPair
    exported.push(pair.privateKey)
    return pair
  } as never
  try {
    await memoryKeys().create('device')
  } finally {
    crypto.subtle.generateKey = generateKey
  }
  assert.equal(exported.length, 1)
  await assert.rejects(crypto.subtle.exportKey('jwk', exported[0] as CryptoKey))
})

test('the durations of a replayed answer are shorter by its age', () => {
  const body = JSON.stringify({ ticket: 't', expires_in: 300, resend_in: 5, attempts_left: 5 })
  const answer = readAnswer({ status: 200, headers: { age: '10' }, body }, ['ticket'])
  assert.deepEqual(answer, { ticket: 't', expires_in: 290, resend_in: 0, attempts_left: 5 })
})

test('a field that is null is absent, in steps and in errors', () => {
  assert.deepEqual(withoutNull({ step: 'verify_code', reason: null }), { step: 'verify_code' })
  const problem = JSON.stringify({ code: 'code_wrong', status: 422, detail: 'No.', ticket: null, attempts_left: 4 })
  assert.throws(
    () => readAnswer({ status: 422, headers: {}, body: problem }, ['ticket']),
    (error: DoorstepError) => error.problem !== undefined && !isStep(error.problem) && error.attemptsLeft === 4,
  )
})

test('a code or a step with the name of a property of every object is an unknown one', () => {
  assert.equal(isStep({ code: 'constructor' } as never), false)
  assert.equal(stepOf('constructor'), 'unknown')
  assert.equal(questionOf({ code: 'toString' } as never, 0)?.reason, 'toString')
})

test('what is not from the service is no error of the service', () => {
  const answers: [number, string, boolean][] = [
    [200, '<html>', true],
    [200, '[]', true],
    [200, '{"login":"portal"}', true],
    [204, '', true],
    [502, 'Bad Gateway', true],
    [403, '{"message":"blocked"}', false],
    [401, '', false],
    [302, '', false],
  ]
  for (const [status, body, unanswered] of answers) {
    assert.throws(
      () => readAnswer({ status, headers: {}, body }, ['ticket']),
      (error: DoorstepError) => error.code === 'invalid_answer' && error.unanswered === unanswered,
      `${status} ${body}`,
    )
  }
})

test('every code says what the app does next', () => {
  const next = (code: string) => new DoorstepError(code, '').next
  const codes = ['resend_cooldown', 'captcha_wrong', 'network', 'signed_out', 'code_of_tomorrow', 'toString']
  const expected = ['wait', 'new_captcha', 'retry', 'sign_in', 'retry_later', 'retry_later']
  assert.deepEqual(codes.map(next), expected)
})

test('a known device is found by each form of its number', () => {
  const device = { userId: 'u', phone: '+8613800138000', token: 't' }
  const contents = { version: 1 as const, devices: [device], flows: {} }
  for (const typed of ['+8613800138000', '13800138000', '138 0013 8000', '0086-138-0013-8000', '１３８００１３８０００']) {
    assert.equal(findDevice(contents, typed), device, typed)
  }
  for (const typed of ['', '8000', '13800138001', '+8613900138000']) {
    assert.equal(findDevice(contents, typed), undefined, typed)
  }
})

test('names are translated, and null stays null', () => {
  assert.deepEqual(camel({ phone_number: null, id: 1, device_known_since: 'x' }), {
    phoneNumber: null,
    id: 1,
    deviceKnownSince: 'x',
  })
  assert.deepEqual(snake({ avatarUrl: 'x', gender: undefined }), { avatar_url: 'x' })
})

test('an absent field of the account is null', () => {
  const wire = { id: 'u', nickname: 'Ada', phone_confirm_due: false, has_password: true, consent_due: [] }
  const user = toUser({ ...wire, created_at: '', updated_at: '' } as never)
  assert.deepEqual([user.phoneNumber, user.avatarUrl, user.gender, user.birthday], [null, null, null, null])
  assert.equal(user.hasPassword, true)
})

test('changes of one record wait for each other, also after an error', async () => {
  const store = memoryStore()
  const [first, second] = [new Vault(store, 'doorstep'), new Vault(store, 'doorstep')]
  const add = (vault: Vault, name: string) =>
    vault.update(({ flows }) => {
      if (name === '3') throw new Error('no')
      flows[name] = { step: 'start', via: 'login' }
    })
  const names = ['0', '1', '2', '3', '4', '5']
  await Promise.allSettled(names.map((name, number) => add(number % 2 ? first : second, name)))
  assert.deepEqual(Object.keys((await first.read()).flows), ['0', '1', '2', '4', '5'])
})

test('a record that is not readable is an empty one', async () => {
  const store = memoryStore()
  for (const text of ['', 'null', '[]', '{"version":2}', 'rubbish', '{"version":1}']) {
    await store.set('doorstep', text)
    assert.deepEqual(await new Vault(store, 'doorstep').read(), { version: 1, devices: [], flows: {} })
  }
})

test('every flow with a code can ask for its status', () => {
  const flows = Object.keys(OPERATIONS).filter((id) => id.endsWith('ResendCode'))
  const without = flows.filter((id) => !(id.replace('ResendCode', 'Status') in OPERATIONS))
  assert.deepEqual([flows.length, without], [9, []])
})

test('random names differ', async () => {
  assert.notEqual(await randomName(systemRandom()), await randomName(systemRandom()))
})
