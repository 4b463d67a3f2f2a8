import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Worker as Thread } from 'node:worker_threads'
import { solveInChunks, solveInWorker } from '../src/index.js'
import { defaultSolver } from '../src/proof-of-work/solve.js'
import { search } from '../src/proof-of-work/search.js'
import { client, solved } from './support/clients.js'
import { changing } from './support/faults.js'
import { Server } from './support/server.js'

let server: Server
before(async () => (server = await Server.start({ PROOF_OF_WORK: 'always', PROOF_OF_WORK_BITS: '12' })))
after(() => server.stop())

function zeroBits(challenge: string, nonce: string): number {
  const bits = [...createHash('sha256').update(`${challenge}:${nonce}`).digest()]
  return bits.map((byte) => byte.toString(2).padStart(8, '0')).join('').indexOf('1')
}

test('the search agrees with SHA-256 for challenges of every length', () => {
  for (let length = 1; length <= 140; length++) {
    const challenge = 'x'.repeat(length)
    const nonce = search(challenge, 8, 0, 100_000)
    assert.ok(zeroBits(challenge, String(nonce)) >= 8, `${length} characters, nonce ${nonce}`)
    for (let smaller = 0; smaller < nonce; smaller++) assert.ok(zeroBits(challenge, String(smaller)) < 8)
  }
})

test('the service accepts the proof, from the main thread and from a worker', async () => {
  for (const solveProofOfWork of [solveInChunks, solveInWorker]) {
    const doorstep = client(server, { solveProofOfWork })
    await doorstep.signUp().sendCode({ phoneNumber: server.newPhone(), captcha: await solved(doorstep) })
    const first = await doorstep.captcha({ kind: 'audio' })
    const second = await first.refresh()
    assert.ok(first.audio?.startsWith('data:audio/wav;base64,'))
    assert.ok(second.audio && second.id !== first.id)
  }
})

test('the worker runs elsewhere, and a page that forbids workers falls back', async () => {
  const globals = globalThis as { Worker?: unknown }
  const work = { challenge: 'challenge', bits: 8 }
  const sources: string[] = []
  class BrowserWorker {
    onmessage?: (event: { data: unknown }) => void
    onerror?: (event: { preventDefault(): void }) => void
    private readonly thread: Promise<Thread>
    constructor(url: string) {
      this.thread = fetch(url)
        .then((response) => response.text())
        .then((source) => {
          sources.push(source)
          const setup = `const{parentPort:p}=require('worker_threads');globalThis.postMessage=(m)=>p.postMessage(m);`
          const thread = new Thread(`${setup}${source};p.on('message',(data)=>onmessage({data}))`, { eval: true })
          thread.on('message', (data) => this.onmessage?.({ data }))
          thread.on('error', () => this.onerror?.({ preventDefault: () => undefined }))
          return thread
        })
    }
    postMessage = (data: unknown) => void this.thread.then((thread) => thread.postMessage(data))
    terminate = () => void this.thread.then((thread) => thread.terminate())
  }
  class ForbiddenWorker {
    constructor() {
      throw new Error('Content Security Policy')
    }
  }
  class BrokenWorker {
    onerror?: (event: { preventDefault(): void }) => void
    postMessage = () => void queueMicrotask(() => this.onerror?.({ preventDefault: () => undefined }))
    terminate = () => undefined
  }
  try {
    for (const Worker of [BrowserWorker, ForbiddenWorker, BrokenWorker]) {
      globals.Worker = Worker
      assert.equal(defaultSolver(), solveInWorker)
      assert.ok(zeroBits(work.challenge, await solveInWorker(work)) >= 8)
    }
    assert.equal(sources.length, 1)

    globals.Worker = BrowserWorker
    const abort = new AbortController()
    const endless = solveInWorker({ challenge: 'challenge', bits: 64 }, abort.signal)
    abort.abort()
    await assert.rejects(endless, { code: 'aborted' })
  } finally {
    delete globals.Worker
  }
  assert.equal(defaultSolver(), solveInChunks)
})

test('a proof of work is cancelled', async () => {
  const abort = new AbortController()
  const solving = solveInChunks({ challenge: 'challenge', bits: 64 }, abort.signal)
  abort.abort()
  await assert.rejects(solving, { code: 'aborted' })
})

test('a proof that is refused again and again is an error', async () => {
  let refused = 0
  const transport = changing((path, body) => {
    if (path === '/v1/captchas' && body['code']) refused++
    return body
  })
  const doorstep = client(server, { transport, solveProofOfWork: async () => '0' })
  await assert.rejects(doorstep.captcha(), { code: 'proof_of_work_invalid' })
  assert.equal(refused, 4)
})
