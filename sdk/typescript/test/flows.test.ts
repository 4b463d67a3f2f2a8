// The flows of accounts that exist.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fetchTransport, memoryKeys, type DoorstepError, type KeyStore, type Transport } from '../src/index.js'
import { afterCooldown, client, memoryStore, PASSWORD, quickClock, signUp, solved } from './support/clients.js'
import { Process } from './support/faults.js'
import { Server, WITHOUT_LIMITS } from './support/server.js'

let server: Server
before(async () => (server = await Server.start(WITHOUT_LIMITS)))
after(() => server.stop())

test('a password reset is killed after each step, and ends in the sign-in', async () => {
  const [store, newPassword] = [memoryStore(), 'staple battery horse']
  const phoneNumber = await signUp(server, client(server))
  const reset = async () => {
    const doorstep = client(server, { store })
    const flow = doorstep.passwordReset()
    await flow.resume()
    return { doorstep, flow }
  }
  const first = await reset()
  await afterCooldown(async () => first.flow.sendCode({ phoneNumber, captcha: await solved(first.doorstep) }))
  const second = await reset()
  assert.equal(second.flow.state.step, 'code')
  assert.ok(second.flow.state.expiresIn() > 200)
  await second.flow.verifyCode(await server.codeOfMessage(2, phoneNumber))
  const third = await reset()
  assert.equal(third.flow.state.step, 'password')
  await third.flow.setPassword(newPassword)
  assert.equal(third.flow.state.step, 'done')
  assert.equal((await reset()).flow.state.step, 'start')
  await third.doorstep.signIn().withPassword({ phoneNumber, password: newPassword })
  assert.equal(third.doorstep.session.state, 'signed_in')
})

test('a flow that the service has ended in the meantime is over at the next start', async () => {
  const store = memoryStore()
  const phoneNumber = await signUp(server, client(server))
  const doorstep = client(server, { store })
  const flow = doorstep.signIn()
  await afterCooldown(async () => flow.sendCode({ phoneNumber, captcha: await solved(doorstep) }))
  const copy = memoryStore()
  await copy.set('doorstep', await store.get('doorstep'))
  await flow.verifyCode(await server.codeOfMessage(2, phoneNumber))

  const restarted = client(server, { store: copy }).signIn()
  const { step, endedBy } = await restarted.resume()
  assert.deepEqual([step, endedBy], ['ended', 'ticket_expired'])
  assert.deepEqual(JSON.parse((await copy.get('doorstep')) ?? '').flows, {})
})

test('a resend that was stored and never sent does not stop the user from entering the code', async () => {
  const store = memoryStore()
  const phoneNumber = await signUp(server, client(server))
  const doorstep = client(server, { store })
  const flow = doorstep.signIn()
  await afterCooldown(async () => flow.sendCode({ phoneNumber, captcha: await solved(doorstep) }))
  const killed = new Process('write 2 after')
  const other = client(server, { store: killed.store(store), transport: killed.transport() }).signIn()
  await other.resume()
  await assert.rejects(other.resendCode(), { message: 'the process has ended' })

  const restarted = client(server, { store }).signIn()
  const { step } = await restarted.resume()
  assert.equal(step, 'code')
  assert.ok(restarted.state.resendIn() > 0, 'the service did not refuse the resend')
  const done = await restarted.verifyCode(await server.codeOfMessage(2, phoneNumber))
  assert.equal(done.step, 'done')
})

test('calls that wait for the first code are different actions', async () => {
  const doorstep = client(server)
  const flow = doorstep.signUp()
  const captcha = await solved(doorstep)
  const sent = flow.sendCode({ phoneNumber: server.newPhone(), captcha })
  const next = [flow.verifyCode('000000'), flow.setPassword(PASSWORD)]
  await sent
  const codes = await Promise.all(next.map((call) => call.then(String, ({ code }: DoorstepError) => code)))
  assert.deepEqual(codes, ['code_wrong', 'wrong_step'])
})

test('a change of number continues after a restart', async () => {
  const [store, keys] = [memoryStore(), memoryKeys()]
  const doorstep = client(server, { store, keys })
  await signUp(server, doorstep)
  const phoneNumber = server.newPhone()
  await doorstep.phoneChange().sendCode({ phoneNumber, currentPassword: PASSWORD })

  const restarted = client(server, { store, keys })
  const flow = restarted.phoneChange()
  assert.equal((await flow.resume()).step, 'code')
  // The device has been known for a minute: the change is held.
  const { step, question } = await flow.verifyCode(server.code(phoneNumber))
  assert.deepEqual([step, question?.reason, question?.act], ['prove', 'held', 'phone_change'])
  assert.ok((question?.retryAfter ?? 0) > 80_000)
  // The service knows the question, too: the answer may have been lost.
  const contents = JSON.parse((await store.get('doorstep')) ?? '')
  delete contents.flows.phoneChange.question
  await store.set('doorstep', JSON.stringify(contents))
  const again = await client(server, { store, keys }).phoneChange().resume()
  assert.deepEqual([again.step, again.question?.reason, again.question?.act], ['prove', 'held', 'phone_change'])
  assert.ok((again.question?.retryAfter ?? 0) > 80_000)

  const [act] = await restarted.account.pending()
  assert.deepEqual([act?.kind, act?.own], ['phone_change', true])
  await restarted.account.refuse(act?.id ?? '')
  assert.deepEqual(await restarted.account.pending(), [])
})

test('a flow of a session ends with the session', async () => {
  const store = memoryStore()
  const doorstep = client(server, { store })
  await signUp(server, doorstep)
  await doorstep.phoneChange().sendCode({ phoneNumber: server.newPhone(), currentPassword: PASSWORD })
  await doorstep.session.signOut()
  assert.deepEqual(JSON.parse((await store.get('doorstep')) ?? '').flows, {})
  await signUp(server, doorstep)
  assert.equal((await doorstep.phoneChange().resume()).step, 'start')
})

test('a deletion by code is held, in the app and without it', async () => {
  const doorstep = client(server)
  const phoneNumber = await signUp(server, doorstep)
  const inApp = doorstep.deletion()
  await afterCooldown(() => inApp.sendCode())
  const held = await inApp.verifyCode(await server.codeOfMessage(2, phoneNumber))
  assert.deepEqual([held.step, held.question?.reason], ['prove', 'held'])

  const page = client(server).deletion()
  const start = async () => page.sendCode({ phoneNumber, captcha: await solved(doorstep) })
  await afterCooldown(start)
  const again = await page.verifyCode(await server.codeOfMessage(3, phoneNumber))
  assert.deepEqual([again.step, again.question?.act], ['prove', 'deletion'])
  assert.equal(doorstep.session.state, 'signed_in')
})

test('the number is confirmed', async () => {
  const doorstep = client(server)
  const phoneNumber = await signUp(server, doorstep)
  const flow = doorstep.phoneConfirmation()
  await afterCooldown(() => flow.sendCode())
  await flow.verifyCode(await server.codeOfMessage(2, phoneNumber))
  assert.equal(flow.state.step, 'done')
})

test('a user without a password sets the first one', async () => {
  const optional = await Server.start({ ...WITHOUT_LIMITS, PASSWORD_MODE: 'optional', NUMBER_STALE_DAYS: '0' })
  try {
    const doorstep = client(optional)
    const [signUp, phoneNumber] = [doorstep.signUp(), optional.newPhone()]
    await signUp.sendCode({ phoneNumber, captcha: await solved(doorstep) })
    await signUp.verifyCode(optional.code(phoneNumber))
    await signUp.submitProfile({ nickname: 'Ada' })
    const flow = doorstep.firstPassword()
    await afterCooldown(() => flow.sendCode())
    const code = await optional.codeOfMessage(2, phoneNumber)
    await assert.rejects(flow.setPassword({ code, password: 'password1' }), { code: 'password_too_weak' })
    await flow.setPassword({ code, password: PASSWORD })
    assert.equal(flow.state.step, 'done')
    assert.equal((await doorstep.account.me()).hasPassword, true)
  } finally {
    await optional.stop()
  }
})

test('a flow object starts again after its end', async () => {
  const doorstep = client(server)
  const flow = doorstep.signUp()
  const phoneNumber = server.newPhone()
  await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
  await flow.verifyCode(server.code(phoneNumber))
  await flow.setPassword(PASSWORD)
  await flow.submitProfile({ nickname: 'Ada' })
  await assert.rejects(flow.sendCode({ phoneNumber, captcha: { id: 'x'.repeat(21) + 'A', answer: 'wrong' } }))
  assert.equal(flow.state.step, 'start')
  assert.equal((await flow.cancel()).step, 'start')
})

test('a call before its step is an error, and changes nothing', async () => {
  const flow = client(server).signUp()
  await assert.rejects(flow.verifyCode('123456'), { code: 'wrong_step', status: 0 })
  await assert.rejects(flow.submitProfile({ nickname: 'Ada' }), { code: 'wrong_step' })
  assert.equal(flow.state.step, 'start')
})

test('a first code that nobody waits for any more is not sent', async () => {
  const [store, clock] = [memoryStore(), quickClock()]
  const offline: Transport = async ({ url, ...request }) =>
    url.endsWith('/send-code') ? Promise.reject(new Error('offline')) : fetchTransport()({ url, ...request })
  const doorstep = client(server, { store, clock, transport: offline })
  const phoneNumber = server.newPhone()
  const captcha = await solved(doorstep)
  await assert.rejects(doorstep.signUp().sendCode({ phoneNumber, captcha }), { code: 'network' })

  clock.sleepDevice(601_000)
  assert.equal((await client(server, { store, clock }).signUp().resume()).step, 'start')
  assert.equal(server.messages(phoneNumber).length, 0)
})

test('a flow leaves no key behind', async () => {
  const [inner, names] = [memoryKeys(), new Set<string>()]
  const keys: KeyStore = {
    get: inner.get,
    create: async (name) => (names.add(name), inner.create(name)),
    delete: async (name) => (names.delete(name), inner.delete(name)),
  }
  const doorstep = client(server, { keys })
  const phoneNumber = await signUp(server, doorstep)
  assert.equal(names.size, 1)
  await doorstep.session.signOut()
  const wrong = doorstep.signIn()
  for (const password of ['wrong password 1', 'wrong password 2']) {
    await assert.rejects(wrong.withPassword({ phoneNumber: server.newPhone(), password }))
  }
  assert.equal(names.size, 2)
  await wrong.cancel()
  assert.equal(names.size, 1)
  await doorstep.signIn().withPassword({ phoneNumber, password: PASSWORD })
  assert.equal(names.size, 1)
  await doorstep.session.signOut({ forgetDevice: true })
  assert.equal(names.size, 0)
})

test('a sign-in that had become a sign-up starts over as a sign-in', async () => {
  const paths: string[] = []
  const send = fetchTransport()
  const problem = { code: 'account_dormant', step: 'prove_account', start_anew: true, expires_in: 300, status: 409 }
  const fixed: Record<string, [number, object]> = {
    '/v1/login/verify-code': [409, problem],
    '/v1/login/start-anew': [200, { step: 'set_password', expires_in: 900 }],
  }
  const transport: Transport = async (request) => {
    const path = new URL(request.url).pathname
    paths.push(path)
    const [status, body] = fixed[path] ?? []
    return status ? { status, headers: {}, body: JSON.stringify(body) } : send(request)
  }
  const doorstep = client(server, { transport })
  const flow = doorstep.signIn()
  await flow.sendCode({ phoneNumber: server.newPhone(), captcha: await solved(doorstep) })
  assert.deepEqual((await flow.verifyCode('123456')).question, { reason: 'dormant', startAnew: true })
  assert.equal((await flow.startAnew()).step, 'password')
  await assert.rejects(flow.claim(), { code: 'wrong_step' })
  await flow.sendCode({ phoneNumber: server.newPhone(), captcha: await solved(doorstep) })
  await assert.rejects(flow.submitProfile({ nickname: 'Ada' }), { code: 'wrong_step' })
  await flow.verifyCode('123456')
  assert.equal(paths.pop(), '/v1/login/verify-code')
})
