// Settings of the operator, and a service that is newer than the client.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DoorstepError, memoryKeys } from '../src/index.js'
import { client, memoryStore, PASSWORD, signUp, solved } from './support/clients.js'
import { changing } from './support/faults.js'
import { Server } from './support/server.js'

const running: Server[] = []
after(() => Promise.all(running.map((server) => server.stop())))

async function start(settings: Record<string, string>): Promise<Server> {
  const server = await Server.start(settings)
  running.push(server)
  return server
}

let plain: Server
before(async () => (plain = await start({})))

test('the documents of a service that requires consent', async () => {
  const server = await start({ LEGAL_DOCUMENTS: 'terms@1,privacy@2' })
  const doorstep = client(server)
  const [flow, phoneNumber] = [doorstep.signUp(), server.newPhone()]
  const captcha = await solved(doorstep)
  let documents: readonly string[] = []
  await assert.rejects(flow.sendCode({ phoneNumber, captcha }), (error: DoorstepError) => {
    documents = error.documents
    return error.code === 'consent_required'
  })
  assert.deepEqual([...documents].sort(), ['privacy@2', 'terms@1'])
  await flow.sendCode({ phoneNumber, captcha, accepted: documents })
  await flow.verifyCode(server.code(phoneNumber))
  await flow.setPassword(PASSWORD)
  await flow.submitProfile({ nickname: 'Ada' })
  assert.deepEqual(doorstep.session.user?.consentDue, [])
  assert.deepEqual((await doorstep.account.acceptDocuments(documents)).consentDue, [])
})

test('accounts without a password', async () => {
  for (const [mode, step] of [['none', 'profile'], ['optional', 'password']] as const) {
    const server = await start({ PASSWORD_MODE: mode, NUMBER_STALE_DAYS: '0' })
    const doorstep = client(server)
    const [flow, phoneNumber] = [doorstep.signUp(), server.newPhone()]
    await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
    assert.equal((await flow.verifyCode(server.code(phoneNumber))).step, step)
    await flow.submitProfile({ nickname: 'Ada' })
    assert.equal(doorstep.session.user?.hasPassword, false)
  }
})

test('a code for a new device is a step of the sign-in', async () => {
  const server = await start({ NEW_DEVICE_CODE: 'true' })
  const phoneNumber = await signUp(server, client(server))
  const store = memoryStore()
  const doorstep = client(server, { store, keys: memoryKeys() })
  const flow = doorstep.signIn()
  await assert.rejects(flow.withPassword({ phoneNumber, password: PASSWORD }), { code: 'captcha_required' })
  const captcha = await solved(doorstep)
  const { step, attemptsLeft } = await flow.withPassword({ phoneNumber, password: PASSWORD, captcha })
  assert.deepEqual([step, attemptsLeft], ['code', 5])
  await flow.verifyCode(await server.codeOfMessage(2, phoneNumber))
  assert.equal(doorstep.session.bound, true)

  await doorstep.session.signOut()
  await doorstep.signIn().withPassword({ phoneNumber, password: PASSWORD })
  assert.equal(doorstep.session.state, 'signed_in')
})

test('a service without DPoP gives an unbound session', async () => {
  const server = await start({ PUBLIC_URLS: '' })
  const doorstep = client(server, { keys: memoryKeys() })
  await signUp(server, doorstep)
  assert.deepEqual([doorstep.session.state, doorstep.session.bound], ['signed_in', false])
})

test('a step of a newer service is unknown, and no error', async () => {
  const transport = changing((path, body) =>
    path === '/v1/register/verify-code' ? { ...body, step: 'register_passkey', more: { of: 'it' } } : body,
  )
  const store = memoryStore()
  const doorstep = client(plain, { transport, store })
  const [flow, phoneNumber] = [doorstep.signUp(), plain.newPhone()]
  await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
  const state = await flow.verifyCode(plain.code(phoneNumber))
  assert.deepEqual([state.step, state.serverStep], ['unknown', 'register_passkey'])
  // The next start of the app asks the service.
  assert.equal((await client(plain, { store }).signUp().resume()).step, 'password')
})

test('values and errors of a newer service reach the app', async () => {
  const transport = changing((path, body) => {
    if (path === '/v1/me') return { ...body, gender: 'unspecified', badge: 'gold' }
    if (path === '/v1/sessions') return { code: 'too_modern', detail: 'new', status: 409, hint: 1 }
    return body
  })
  const doorstep = client(plain, { transport })
  await signUp(plain, doorstep)
  assert.equal((await doorstep.account.me()).gender, 'unspecified')
  const problem = { code: 'too_modern', detail: 'new', status: 409, hint: 1 }
  const refusing = client(plain, {
    transport: async () => ({ status: 409, headers: {}, body: JSON.stringify(problem) }),
  })
  await assert.rejects(refusing.captcha(), (error: DoorstepError) => {
    assert.deepEqual([error.code, error.problem?.['hint']], ['too_modern', 1])
    return true
  })
})

test('a question of a newer service is a step', async () => {
  const problem = { code: 'account_frozen', step: 'prove_account', detail: '', status: 409, expires_in: 100 }
  const doorstep = client(plain)
  const [flow, phoneNumber] = [doorstep.signUp(), plain.newPhone()]
  await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
  const asking = client(plain, {
    transport: async () => ({ status: 409, headers: {}, body: JSON.stringify(problem) }),
  })
  const other = asking.signIn()
  const state = await other.withPassword({ phoneNumber, password: PASSWORD })
  assert.deepEqual([state.step, state.question?.reason, state.expiresIn()], ['prove', 'account_frozen', 100])
})
