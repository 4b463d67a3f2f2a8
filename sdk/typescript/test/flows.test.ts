// The flows of accounts that exist.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { memoryKeys } from '../src/index.js'
import { afterCooldown, client, memoryStore, PASSWORD, signUp, solved } from './support/clients.js'
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
