// The bundle on platforms that lack most of what browsers have: a context without any global but those of the language.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { after, before, test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import type * as Client from '../src/index.js'
import { PASSWORD } from './support/clients.js'
import { Server } from './support/server.js'

let server: Server
before(async () => (server = await Server.start({ PROOF_OF_WORK: 'always', PROOF_OF_WORK_BITS: '10' })))
after(() => server.stop())

/** Loads the bundle where only these globals exist beside those of the language. */
function load(globals: Record<string, unknown>): typeof Client {
  const context = createContext({ setTimeout, clearTimeout, ...globals, module: { exports: {} } })
  runInContext(readFileSync('build/test/client.cjs', 'utf8'), context)
  return runInContext('module.exports', context)
}

/** `wx` as the documentation of mini-programs describes it. */
function simulatedWx() {
  const storage = new Map<string, string>()
  const methods: string[] = []
  return {
    methods,
    storage,
    getStorageSync: (key: string) => storage.get(key) ?? '',
    setStorageSync: (key: string, value: string) => void storage.set(key, value),
    removeStorageSync: (key: string) => void storage.delete(key),
    getRandomValues({ length, success }: { length: number; success(result: { randomValues: ArrayBuffer }): void }) {
      success({ randomValues: globalThis.crypto.getRandomValues(new Uint8Array(length)).buffer })
    },
    request(options: Parameters<Client.Wx['request']>[0]) {
      methods.push(options.method)
      if (!['GET', 'POST', 'PUT', 'DELETE'].includes(options.method)) return options.fail({ errMsg: 'method' })
      // Mini-programs add this header to requests without a body, too.
      const headers = { 'content-type': 'application/json', ...options.header }
      const sent = httpRequest(options.url, { method: options.method, headers }, (response) => {
        let data = ''
        response.setEncoding('utf8').on('data', (part) => (data += part))
        response.on('end', () => {
          const header: Record<string, string> = {}
          for (const name of Object.keys(response.headers)) {
            header[name.toUpperCase()] = String(response.headers[name])
          }
          options.success({ statusCode: response.statusCode ?? 0, data, header })
        })
      })
      sent.on('error', (error) => options.fail({ errMsg: error.message }))
      sent.end(options.data)
    },
  }
}

async function walk(doorstep: Client.Doorstep): Promise<void> {
  const flow = doorstep.signUp()
  const phoneNumber = server.newPhone()
  const { id } = await doorstep.captcha()
  await flow.sendCode({ phoneNumber, captcha: { id, answer: 'letmein' } })
  await flow.verifyCode(server.code(phoneNumber))
  await flow.setPassword(PASSWORD)
  await flow.submitProfile({ nickname: '小明 👋' })
  assert.equal((await doorstep.account.me()).nickname, '小明 👋')
  const changed = await doorstep.account.update({ birthday: '2000-02-29' })
  assert.equal(changed.birthday, '2000-02-29')
  assert.equal((await doorstep.account.update({ clear: ['birthday'] })).birthday, null)
}

test('a mini-program without fetch, URL, TextEncoder, crypto and PATCH', async () => {
  const wx = simulatedWx()
  const { Doorstep, wxPlatform, wxTransport } = load({})
  const request = { method: 'GET', url: `${server.url}/healthz`, headers: {}, timeout: 10_000 } as const
  assert.ok((await wxTransport(wx)(request)).headers['x-request-id'])
  await walk(new Doorstep({ baseUrl: server.url, ...wxPlatform(wx) }))
  assert.ok(!wx.methods.includes('PATCH'))

  const restarted = new Doorstep({ baseUrl: server.url, ...wxPlatform(wx) })
  assert.equal(await restarted.session.restore(), 'signed_in')
  assert.ok(await restarted.session.accessToken())
  await assert.rejects(restarted.account.refuse('01a22b95-a478-7d52-9e93-63449f7b55c8'), { code: 'not_found' })
  await restarted.session.signOut()
  assert.equal(restarted.session.state, 'signed_out')
})

test('React Native without URL, TextEncoder, WebCrypto, localStorage and Web Locks', async () => {
  const getRandomValues = (bytes: Uint8Array) => globalThis.crypto.getRandomValues(bytes)
  const { Doorstep, memoryStore } = load({ fetch, AbortController, crypto: { getRandomValues } })
  const store = memoryStore()
  const doorstep = new Doorstep({ baseUrl: `${server.url}/`, store })
  await walk(doorstep)
  assert.equal(doorstep.session.bound, false)
  await doorstep.session.signOut()
})

test('a platform without random numbers says what to do', async () => {
  const { Doorstep } = load({ fetch })
  await assert.rejects(walk(new Doorstep({ baseUrl: server.url })), /pass `random` to the client/)
})

test('localStorage is shared by two tabs, with Web Locks where the browser has them', async () => {
  const values = new Map<string, string>()
  const localStorage = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  }
  const locked: string[] = []
  const request = async <T>(name: string, task: () => Promise<T>) => (locked.push(name), task())
  const tab = () => load({ fetch, crypto: globalThis.crypto, localStorage, navigator: { locks: { request } } })
  const [first, second] = [tab(), tab()].map(({ Doorstep }) => new Doorstep({ baseUrl: server.url }))
  if (!first || !second) return assert.fail()
  await walk(first)
  assert.equal((await second.account.me()).nickname, '小明 👋')
  assert.deepEqual(new Set(locked), new Set(['doorstep.record', 'doorstep.refresh']))
})
