// The blocks of README.md run as they are, in their order, against a real service.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import * as client from '../src/index.js'
import { Server } from './support/server.js'

const DAY = 86_400_000
const until = new Date(Date.now() + 30 * DAY).toISOString().slice(0, 10)

let server: Server
before(async () => {
  const settings = { CAPTCHA_BYPASS_ANSWER: 'ADEHLM', TEST_PHONES: `+8613800138000=042137@${until}` }
  server = await Server.start(settings)
})
after(() => server.stop())

/** The blocks of one chapter, as scripts: imports and exports are names that the test gives. */
function blocks(heading: string): string[] {
  const chapter = readFileSync('README.md', 'utf8').split(/^#+ /m).find((text) => text.startsWith(heading)) ?? ''
  const found = [...chapter.matchAll(/```ts\n(.*?)```/gs)].map(([, block = '']) => block)
  assert.ok(found.length > 0, heading)
  return found.map((block) =>
    block
      .replace(/^import .*$/gm, '')
      .replace(/^export /gm, '')
      .replace('https://id.example.com', server.url)
      .replace('https://api.example.com/orders', `${server.url}/v1/me`),
  )
}

/** Runs a script with these names. Returns the values of `results`. */
async function run(script: string, names: Record<string, unknown>, ...results: string[]): Promise<unknown[]> {
  const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor
  const body = `${script}\nreturn [${results.join()}]`
  return new AsyncFunction(...Object.keys(names), body)(...Object.values(names))
}

test('the blocks from the sign-up to the errors run', async () => {
  const [setup = ''] = blocks('@doorstep/client')
  const [doorstep] = (await run(setup, { ...client }, 'doorstep')) as [client.Doorstep]
  const shown: string[] = []
  const show = ({ step }: client.FlowState) => shown.push(step)
  const [signUp = '', resume = ''] = blocks('Sign up')
  const image = { src: '' }
  await run(signUp, { doorstep, show, image })
  assert.ok(image.src.startsWith('data:image/png;base64,'))
  assert.deepEqual(shown, ['code', 'password', 'profile', 'done'])
  await run(resume, { doorstep })

  const reasons: string[] = []
  const [request = '', session = ''] = blocks('Call your API')
  const [response] = (await run(request, { doorstep }, 'response')) as [Response]
  assert.equal(response.status, 200)
  await run(session, { doorstep, showSignIn: (reason: string) => reasons.push(reason) })
  assert.deepEqual(reasons, ['signed_out'])

  const solved = async () => ({ id: (await doorstep.captcha()).id, answer: 'ADEHLM' })
  const captcha = await solved()
  const names = { doorstep, phoneNumber: '13800138000', password: 'correct horse battery', code: '042137', captcha }
  await run(blocks('Sign in')[0] ?? '', names)
  assert.equal(doorstep.session.state, 'signed_in')

  const flow = doorstep.signIn()
  await flow.sendCode({ phoneNumber: '13800138000', captcha: await solved() })
  const texts: string[] = []
  await run(blocks('Errors')[0] ?? '', { ...client, flow, code: '111111', show: (text: string) => texts.push(text) })
  assert.deepEqual(texts, ['Wrong code, 4 attempts left'])
})

test('the store of React Native has the form of a store', async () => {
  const entries = new Map<string, string>()
  const Keychain = {
    ACCESSIBLE: {},
    getGenericPassword: async ({ service }: { service: string }) =>
      entries.has(service) ? { password: entries.get(service) } : false,
    setGenericPassword: async (_: string, password: string, { service }: { service: string }) =>
      void entries.set(service, password),
    resetGenericPassword: async ({ service }: { service: string }) => void entries.delete(service),
  }
  const script = blocks('React Native')[0] ?? ''
  const [doorstep] = (await run(script, { ...client, Keychain }, 'doorstep')) as [client.Doorstep]
  const flow = doorstep.signUp()
  const { id } = await doorstep.captcha()
  await flow.sendCode({ phoneNumber: server.newPhone(), captcha: { id, answer: 'ADEHLM' } })
  assert.equal(JSON.parse(entries.get('doorstep') ?? '').flows.signUp.step, 'verify_code')
})
