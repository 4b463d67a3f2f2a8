import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DoorstepError } from '../src/index.js'
import { client, memoryKeys, memoryStore, PASSWORD, quickClock, signUp, solved } from './support/clients.js'
import { Server } from './support/server.js'

let server: Server
before(async () => (server = await Server.start()))
after(() => server.stop())

test('a sign-up goes through its steps and signs in', async () => {
  const doorstep = client(server)
  const flow = doorstep.signUp()
  const steps: string[] = []
  flow.onChange(({ step }) => steps.push(step))
  const phoneNumber = server.newPhone()

  assert.equal(flow.state.step, 'start')
  await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
  assert.equal(flow.state.attemptsLeft, 5)
  assert.ok(flow.state.resendIn() > 50 && flow.state.expiresIn() > 290)
  await flow.verifyCode(server.code(phoneNumber))
  await flow.setPassword(PASSWORD)
  await flow.submitProfile({ nickname: 'Ada', birthday: '2000-02-29' })

  assert.deepEqual([...new Set(steps)], ['code', 'password', 'profile', 'done'])
  assert.equal(doorstep.session.state, 'signed_in')
  assert.equal(doorstep.session.user?.phoneNumber, phoneNumber)
  assert.equal(doorstep.session.user?.birthday, '2000-02-29')
  assert.equal((await doorstep.account.me()).nickname, 'Ada')
})

test('a wrong code says how many attempts are left, and the fifth ends the flow', async () => {
  const doorstep = client(server)
  const flow = doorstep.signUp()
  const phoneNumber = server.newPhone()
  await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
  const wrong = server.code(phoneNumber) === '000000' ? '111111' : '000000'
  for (const left of [4, 3, 2, 1]) {
    await assert.rejects(flow.verifyCode(wrong), { code: 'code_wrong', attemptsLeft: left })
    assert.equal(flow.state.attemptsLeft, left)
  }
  await assert.rejects(flow.verifyCode(wrong), { code: 'code_exhausted' })
  assert.deepEqual([flow.state.step, flow.state.endedBy], ['ended', 'code_exhausted'])
})

test('the cooldown is an error with a waiting time', async () => {
  const doorstep = client(server)
  const flow = doorstep.signUp()
  const phoneNumber = server.newPhone()
  await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
  await assert.rejects(flow.resendCode(), (error: DoorstepError) => {
    assert.equal(error.code, 'resend_cooldown')
    assert.ok((error.retryAfter ?? 0) > 50)
    return true
  })
  assert.equal(flow.state.step, 'code')
  assert.ok(flow.state.resendIn() > 50)
})

test('a taken number offers the sign-in', async () => {
  const doorstep = client(server)
  const phoneNumber = await signUp(server, doorstep)
  const flow = doorstep.signUp()
  const captcha = await solved(doorstep)
  await assert.rejects(flow.sendCode({ phoneNumber, captcha }), { code: 'phone_already_registered' })
  assert.equal(flow.state.step, 'start')
})

test('a refused field is named', async () => {
  const doorstep = client(server)
  const captcha = await solved(doorstep)
  await assert.rejects(doorstep.signUp().sendCode({ phoneNumber: '123', captcha }), (error: DoorstepError) => {
    assert.deepEqual([error.code, error.status, error.fields[0]?.field], ['validation_failed', 422, 'phone_number'])
    assert.ok(error.requestId)
    return true
  })
})

test('a bound session has a key, refreshes and survives a restart', async () => {
  const [store, keys, clock] = [memoryStore(), memoryKeys(), quickClock()]
  const doorstep = client(server, { store, keys, clock })
  await signUp(server, doorstep)
  assert.equal(doorstep.session.bound, true)
  const first = await doorstep.session.accessToken()
  clock.advance(890_000)
  const second = await doorstep.session.accessToken()
  assert.notEqual(second, first)

  const restarted = client(server, { store, keys })
  assert.equal(await restarted.session.restore(), 'signed_in')
  assert.equal((await restarted.account.me()).nickname, 'Ada')
})

test('a button that is tapped twice is one action', async () => {
  const doorstep = client(server)
  const flow = doorstep.signUp()
  const phoneNumber = server.newPhone()
  const captcha = await solved(doorstep)
  await Promise.all([flow.sendCode({ phoneNumber, captcha }), flow.sendCode({ phoneNumber, captcha })])
  assert.equal(server.messages(phoneNumber).length, 1)
})
