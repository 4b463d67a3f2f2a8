import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const TREE = join(process.cwd(), '../..')
const BINARY = process.env['DOORSTEP_BINARY'] ?? join(TREE, 'target/debug/doorstep')

/** Settings for tests with hundreds of requests. */
export const WITHOUT_LIMITS: Record<string, string> = {
  COOLDOWN_SECONDS: '1',
  LIMIT_IP_CAPTCHAS: '100000',
  LIMIT_IP_PHONES_HOUR: '100000',
  LIMIT_IP_SENDS: '100000',
  LIMIT_IP_UNVERIFIED_HOUR: '100000',
  LIMIT_PHONE_DAY: '100',
  LIMIT_PHONE_HOUR: '100',
  PROOF_OF_WORK: 'off',
  SMS_BUDGET_DAY: '100000',
  SMS_BUDGET_HOUR: '100000',
  SMS_BUDGET_REGION_HOUR: '100000',
  SMS_BUDGET_REGION_UNVERIFIED_HOUR: '100000',
}

/** A real doorstep in development mode, in a folder of its own. */
export class Server {
  readonly url: string
  private readonly folder = mkdtempSync(join(tmpdir(), 'doorstep-client-'))
  private readonly child: ChildProcess
  private output = ''
  private next = 0

  private constructor(port: number, settings: Record<string, string>) {
    if (!existsSync(BINARY)) throw new Error(`no ${BINARY}: build doorstep, or set DOORSTEP_BINARY`)
    this.url = `http://127.0.0.1:${port}`
    const env = { PATH: process.env['PATH'], BIND: `127.0.0.1:${port}`, METRICS_BIND: 'off', PUBLIC_URLS: this.url }
    this.child = spawn(BINARY, { cwd: this.folder, env: { ...env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.output += data.toString()))
    }
  }

  /** Starts the service, and waits until it listens. */
  static async start(settings: Record<string, string> = {}): Promise<Server> {
    const server = new Server(await freePort(), settings)
    await new Promise<void>((resolve, reject) => {
      const look = () => server.output.includes('listening on') && resolve()
      server.child.stdout?.on('data', look)
      server.child.on('exit', (code) => reject(new Error(`doorstep ended with ${code}:\n${server.output}`)))
    })
    return server
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.kill('SIGKILL')
    await ended
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A number that no test has used yet. */
  newPhone(): string {
    return `+86139${String(10_000_000 + this.next++)}`
  }

  /** The messages to a number. */
  messages(phone: string): string[] {
    const outbox = join(this.folder, 'data/outbox.log')
    const lines = existsSync(outbox) ? readFileSync(outbox, 'utf8').split('\n') : []
    return lines.filter((line) => line.startsWith(`SMS to ${phone}:`))
  }

  /** The code of the last message to a number. */
  code(phone: string): string {
    const code = this.messages(phone).pop()?.match(/\b\d{6}\b/)?.[0]
    if (!code) throw new Error(`no message to ${phone}`)
    return code
  }

  /** The code of a message that may still be on its way: the sign-in answers before it sends. */
  async codeOfMessage(number: number, phone: string): Promise<string> {
    for (const start = Date.now(); this.messages(phone).length < number; ) {
      if (Date.now() - start > 10_000) throw new Error(`no message ${number} to ${phone}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return this.code(phone)
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
