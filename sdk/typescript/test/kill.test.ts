// The process of the app ends at every write of the store and at every request: nobody is signed out, no second
// message is sent, and no second user is created.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Doorstep, KeyStore, Store } from '../src/index.js'
import { afterCooldown, client, memoryKeys, memoryStore, PASSWORD } from './support/clients.js'
import { quickClock, signUp, solved } from './support/clients.js'
import { Process } from './support/faults.js'
import { Server, WITHOUT_LIMITS } from './support/server.js'

let server: Server
before(async () => (server = await Server.start(WITHOUT_LIMITS)))
after(() => server.stop())

interface Phone {
  store: Store
  keys: KeyStore | null
}

const phone = (bound: boolean): Phone => ({ store: memoryStore(), keys: bound ? memoryKeys() : null })

function start({ store, keys }: Phone, process: Process): Doorstep {
  const options = { store: process.store(store), transport: process.transport(), keys, clock: quickClock() }
  return client(server, options)
}

/** Every moment at which the work can be killed, from one run without a fault. */
async function moments(work: (process: Process) => Promise<unknown>): Promise<string[]> {
  const counted = new Process()
  await work(counted)
  const of = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => [`${name} ${i + 1} before`, `${name} ${i + 1} after`]).flat()
  return [...of('write', counted.writes), ...of('request', counted.requests)]
}

/** A user who goes on wherever the app is, until they are signed in. */
async function signUpStepwise(doorstep: Doorstep, phoneNumber: string): Promise<void> {
  if ((await doorstep.session.restore()) === 'signed_in') return
  const flow = doorstep.signUp()
  await flow.resume()
  for (let step = 0; doorstep.session.state !== 'signed_in'; step++) {
    assert.ok(step < 6, `stuck at ${flow.state.step}`)
    if (flow.state.step === 'start') await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
    else if (flow.state.step === 'code') await flow.verifyCode(server.code(phoneNumber))
    else if (flow.state.step === 'password') await flow.setPassword(PASSWORD)
    else await flow.submitProfile({ nickname: 'Ada' })
  }
}

async function killed(work: () => Promise<unknown>, process: Process): Promise<void> {
  await work().catch((error) => assert.ok(process.killed, error))
}

for (const bound of [false, true]) {
  const kind = bound ? 'bound' : 'unbound'

  test(`a sign-up is killed at every moment, ${kind}`, async () => {
    const all = await moments((process) => signUpStepwise(start(phone(bound), process), server.newPhone()))
    assert.ok(all.length > 20, all.join())
    for (const moment of all) {
      const [device, phoneNumber] = [phone(bound), server.newPhone()]
      const process = new Process(moment)
      await killed(() => signUpStepwise(start(device, process), phoneNumber), process)
      assert.ok(process.killed, moment)

      const restarted = start(device, new Process())
      await signUpStepwise(restarted, phoneNumber)
      assert.equal(server.messages(phoneNumber).length, 1, moment)
      assert.equal(restarted.session.bound, bound, moment)
      assert.equal((await restarted.signUp().resume()).step, 'start', moment)
      assert.equal((await restarted.account.sessions()).length, 1, moment)
    }
  })

  test(`refreshes are killed at every moment, ${kind}`, async () => {
    const device = phone(bound)
    await signUp(server, start(device, new Process()))
    const refresh = async (process: Process) => {
      const doorstep = start(device, process)
      await doorstep.session.accessToken()
      await doorstep.account.me()
    }
    const all = await moments(refresh)
    for (const moment of [...all, ...all, ...all]) {
      const process = new Process(moment)
      await killed(() => refresh(process), process)
      assert.ok(process.killed, moment)
      const restarted = start(device, new Process())
      assert.equal((await restarted.account.me()).nickname, 'Ada', moment)
    }
  })

  test(`a sign-in with a code is killed at every moment, ${kind}`, async () => {
    const signIn = async (doorstep: Doorstep, phoneNumber: string) => {
      if ((await doorstep.session.restore()) === 'signed_in') return
      const flow = doorstep.signIn()
      await flow.resume()
      const start = async () => flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
      if (flow.state.step === 'start') await afterCooldown(start)
      if (flow.state.step === 'code') await flow.verifyCode(await server.codeOfMessage(2, phoneNumber))
    }
    const all = await moments(async (process) => {
      const phoneNumber = await signUp(server, client(server))
      await signIn(start(phone(bound), process), phoneNumber)
    })
    assert.ok(all.length > 10, all.join())
    const users = await Promise.all(all.map(() => signUp(server, client(server))))
    for (const [number, moment] of all.entries()) {
      const [device, phoneNumber] = [phone(bound), users[number] ?? '']
      const before = server.messages(phoneNumber).length
      const process = new Process(moment)
      await killed(() => signIn(start(device, process), phoneNumber), process)

      const restarted = start(device, new Process())
      await signIn(restarted, phoneNumber)
      assert.equal(restarted.session.state, 'signed_in', moment)
      assert.equal(server.messages(phoneNumber).length, before + 1, moment)
      assert.equal((await restarted.account.sessions()).length, 2, moment)
    }
  })
}
