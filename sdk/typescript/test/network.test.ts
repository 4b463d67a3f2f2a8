// A network that loses and doubles requests and answers.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DoorstepError, fetchTransport, type Transport } from '../src/index.js'
import { client, memoryKeys, memoryStore, PASSWORD, quickClock, signUp, solved } from './support/clients.js'
import { faulty } from './support/faults.js'
import { Server, WITHOUT_LIMITS } from './support/server.js'

let server: Server
before(async () => (server = await Server.start(WITHOUT_LIMITS)))
after(() => server.stop())

for (const offset of [0, 1, 2]) {
  for (const fault of ['lost answer', 'lost request', 'doubled'] as const) {
    test(`a sign-up with a ${fault} in three requests, from request ${offset}`, async () => {
      const transport = faulty((number) => ((number + offset) % 3 === 0 ? fault : undefined))
      const doorstep = client(server, { transport, clock: quickClock(), keys: memoryKeys() })
      const phoneNumber = await signUp(server, doorstep)
      assert.equal(server.messages(phoneNumber).length, 1)
      assert.equal((await doorstep.account.sessions()).length, 1)
    })
  }
}

for (const bound of [false, true]) {
  test(`two clients on one store lose every third answer, ${bound ? 'bound' : 'unbound'}`, async () => {
    const shared = { store: memoryStore(), keys: bound ? memoryKeys() : null }
    const users = [1, 2].map(() => {
      const clock = quickClock()
      const transport = faulty((number) => (number % 3 === 0 ? 'lost answer' : undefined))
      return { clock, doorstep: client(server, { ...shared, clock, transport }) }
    })
    const [first] = users
    if (!first) return assert.fail()
    await signUp(server, first.doorstep)
    let signedOut = 0
    for (const { doorstep } of users) doorstep.session.onSignedOut(() => signedOut++)

    const tokens = new Set<string>()
    for (let round = 0; round < 50; round++) {
      for (const { clock } of users) clock.advance(900_000)
      for (const token of await Promise.all(users.map(({ doorstep }) => doorstep.session.accessToken()))) {
        tokens.add(token)
      }
    }
    assert.equal(signedOut, 0)
    assert.ok(tokens.size >= 50, `${tokens.size} tokens`)
    for (const { doorstep } of users) assert.equal((await doorstep.account.me()).nickname, 'Ada')
  })
}

test('two processes without a common lock refresh one unbound session', async () => {
  const inner = memoryStore()
  const clock = quickClock()
  const options = () => ({ store: { get: inner.get, set: inner.set }, clock })
  const [first, second] = [client(server, options()), client(server, options())]
  await signUp(server, first)
  await second.session.restore()
  for (let round = 0; round < 30; round++) {
    clock.advance(900_000)
    await Promise.all([first.session.accessToken(), second.session.accessToken()])
  }
  assert.deepEqual([first.session.state, second.session.state], ['signed_in', 'signed_in'])
})

test('an action that got no answer is the same action at the next call', async () => {
  let offline = false
  const send = fetchTransport()
  const transport: Transport = async (request) => {
    const response = await send(request)
    if (offline) throw new Error('no network')
    return response
  }
  const doorstep = client(server, { transport, clock: quickClock() })
  const [flow, phoneNumber] = [doorstep.signUp(), server.newPhone()]
  const captcha = await solved(doorstep)

  offline = true
  await assert.rejects(flow.sendCode({ phoneNumber, captcha }), { code: 'network', status: 0, unanswered: true })
  offline = false
  // The page shows another captcha; the user taps the button again.
  await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
  assert.equal(flow.state.step, 'code')
  assert.equal(server.messages(phoneNumber).length, 1)

  await flow.verifyCode(server.code(phoneNumber))
  offline = true
  await assert.rejects(flow.setPassword(PASSWORD), { code: 'network' })
  await assert.rejects(flow.submitProfile({ nickname: 'Ada' }), { code: 'network' })
  offline = false
  await flow.submitProfile({ nickname: 'Ada' })
  assert.equal(doorstep.session.state, 'signed_in')
})

test('no code is sent to a number that the user has corrected', async () => {
  let offline = true
  const send = fetchTransport()
  const transport: Transport = async (request) =>
    offline && request.url.endsWith('/send-code') ? Promise.reject(new Error('offline')) : send(request)
  const doorstep = client(server, { transport, clock: quickClock() })
  const [flow, mistyped, phoneNumber] = [doorstep.signUp(), server.newPhone(), server.newPhone()]
  const captcha = await solved(doorstep)
  await assert.rejects(flow.sendCode({ phoneNumber: mistyped, captcha }), { code: 'network' })
  offline = false
  await flow.sendCode({ phoneNumber, captcha })
  assert.deepEqual([server.messages(mistyped).length, server.messages(phoneNumber).length], [0, 1])
})

test('a password change with a lost answer keeps the session', async () => {
  let lose = 0
  const transport = faulty(() => (lose-- > 0 ? 'lost answer' : undefined))
  for (const keys of [null, memoryKeys()]) {
    const clock = quickClock()
    const doorstep = client(server, { transport, clock, keys })
    await signUp(server, doorstep)
    lose = 2
    await doorstep.account.changePassword({ currentPassword: PASSWORD, newPassword: 'staple battery horse' })
    clock.advance(900_000)
    assert.equal((await doorstep.account.me()).hasPassword, true)
  }
})

test('a deletion with a lost answer is a deletion', async () => {
  let lose = 0
  const transport = faulty(() => (lose-- > 0 ? 'lost answer' : undefined))
  const doorstep = client(server, { transport, clock: quickClock() })
  await signUp(server, doorstep)
  const reasons: string[] = []
  doorstep.session.onSignedOut((reason) => reasons.push(reason))
  lose = 1
  const { step } = await doorstep.deletion().withPassword(PASSWORD)
  assert.deepEqual([step, doorstep.session.state, reasons], ['done', 'signed_out', ['account_deleted']])
})

test('a busy service is asked again after a short Retry-After, a long one is an error', async () => {
  let refusals: string[] = []
  const send = fetchTransport()
  const transport: Transport = async (request) => {
    const retryAfter = refusals.shift()
    if (retryAfter === undefined) return send(request)
    const body = JSON.stringify({ code: 'overloaded', detail: 'busy', status: 503 })
    return { status: 503, headers: { 'retry-after': retryAfter }, body }
  }
  const doorstep = client(server, { transport, clock: quickClock() })
  await signUp(server, doorstep)
  refusals = ['1', '2']
  await doorstep.account.me()
  assert.deepEqual(refusals, [])
  refusals = ['60']
  await assert.rejects(doorstep.account.me(), { code: 'overloaded', retryAfter: 60 })

  // A captcha is used up by a refusal: the app shows another one.
  const captcha = await solved(doorstep)
  refusals = ['1']
  await assert.rejects(doorstep.signIn().sendCode({ phoneNumber: server.newPhone(), captcha }), { code: 'overloaded' })
})

test('the login page of a Wi-Fi is not an answer', async () => {
  let portal = false
  const send = fetchTransport()
  const transport: Transport = async (request) =>
    portal ? { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Log in</html>' } : send(request)
  const clock = quickClock()
  const doorstep = client(server, { transport, clock })
  await signUp(server, doorstep)
  clock.advance(900_000)
  portal = true
  await assert.rejects(doorstep.session.accessToken(), (error: DoorstepError) => error.code === 'invalid_answer')
  assert.equal(doorstep.session.state, 'signed_in')
  portal = false
  assert.equal((await doorstep.account.me()).nickname, 'Ada')
})
