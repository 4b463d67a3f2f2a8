import { Doorstep, memoryKeys, memoryStore, type DoorstepOptions } from '../../src/index.js'
import type { Clock } from '../../src/platform/clock.js'
import { systemClock } from '../../src/platform/clock.js'
import type { Server } from './server.js'

export const PASSWORD = 'correct horse battery'

/** A clock that does not wait: a sleep moves it instead. */
export function quickClock(): Clock & { advance(milliseconds: number): void } {
  const system = systemClock()
  let ahead = 0
  return {
    advance: (milliseconds) => void (ahead += milliseconds),
    monotonic: () => system.monotonic() + ahead,
    wall: () => system.wall(),
    sleep: async () => undefined,
  }
}

export function client(server: Server, options: Partial<DoorstepOptions> = {}): Doorstep {
  return new Doorstep({
    baseUrl: server.url,
    store: memoryStore(),
    keys: null,
    deviceName: 'Test phone',
    ...options,
  })
}

/** The answer that development mode accepts for every captcha. */
export async function solved(doorstep: Doorstep): Promise<{ id: string; answer: string }> {
  const { id } = await doorstep.captcha()
  return { id, answer: 'letmein' }
}

/** Signs a new user up. */
export async function signUp(server: Server, doorstep: Doorstep, phoneNumber = server.newPhone()): Promise<string> {
  const flow = doorstep.signUp()
  await flow.sendCode({ phoneNumber, captcha: await solved(doorstep) })
  await flow.verifyCode(server.code(phoneNumber))
  await flow.setPassword(PASSWORD)
  await flow.submitProfile({ nickname: 'Ada' })
  return phoneNumber
}

export { memoryKeys, memoryStore }
