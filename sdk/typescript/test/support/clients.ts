import { Doorstep, DoorstepError, memoryKeys, memoryStore, type DoorstepOptions } from '../../src/index.js'
import type { Clock } from '../../src/platform/clock.js'
import { systemClock } from '../../src/platform/clock.js'
import type { Server } from './server.js'

export const PASSWORD = 'correct horse battery'

/** A clock that does not wait: a sleep moves it instead. */
export function quickClock(): Clock & { advance(milliseconds: number): void; sleepDevice(milliseconds: number): void } {
  const system = systemClock()
  let ahead = 0
  let asleep = 0
  return {
    advance: (milliseconds) => void (ahead += milliseconds),
    /** The monotonic clock of some platforms stops while the device sleeps. */
    sleepDevice: (milliseconds) => void (asleep += milliseconds),
    monotonic: () => system.monotonic() + ahead,
    wall: () => system.wall() + asleep,
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

/** Does what a number that had a code a moment ago may not do yet: waits as long as the service says. */
export async function afterCooldown<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (!(error instanceof DoorstepError) || error.code !== 'resend_cooldown') throw error
    await new Promise((resolve) => setTimeout(resolve, (error.retryAfter ?? 0) * 1000))
    return task()
  }
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
