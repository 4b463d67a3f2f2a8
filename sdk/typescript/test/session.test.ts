import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fetchTransport, type Doorstep, type Exchange, type Store, type Transport } from '../src/index.js'
import { client, memoryKeys, memoryStore, PASSWORD, quickClock, signUp } from './support/clients.js'
import { faulty } from './support/faults.js'
import { Server, WITHOUT_LIMITS } from './support/server.js'

let server: Server
before(async () => (server = await Server.start(WITHOUT_LIMITS)))
after(() => server.stop())

function reasonsOf(doorstep: Doorstep): string[] {
  const reasons: string[] = []
  doorstep.session.onSignedOut((reason) => reasons.push(reason))
  return reasons
}

async function copyOf(store: Store): Promise<Store> {
  const copy = memoryStore()
  await copy.set('doorstep', await store.get('doorstep'))
  return copy
}

test('many callers wait for one refresh', async () => {
  const clock = quickClock()
  let refreshes = 0
  const onRequest = ({ operation }: Exchange) => void (refreshes += Number(operation === 'tokensRefresh'))
  const doorstep = client(server, { clock, onRequest })
  await signUp(server, doorstep)
  clock.advance(900_000)
  const tokens = await Promise.all([1, 2, 3, 4, 5].map(() => doorstep.session.accessToken()))
  assert.equal(new Set(tokens).size, 1)
  assert.equal(refreshes, 1)
})

test('a token with less life than the caller needs is refreshed', async () => {
  const clock = quickClock()
  const doorstep = client(server, { clock })
  await signUp(server, doorstep)
  const token = await doorstep.session.accessToken()
  clock.advance(800_000)
  assert.equal(await doorstep.session.accessToken(60), token)
  assert.notEqual(await doorstep.session.accessToken(120), token)
})

test('an access token that the service refuses is refreshed once', async () => {
  const doorstep = client(server)
  await signUp(server, doorstep)
  const operations: string[] = []
  const send = fetchTransport()
  const expired: Transport = async (request) => {
    operations.push(new URL(request.url).pathname)
    if (operations.length > 1) return send(request)
    return { status: 401, headers: {}, body: JSON.stringify({ code: 'token_expired', detail: '', status: 401 }) }
  }
  const store = memoryStore()
  const other = client(server, { store })
  await signUp(server, other)
  const tested = client(server, { store, transport: expired })
  operations.push('skip the refresh at the start')
  await tested.session.accessToken()
  operations.length = 0
  assert.equal((await tested.account.me()).nickname, 'Ada')
  assert.deepEqual(operations, ['/v1/me', '/v1/token/refresh', '/v1/me'])
})

test('a sign-out works without a network, and keeps the device known', async () => {
  const store = memoryStore()
  let offline = false
  const send = fetchTransport()
  const transport: Transport = async (request) => (offline ? Promise.reject(new Error('offline')) : send(request))
  const doorstep = client(server, { store, transport, clock: quickClock() })
  const phoneNumber = await signUp(server, doorstep)
  const reasons = reasonsOf(doorstep)
  offline = true
  await assert.rejects(doorstep.session.signOut({ everywhere: true }), { code: 'network' })
  assert.equal(doorstep.session.state, 'signed_in')
  await doorstep.session.signOut()
  assert.deepEqual([doorstep.session.state, reasons], ['signed_out', ['signed_out']])
  await assert.rejects(doorstep.session.accessToken(), { code: 'signed_out' })

  offline = false
  await doorstep.signIn().withPassword({ phoneNumber: phoneNumber.slice(3), password: PASSWORD })
  const [session] = (await doorstep.account.sessions()).filter(({ current }) => current)
  assert.ok(session?.knownDevice && session.deviceKnownSince && session.deviceKnownSince < session.createdAt)
})

test('a sign-out whose answer is lost is a sign-out', async () => {
  let lose = 0
  const transport = faulty(() => (lose-- > 0 ? 'lost answer' : undefined))
  const doorstep = client(server, { transport, clock: quickClock() })
  await signUp(server, doorstep)
  const reasons = reasonsOf(doorstep)
  lose = 1
  await doorstep.session.signOut()
  assert.deepEqual([doorstep.session.state, reasons], ['signed_out', ['signed_out']])
})

test('a refresh is not repeated before the Retry-After of the service', async () => {
  let requests = 0
  let busy = false
  const send = fetchTransport()
  const transport: Transport = async (request) => {
    if (!busy) return send(request)
    requests++
    const body = JSON.stringify({ code: 'overloaded', detail: 'busy', status: 503 })
    return { status: 503, headers: { 'retry-after': '60' }, body }
  }
  const clock = quickClock()
  const doorstep = client(server, { transport, clock })
  await signUp(server, doorstep)
  clock.advance(900_000)
  busy = true
  for (let widget = 0; widget < 10; widget++) {
    await assert.rejects(doorstep.session.accessToken(), { code: 'overloaded', status: 503 })
  }
  assert.equal(requests, 1)
  busy = false
  clock.advance(60_000)
  assert.ok(await doorstep.session.accessToken())
})

test('an access token ends while the device sleeps', async () => {
  const clock = quickClock()
  const doorstep = client(server, { clock })
  await signUp(server, doorstep)
  const token = await doorstep.session.accessToken()
  clock.sleepDevice(-3_600_000)
  assert.equal(await doorstep.session.accessToken(), token)
  clock.sleepDevice(3_600_000 + 900_000)
  assert.notEqual(await doorstep.session.accessToken(), token)
})

test('another device ends the session', async () => {
  const [clock, phone] = [quickClock(), client(server)]
  const phoneNumber = await signUp(server, phone)
  const tablet = client(server, { clock })
  await tablet.signIn().withPassword({ phoneNumber, password: PASSWORD })
  const reasons = reasonsOf(tablet)
  const [other] = (await phone.account.sessions()).filter(({ current }) => !current)
  await phone.account.endSession(other?.id ?? '')
  await assert.rejects(tablet.account.me(), { code: 'signed_out' })
  assert.deepEqual([tablet.session.state, reasons], ['signed_out', ['session_ended']])
})

test('a copied refresh token ends an unbound session, and the user is warned', async () => {
  const [store, clock] = [memoryStore(), quickClock()]
  const owner = client(server, { store, clock })
  await signUp(server, owner)
  const reasons = reasonsOf(owner)
  const thief = client(server, { store: await copyOf(store), clock })
  await thief.session.accessToken()
  clock.advance(900_000)
  await thief.session.accessToken()
  clock.advance(900_000)
  await assert.rejects(owner.session.accessToken(), { code: 'signed_out' })
  assert.deepEqual(reasons, ['refresh_reused'])
})

test('what changes the refresh token holds the lock of the store', async () => {
  const held = new Set<string>()
  const lock = async <T>(name: string, task: () => Promise<T>) => {
    held.add(name)
    return task().finally(() => held.delete(name))
  }
  const during: Record<string, boolean> = {}
  const send = fetchTransport()
  const transport: Transport = async (request) => {
    during[new URL(request.url).pathname] = held.has('doorstep.refresh')
    return send(request)
  }
  const clock = quickClock()
  const doorstep = client(server, { store: { ...memoryStore(), lock }, transport, clock })
  await signUp(server, doorstep)
  clock.advance(900_000)
  await doorstep.account.changePassword({ currentPassword: PASSWORD, newPassword: 'staple battery horse' })
  await doorstep.account.me()
  assert.deepEqual([during['/v1/token/refresh'], during['/v1/me/password'], during['/v1/me']], [true, true, false])
})

test('a token that is refused because another process was faster ends nothing', async () => {
  const inner = memoryStore()
  // No lock: each client has a store object of its own.
  const store = () => ({ get: inner.get, set: inner.set })
  const other = client(server, { store: store() })
  await signUp(server, other)
  let refusals = 1
  const send = fetchTransport()
  const transport: Transport = async (request) => {
    if (!request.url.endsWith('/refresh') || refusals-- <= 0) return send(request)
    await other.session.accessToken(10_000)
    return { status: 401, headers: {}, body: JSON.stringify({ code: 'refresh_invalid', detail: '', status: 401 }) }
  }
  const slow = client(server, { store: store(), transport })
  const reasons = reasonsOf(slow)
  assert.ok(await slow.session.accessToken())
  assert.deepEqual([slow.session.state, refusals, reasons], ['signed_in', -1, []])
})

test('a copy of a bound session is worth nothing, and its owner notices nothing', async () => {
  const [store, keys, clock] = [memoryStore(), memoryKeys(), quickClock()]
  const owner = client(server, { store, keys, clock })
  await signUp(server, owner)
  const thief = client(server, { store: await copyOf(store), keys: memoryKeys() })
  await assert.rejects(thief.session.accessToken(), { code: 'key_lost' })
  assert.equal(thief.session.state, 'key_lost')
  clock.advance(900_000)
  await owner.session.accessToken()
  assert.equal(owner.session.state, 'signed_in')
})

test('a lost key is not a sign-out, and the sign-in makes a new key', async () => {
  const store = memoryStore()
  const phoneNumber = await signUp(server, client(server, { store, keys: memoryKeys() }))
  const restarted = client(server, { store, keys: memoryKeys() })
  const reasons = reasonsOf(restarted)
  assert.equal(await restarted.session.restore(), 'key_lost')
  assert.equal(restarted.session.user?.nickname, 'Ada')
  await restarted.signIn().withPassword({ phoneNumber, password: PASSWORD })
  assert.deepEqual([restarted.session.state, restarted.session.bound, reasons], ['signed_in', true, []])
})

test('a wrong clock needs a nonce, and nobody notices', async () => {
  for (const hours of [-1, 1, 24 * 3650]) {
    const real = quickClock()
    const clock = { ...real, wall: () => real.wall() + hours * 3_600_000 }
    const doorstep = client(server, { clock, keys: memoryKeys() })
    await signUp(server, doorstep)
    real.advance(900_000)
    assert.equal((await doorstep.account.me()).nickname, 'Ada')
    assert.equal(doorstep.session.bound, true)
  }
})

test('a second client of the store sees the sign-out and its reason', async () => {
  const [store, clock] = [memoryStore(), quickClock()]
  const [first, second] = [client(server, { store }), client(server, { store, clock })]
  await signUp(server, first)
  assert.equal((await second.account.me()).nickname, 'Ada')
  const reasons = reasonsOf(second)
  await first.deletion().withPassword(PASSWORD)
  await assert.rejects(second.account.me(), { code: 'signed_out' })
  assert.deepEqual(reasons, ['account_deleted'])
})

test('an error in the log of the app is no error of the request', async () => {
  const onRequest = () => {
    throw new Error('the disk is full')
  }
  const doorstep = client(server, { onRequest })
  await signUp(server, doorstep)
  assert.equal((await doorstep.account.me()).nickname, 'Ada')
})

test('what one user began never happens to another', async () => {
  const store = memoryStore()
  const [first, second] = [client(server, { store }), client(server, { store })]
  await signUp(server, first)
  await second.account.me()
  const states: string[] = []
  second.session.onChange((state) => states.push(`${state} ${second.session.user?.nickname}`))

  await first.session.signOut()
  await signUp(server, first)
  await first.account.update({ nickname: 'Grace' })
  await assert.rejects(second.account.update({ nickname: 'Ada II' }), { code: 'user_changed' })
  assert.equal((await first.account.me()).nickname, 'Grace')
  assert.deepEqual(states, ['signed_in Grace'])

  const change = async () => {
    await first.session.signOut()
    await signUp(server, first)
  }
  await change()
  await second.session.signOut()
  assert.equal(await client(server, { store }).session.restore(), 'signed_in')
  await change()
  const flow = second.phoneConfirmation()
  await assert.rejects(flow.sendCode(), { code: 'user_changed' })
  assert.deepEqual([flow.state.step, flow.state.endedBy], ['ended', 'user_changed'])
  await first.account.update({ nickname: 'Grace' })
  assert.equal((await second.account.me()).nickname, 'Grace')
})

test('the key and the device of a user stay apart from those of another', async () => {
  const [store, keys] = [memoryStore(), memoryKeys()]
  const doorstep = client(server, { store, keys })
  const ada = await signUp(server, doorstep)
  await doorstep.session.signOut()
  await signUp(server, doorstep)
  await doorstep.session.signOut({ forgetDevice: true })
  await doorstep.signIn().withPassword({ phoneNumber: ada, password: PASSWORD })
  const contents = JSON.parse((await store.get('doorstep')) ?? '{}')
  assert.equal(contents.devices.length, 1)
  assert.equal(contents.session.key, contents.devices[0].key)
})
