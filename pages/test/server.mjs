// The service itself, in a folder of its own and on free ports. Nothing of it is replaced.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
  return {
    url,
    output: () => output,
    /** The last code for a number, as the console provider has written it. */
    async code(phone) {
      const lines = (await readFile(join(folder, 'data/outbox.log'), 'utf8')).split('\n')
      const line = lines.filter((one) => one.includes(phone)).pop() ?? ''
      return /\b\d{6}\b/.exec(line.slice(line.indexOf(phone) + phone.length))?.[0]
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
