// The file store, used by several processes at the same time.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileKeys, fileStore } from './file-store.mjs'

let folder

before(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'file-store-'))))
after(() => fs.rmSync(folder, { recursive: true }))

/** A process that adds to a counter under a lock, and holds the lock at its end if it is to be killed. */
function adder(times, holds) {
  const program = `
    import { fileStore } from ${JSON.stringify(new URL('./file-store.mjs', import.meta.url).href)}
    const store = fileStore(${JSON.stringify(folder)})
    const add = async () => store.set('count', String(Number((await store.get('count')) ?? 0) + 1))
    for (let time = 0; time < ${times}; time++) await store.lock('counter', add)
    const hold = () => new Promise(() => setInterval(() => {}, 1000, console.log('held')))
    if (${holds}) await store.lock('counter', hold)`
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
}

test('four processes add to one counter, and the locks of killed ones are broken', async () => {
  const others = Array.from({ length: 4 }, () => once(adder(100, false), 'exit'))
  for (let round = 0; round < 3; round++) {
    const killed = adder(10, true)
    await once(killed.stdout, 'data')
    const ended = once(killed, 'exit')
    killed.kill('SIGKILL')
    await ended
  }
  await Promise.all(others)
  assert.equal(await fileStore(folder).get('count'), '430')
  const left = fs.readdirSync(folder).filter((name) => name.includes('.lock'))
  assert.ok(left.length <= 1, `files that are left: ${left}`)
})

test('a key signs after it was read again, and is gone after its deletion', async () => {
  const keys = fileKeys(path.join(folder, 'keys'))
  const { publicKey } = await keys.create('phone/1')
  const again = await keys.get('phone/1')
  assert.deepEqual(again.publicKey, publicKey)
  const data = new TextEncoder().encode('text')
  const key = await crypto.subtle.importKey('jwk', publicKey, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
  assert.ok(await crypto.subtle.verify(algorithm, key, await again.sign(data), data))
  await keys.delete('phone/1')
  assert.equal(await keys.get('phone/1'), null)
})
