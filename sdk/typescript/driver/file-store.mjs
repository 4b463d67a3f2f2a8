// Store and keys in files, as a Node program would keep them. Several processes can use the same folders.

import fs from 'node:fs/promises'
import path from 'node:path'
import { randomUUID, webcrypto } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'

const nameOf = (key) => encodeURIComponent(key)

async function readOrNull(file) {
  try {
    return await fs.readFile(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

/** Writes the whole file or nothing: readers see the old or the new text. */
async function replace(file, text) {
  const draft = `${file}.${randomUUID()}`
  await fs.writeFile(draft, text, { mode: 0o600 })
  await fs.rename(draft, file)
}

/** A folder with one file for each key. */
export function fileStore(folder) {
  return {
    get: (key) => readOrNull(path.join(folder, nameOf(key))),
    set: (key, value) => {
      const file = path.join(folder, nameOf(key))
      return value === null ? fs.rm(file, { force: true }) : replace(file, value)
    },
    lock: async (name, task) => {
      const release = await acquire(path.join(folder, `${nameOf(name)}.lock`))
      try {
        return await task()
      } finally {
        await release()
      }
    },
  }
}

const RETRY_MS = 5

/** Waits for the lock file. It contains the process that holds it: the lock of a process that has ended is broken. */
async function acquire(file) {
  const holder = `${process.pid} ${randomUUID()}`
  const draft = `${file}.${randomUUID()}`
  await fs.writeFile(draft, holder)
  try {
    while (!(await linked(draft, file))) {
      const other = await readOrNull(file)
      if (other !== null && !isAlive(other)) await breakLock(file, other)
      else await after(RETRY_MS)
    }
  } finally {
    await fs.rm(draft, { force: true })
  }
  return () => fs.rm(file, { force: true })
}

/** Creates the file with its content in one step, unless it exists. */
async function linked(draft, file) {
  try {
    await fs.link(draft, file)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isAlive(holder) {
  try {
    process.kill(Number(holder.split(' ')[0]), 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Removes the lock of a process that has ended. One process does this, so that nobody removes the lock after it. */
async function breakLock(file, holder) {
  const breaking = `${file}.break.${holder.split(' ')[1]}`
  try {
    await fs.writeFile(breaking, '', { flag: 'wx' })
  } catch (error) {
    if (error.code === 'EEXIST') return after(RETRY_MS)
    throw error
  }
  if ((await readOrNull(file)) === holder) await fs.rm(file, { force: true })
  await fs.rm(breaking, { force: true })
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' }

/** Keys in files. They stand for the key store of a device: unlike there, a program can copy these. */
export function fileKeys(folder) {
  const file = (name) => path.join(folder, nameOf(name))
  return {
    create: async (name) => {
      const { privateKey } = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
      const jwk = await webcrypto.subtle.exportKey('jwk', privateKey)
      await fs.mkdir(folder, { recursive: true })
      await replace(file(name), JSON.stringify(jwk))
      return deviceKey(jwk)
    },
    get: async (name) => {
      const text = await readOrNull(file(name))
      return text === null ? null : deviceKey(JSON.parse(text))
    },
    delete: (name) => fs.rm(file(name), { force: true }),
  }
}

async function deviceKey(jwk) {
  const key = await webcrypto.subtle.importKey('jwk', jwk, ALGORITHM, false, ['sign'])
  const { kty, crv, x, y } = jwk
  return {
    publicKey: { kty, crv, x, y },
    sign: async (data) => new Uint8Array(await webcrypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, data)),
  }
}
