import { DoorstepError } from './errors.js'
import type { Schemas } from './generated/operations.js'
import type { DeviceKey, KeyStore } from './keys.js'
import { Listeners } from './listeners.js'
import type { Clock } from './platform/clock.js'
import { randomName, type RandomSource } from './platform/random.js'
import { cleanKeys, endSession, keyNames, putSession, type SignedIn } from './session-record.js'
import type { SignedOutReason, StoredSession, Vault } from './vault.js'

/** `restoring`: the store is not read yet. `key_lost`: signed in, but the key is gone; sign in again. */
export type SessionState = 'restoring' | 'signed_out' | 'signed_in' | 'key_lost'

/** An access token, in memory only. */
interface Access {
  readonly session: string
  readonly token: string
  /** Time on the monotonic clock, which may stop while the device sleeps. */
  readonly expiresAt: number
  /** Time on the clock of the device, which its user may set. The earlier of both counts. */
  readonly expiresAtWall: number
}

/** The session in memory and in the store, and who wants to know of its changes. */
export class SessionMemory {
  state: SessionState = 'restoring'
  stored: StoredSession | undefined
  readonly signedOut = new Listeners<SignedOutReason>()
  readonly changed = new Listeners<SessionState>()
  private access: Access | undefined

  constructor(
    private readonly vault: Vault,
    private readonly keys: KeyStore | null,
    private readonly clock: Clock,
    private readonly random: RandomSource,
  ) {}

  async load(): Promise<void> {
    const { session } = await this.vault.read()
    const hasKey = session?.bound ? (await this.findKey(session)) !== undefined : true
    // A flow may have signed in meanwhile.
    if (this.state !== 'restoring') return
    if (!session) this.clear()
    else if (!hasKey) this.loseKey(session)
    else this.adopt(session)
  }

  /** The access token, if it is valid for this time. */
  token(minTtlSeconds: number): string | undefined {
    const { access } = this
    if (!access || access.session !== this.stored?.id) return undefined
    const left = Math.min(access.expiresAt - this.clock.monotonic(), access.expiresAtWall - this.clock.wall())
    return left >= minTtlSeconds * 1000 ? access.token : undefined
  }

  forgetToken(): void {
    this.access = undefined
  }

  /** Stores the tokens of a sign-in, its device token and the end of its flow, in one write. */
  async begin(answer: Schemas['SignedIn'], signedIn: Omit<SignedIn, 'id'>): Promise<void> {
    const id = await randomName(this.random)
    let names: string[] = []
    const contents = await this.vault.update((contents) => {
      names = keyNames(contents)
      putSession(contents, answer, { ...signedIn, id })
    })
    if (contents.session) this.adopt(contents.session, answer)
    await cleanKeys(this.keys, contents, [...names, signedIn.key])
  }

  /** Stores renewed tokens, unless the session has gone on or ended meanwhile. */
  async renew(session: StoredSession, tokens: Schemas['Tokens'], flow?: string): Promise<string | undefined> {
    const contents = await this.vault.update((contents) => {
      const now = contents.session
      if (now?.id === session.id && now.refreshToken === session.refreshToken) now.refreshToken = tokens.refresh_token
      if (flow) delete contents.flows[flow]
    })
    if (contents.session?.id !== session.id) return undefined
    this.adopt(contents.session, tokens)
    return tokens.access_token
  }

  /** Stores what the service says about the account. */
  async setUser(user: Schemas['User'], flow?: string): Promise<void> {
    const contents = await this.vault.update((contents) => {
      if (contents.session?.user.id === user.id) contents.session.user = user
      if (flow) delete contents.flows[flow]
    })
    if (contents.session && contents.session.id === this.stored?.id) this.adopt(contents.session)
  }

  /** Removes the session from this device, and tells the app. */
  async end(reason: SignedOutReason, options: { forgetDevice?: boolean; token?: string } = {}): Promise<void> {
    const lost = this.stored
    const ending = { ...options, session: lost?.id }
    const contents = await this.vault.update((contents) => endSession(contents, reason, ending))
    if (contents.session) return this.adopt(contents.session)
    const isTold = this.stored === undefined
    this.clear()
    // Another tab may have ended it, for a reason of its own.
    if (lost && !isTold) this.signedOut.emit(contents.ended?.session === lost.id ? contents.ended.reason : reason)
    await cleanKeys(this.keys, contents, [lost?.key])
  }

  /** Keeps the tokens: the key may be back at the next start, and the user may see whose session it was. */
  loseKey(session: StoredSession): DoorstepError {
    this.stored = session
    this.access = undefined
    this.become('key_lost')
    return new DoorstepError('key_lost', 'the key of this session is not on this device any more: sign in again')
  }

  async findKey(session: StoredSession): Promise<DeviceKey | undefined> {
    return (session.key !== undefined && (await this.keys?.get(session.key))) || undefined
  }

  adopt(session: StoredSession, tokens?: Schemas['Tokens']): void {
    const other = this.state === 'signed_in' && this.stored?.user.id !== session.user.id
    this.stored = session
    if (tokens) {
      const life = tokens.expires_in * 1000
      this.access = {
        session: session.id,
        token: tokens.access_token,
        expiresAt: this.clock.monotonic() + life,
        expiresAtWall: this.clock.wall() + life,
      }
    }
    if (other) this.changed.emit('signed_in')
    this.become('signed_in')
  }

  private clear(): void {
    this.stored = this.access = undefined
    this.become('signed_out')
  }

  private become(state: SessionState): void {
    if (this.state === state) return
    this.state = state
    this.changed.emit(state)
  }
}
