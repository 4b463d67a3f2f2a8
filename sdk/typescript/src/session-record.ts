import type { Schemas } from './generated/operations.js'
import type { KeyStore } from './keys.js'
import type { Contents, SignedOutReason } from './vault.js'

/** The known devices of an account are five; one app on one phone has few accounts. */
const MAX_DEVICES = 5

/** Facts of a sign-in that are not in the answer of the service. */
export interface SignedIn {
  /** Name of the session, made by the client. */
  id: string
  /** Name of the key whose proof the request had. */
  key?: string
  /** The flow that ends with the sign-in. */
  flow: string
}

/** Writes a sign-in into the record. */
export function putSession(contents: Contents, answer: Schemas['SignedIn'], { id, key, flow }: SignedIn): void {
  const { user, refresh_token: refreshToken, refresh_bound: bound, device_token: token } = answer
  const ownKey = bound ? key : undefined
  contents.session = { id, refreshToken, bound, user, ...(ownKey === undefined ? {} : { key: ownKey }) }
  const device = {
    userId: user.id,
    token,
    ...(user.phone_number ? { phone: user.phone_number } : {}),
    ...(ownKey === undefined ? {} : { key: ownKey }),
  }
  const others = contents.devices.filter(({ userId }) => userId !== user.id)
  contents.devices = [device, ...others].slice(0, MAX_DEVICES)
  delete contents.ended
  delete contents.flows[flow]
  removeFlowsOfOthers(contents, user.id)
}

/** Removes a session from the record, if it is still the given one. */
export function endSession(
  contents: Contents,
  reason: SignedOutReason,
  options: { session?: string; token?: string; forgetDevice?: boolean },
): void {
  const { session } = contents
  if (!session || (options.session !== undefined && session.id !== options.session)) return
  if (options.token !== undefined && session.refreshToken !== options.token) return
  delete contents.session
  contents.ended = { session: session.id, reason }
  if (options.forgetDevice) contents.devices = contents.devices.filter(({ userId }) => userId !== session.user.id)
  removeFlowsOfOthers(contents, undefined)
}

/** The device token for a number that the user typed, in any of its forms. */
export function findDevice(contents: Contents, phoneNumber: string): Contents['devices'][number] | undefined {
  const typed = digits(phoneNumber).replace(/^0+/, '')
  if (typed.length < 7) return undefined
  return contents.devices.find(({ phone }) => phone !== undefined && digits(phone).endsWith(typed))
}

/** The names of all keys in the record. */
export function keyNames(contents: Contents): string[] {
  const flows = Object.values(contents.flows)
  const users = [contents.session, ...contents.devices, ...flows, ...flows.map(({ pending }) => pending)]
  return users.map((user) => user?.key).filter((key): key is string => key !== undefined)
}

/** Deletes those keys that nothing in the record names any more. A key that stays is no harm, so no error is one. */
export async function cleanKeys(
  keys: KeyStore | null,
  contents: Contents,
  names: readonly (string | undefined)[],
): Promise<void> {
  const used = keyNames(contents)
  for (const name of new Set(names)) {
    if (name !== undefined && !used.includes(name)) await keys?.delete(name).catch(() => undefined)
  }
}

function removeFlowsOfOthers(contents: Contents, userId: string | undefined): void {
  for (const [name, flow] of Object.entries(contents.flows)) {
    if (flow.userId !== undefined && flow.userId !== userId) delete contents.flows[name]
  }
}

function digits(text: string): string {
  const ascii = text.replace(/[\uff10-\uff19]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
  return ascii.replace(/\D/g, '')
}
