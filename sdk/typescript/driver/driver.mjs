// Driver for the scenarios in sdk/scenarios: one client, controlled by JSON lines on the standard input.

import readline from 'node:readline'
import { Doorstep, DoorstepError } from '../dist/esm/index.js'
import { fileKeys, fileStore } from './file-store.mjs'

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

let doorstep
let lastCaptcha
const flows = new Map()

/** Names of the protocol are in snake_case, those of this client in camelCase. */
const camelName = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
const snakeName = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function renamed(value, rename) {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [rename(name), renamed(member, rename)]))
}

function open({ base_url: baseUrl, store, keys, device_name: deviceName, client_id: clientId, ...options }) {
  const { language, clock_offset: offset, lock = true, crash_at: crash } = options
  const files = fileStore(store)
  if (crash !== undefined) files.set = crashing(files.set, crash)
  doorstep = new Doorstep({
    baseUrl,
    ...(clientId === undefined ? {} : { clientId }),
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(language === undefined ? {} : { language }),
    ...(offset === undefined ? {} : { clock: wrongClock(offset * 1000) }),
    store: lock ? files : withoutLock(files),
    keys: keys === null ? null : fileKeys(keys),
  })
  doorstep.session.onSignedOut((reason) => say({ event: 'signed_out', reason }))
  return { protocol: 1, language: 'typescript' }
}

/** A store whose processes cannot wait for each other. */
const withoutLock = ({ get, set }) => ({ get, set })

/** Ends the process before or after one of its writes, without any cleaning up. */
function crashing(set, { write, when }) {
  let writes = 0
  const die = () => process.kill(process.pid, 'SIGKILL')
  return async (key, value) => {
    writes += 1
    if (writes === write && when === 'before') die()
    await set(key, value)
    if (writes === write) die()
  }
}

/** A device whose user has set the clock wrongly. */
const wrongClock = (offset) => ({
  monotonic: () => performance.now(),
  wall: () => Date.now() + offset,
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
})

async function newCaptcha(options) {
  lastCaptcha = await doorstep.captcha(options)
  return describedCaptcha()
}

async function refreshedCaptcha() {
  const fresh = await lastCaptcha.refresh()
  lastCaptcha = fresh ?? lastCaptcha
  return describedCaptcha()
}

function describedCaptcha() {
  const { image, audio, refresh, ...described } = lastCaptcha
  const media = (image ?? audio).slice('data:'.length).split(';')[0]
  return { ...renamed(described, snakeName), media_type: media }
}

/** A text is the answer to a new captcha; an object names the captcha, too. */
async function solved(captcha) {
  if (typeof captcha !== 'string') return captcha
  const { id } = await doorstep.captcha()
  return { id, answer: captcha }
}

const sessionState = async () => ({ state: await doorstep.session.restore(), bound: doorstep.session.bound })

const session = {
  state: sessionState,
  access_token: ({ min_ttl: ttl }) => doorstep.session.accessToken(ttl),
  sign_out: async (options) => {
    await doorstep.session.signOut(renamed(options, camelName))
    return sessionState()
  },
}

const account = {
  me: () => doorstep.account.me(),
  update: ({ clear, ...fields }) =>
    doorstep.account.update({ ...renamed(fields, camelName), ...(clear ? { clear: clear.map(camelName) } : {}) }),
  change_password: (passwords) => doorstep.account.changePassword(renamed(passwords, camelName)),
  sessions: () => doorstep.account.sessions(),
  end_session: ({ id }) => doorstep.account.endSession(id),
  pending: () => doorstep.account.pending(),
  approve: ({ id }) => doorstep.account.approve(id),
  refuse: ({ id }) => doorstep.account.refuse(id),
  accept_documents: ({ documents }) => doorstep.account.acceptDocuments(documents),
}

const FLOWS = [
  'sign_up',
  'sign_in',
  'password_reset',
  'phone_change',
  'phone_confirmation',
  'first_password',
  'deletion',
  'reclaim',
]

function flow(name) {
  if (!flows.has(name)) flows.set(name, doorstep[camelName(name)]())
  return flows.get(name)
}

/** Methods that take one value and not an object. */
const PLAIN = ['verify_code', 'set_password', 'deletion.with_password']

async function callFlow(name, verb, { captcha, ...parameters }) {
  if (verb === 'state') return
  const values = renamed(parameters, camelName)
  if (captcha !== undefined) values.captcha = await solved(captcha)
  const all = Object.values(values)
  const plain = all.length < 2 && (PLAIN.includes(verb) || PLAIN.includes(`${name}.${verb}`))
  await flow(name)[camelName(verb)](plain || all.length === 0 ? all[0] : values)
}

function stateOf(name) {
  const state = flow(name).state
  return { ...renamed(state, snakeName), resend_in: state.resendIn(), expires_in: state.expiresIn() }
}

function described(error) {
  if (!(error instanceof DoorstepError)) return { code: 'defect', message: error.stack }
  const { code, status, message, retryAfter, attemptsLeft, documents, fields } = error
  return { code, status, message, retry_after: retryAfter, attempts_left: attemptsLeft, documents, fields }
}

async function run(target, verb, parameters) {
  if (target === 'open') return open(parameters)
  if (target === 'captcha') return verb === 'create' ? newCaptcha(parameters) : refreshedCaptcha()
  if (target === 'session') return session[verb](parameters)
  if (target === 'account') return renamed(await account[verb](parameters), snakeName)
  return callFlow(target, verb, parameters)
}

async function answer({ id, do: line, with: parameters = {} }) {
  const [target, verb] = line.split('.')
  const message = { id }
  try {
    message.value = await run(target, verb, parameters)
  } catch (error) {
    message.error = described(error)
  }
  if (FLOWS.includes(target)) message.state = stateOf(target)
  say(message)
}

readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => void answer(JSON.parse(line)))
  .on('close', () => process.exit(0))
