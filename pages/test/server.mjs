// The service itself, in a folder of its own and on free ports. Nothing of it is replaced.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const program = process.env.DOORSTEP ?? new URL('../../target/debug/doorstep', import.meta.url).pathname

/** Starts the service with these settings. */
export async function startServer(settings = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'doorstep-pages-'))
  const child = spawn(program, {
    cwd: folder,
    env: { BIND: '127.0.0.1:0', METRICS_BIND: 'off', LOG: 'info', LOG_FORMAT: 'json', NO_COLOR: '1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const url = await new Promise((resolve, reject) => {
    const read = (bytes) => {
      output += bytes
      const found = /listening on (http:\/\/[^\s"]+)/.exec(output)
      if (found) resolve(`${found[1]}/`)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', (code) => reject(new Error(`the service ended with ${code}\n${output}`)))
  })
  /** Messages of each number that a test has read. */
  const counts = new Map()
  const fixedCode = /=(\d{6})@/.exec(settings.TEST_PHONES ?? '')?.[1]
  return {
    url,
    /** The file of the users. */
    database: join(folder, 'data/doorstep.sqlite3'),
    /** Calls the API without the pages. */
    async api(method, path, { body, token } = {}) {
      const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
      const answer = await fetch(new URL(path, url), { method, headers, body: body && JSON.stringify(body) })
      const text = await answer.text()
      return { status: answer.status, body: text ? JSON.parse(text) : undefined }
    },
    output: () => output,
    /** The next code for a number, as the console provider writes it: some messages follow their answer. */
    async code(phone) {
      const seen = (counts.get(phone) ?? 0) + 1
      for (const end = Date.now() + 8_000; Date.now() < end; await setTimeout(20)) {
        const lines = (await readFile(join(folder, 'data/outbox.log'), 'utf8')).split('\n')
        const line = lines.filter((one) => one.includes(phone))[seen - 1]
        if (!line) continue
        counts.set(phone, seen)
        return /\b\d{6}\b/.exec(line.slice(line.indexOf(phone) + phone.length))[0]
      }
      throw new Error(`no message to ${phone}`)
    },
    /** The body of a request for a captcha, with a proof of work if the service wants one. */
    async proofOfWork() {
      const { body } = await this.api('POST', 'v1/captchas', { body: {} })
      if (!body.proof_of_work) return {}
      const { challenge, bits } = body.proof_of_work
      const hash = (nonce) => createHash('sha256').update(`${challenge}:${nonce}`).digest().readUInt32BE()
      let nonce = 0
      while (hash(nonce) >>> (32 - bits) !== 0) nonce++
      return { proof_of_work: { challenge, nonce: String(nonce) } }
    },
    /** Creates an account without the pages. Returns its access token. */
    async signUp(phone, password = 'correct horse battery') {
      const step = async (path, body) => {
        const { status, body: answer } = await this.api('POST', path, { body })
        if (status >= 300) throw new Error(`${path}: ${JSON.stringify(answer)}`)
        return answer
      }
      const { captcha_id } = await step('v1/captchas', await this.proofOfWork())
      const number = { phone_number: phone, captcha_id, captcha_answer: 'letmein' }
      const { ticket } = await step('v1/register/send-code', number)
      const isTest = settings.TEST_PHONES?.startsWith(phone)
      const code = isTest ? fixedCode : await this.code(phone)
      await step('v1/register/verify-code', { ticket, code })
      await step('v1/register/set-password', { ticket, password })
      const { access_token } = await step('v1/register/submit-profile', { ticket, nickname: 'Ada' })
      return access_token
    },
    async stop() {
      child.removeAllListeners('exit')
      const ended = new Promise((resolve) => child.on('exit', resolve))
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
