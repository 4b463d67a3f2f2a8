import type { Api, SendOptions } from './api.js'
import { DoorstepError, hasCode } from './errors.js'
import { OPERATIONS, type Operations, type Schemas } from './generated/operations.js'
import type { DeviceKey, KeyStore } from './keys.js'
import { Listeners } from './listeners.js'
import type { User } from './models.js'
import { randomName } from './platform/random.js'
import { cleanKeys, endSession, putSession, type SignedIn } from './session-record.js'
import type { SignedOutReason, StoredSession, Vault } from './vault.js'
import { toUser } from './wire.js'

/** `restoring`: the store is not read yet. `key_lost`: signed in, but the key is gone; sign in again. */
export type SessionState = 'restoring' | 'signed_out' | 'signed_in' | 'key_lost'

interface Access {
  sessionId: string
  token: string
  /** On the monotonic clock. */
  expiresAt: number
}

/** Seconds that an access token must still be valid for an operation that renews the session, retries included. */
const CHANGE_TTL = 120
/** How often a refresh starts again because another process was faster. */
const REFRESH_ROUNDS = 5

/** The session of this device: gives access tokens, and refreshes them when needed. */
export class Session {
  private current: SessionState = 'restoring'
  private stored: StoredSession | undefined
  private access: Access | undefined
  private refreshing: Promise<Access> | undefined
  private restoring: Promise<void> | undefined
  /** An answer to the deletion of the account was lost: the end of the session is its success. */
  private deleting = false
  private readonly signedOut = new Listeners<SignedOutReason>()
  private readonly changed = new Listeners<SessionState>()

  /** Apps take it from `doorstep.session`. */
  constructor(
    private readonly api: Api,
    private readonly vault: Vault,
    private readonly keys: KeyStore | null,
  ) {}

  get state(): SessionState {
    return this.current
  }

  /** The account as the service described it last. */
  get user(): User | undefined {
    return this.stored && toUser(this.stored.user)
  }

  /** Whether a copy of the refresh token is worth nothing (DPoP). */
  get bound(): boolean {
    return this.stored?.bound ?? false
  }

  /** Tells the app that the session has ended. Returns the function that removes the listener. */
  onSignedOut(listener: (reason: SignedOutReason) => void): () => void {
    return this.signedOut.add(listener)
  }

  onChange(listener: (state: SessionState) => void): () => void {
    return this.changed.add(listener)
  }

  /** Reads the store. Needs no network. Every other call does this by itself. */
  async restore(): Promise<SessionState> {
    this.restoring ??= this.load().catch((error) => {
      this.restoring = undefined
      throw error
    })
    await this.restoring
    return this.current
  }

  /** An access token that is valid for at least this time, for the calls to your own back end. */
  async accessToken(minTtlSeconds = 30): Promise<string> {
    await this.restore()
    const access = this.access
    if (access && access.sessionId === this.stored?.id && this.remaining(access) >= minTtlSeconds) return access.token
    return (await this.refresh()).token
  }

  /** Sends an operation of the API with an access token. Names as on the wire. */
  async call<Id extends keyof Operations>(
    id: Id,
    body?: Operations[Id]['body'],
    options: Omit<SendOptions<Id>, 'body' | 'accessToken'> = {},
  ): Promise<Operations[Id]['answer']> {
    const idempotencyKey =
      options.idempotencyKey ?? (OPERATIONS[id].idempotencyKey && (await randomName(this.api.config.random)))
    const send = (accessToken: string) => this.api.send(id, { ...options, body, idempotencyKey, accessToken })
    const token = await this.accessToken()
    try {
      return await send(token)
    } catch (error) {
      if (!hasCode(error, 'token_expired', 'token_invalid', 'token_missing')) throw error
      const newToken = this.access && this.access.token !== token ? this.access.token : (await this.refresh()).token
      return send(newToken)
    }
  }

  /**
   * Signs this device out, also without a network. With `everywhere`, signs all devices out: this needs the service,
   * and the device stays signed in if it does not answer. With `forgetDevice`, the device is not known any more.
   */
  async signOut(options: { everywhere?: boolean; forgetDevice?: boolean } = {}): Promise<void> {
    if ((await this.restore()) === 'signed_out') return
    const body = {
      ...(options.everywhere ? { everywhere: true } : {}),
      ...(options.forgetDevice ? { forget_device: true } : {}),
    }
    try {
      await this.call('sessionsLogOut', body)
    } catch (error) {
      const over = hasCode(error, 'token_invalid', 'signed_out')
      if (options.everywhere && !over) throw error
    }
    await this.end('signed_out', { forgetDevice: options.forgetDevice || options.everywhere })
  }

  /** Stores the tokens of a sign-in, its device token and the end of its flow, in one write. */
  async begin(answer: Schemas['SignedIn'], signedIn: Omit<SignedIn, 'id'>): Promise<void> {
    const id = await randomName(this.api.config.random)
    const contents = await this.vault.update((contents) => putSession(contents, answer, { ...signedIn, id }))
    this.restoring = Promise.resolve()
    this.adopt(contents.session, answer)
    await cleanKeys(this.keys, contents, signedIn.key)
  }

  /** Stores the tokens of a password change. */
  private async renew(tokens: Schemas['Tokens'], flow?: string): Promise<void> {
    const id = this.stored?.id
    const contents = await this.vault.update((contents) => {
      if (contents.session?.id === id && contents.session) contents.session.refreshToken = tokens.refresh_token
      if (flow) delete contents.flows[flow]
    })
    if (contents.session?.id === id) this.adopt(contents.session, tokens)
  }

  /** Stores what the service says about the account. */
  async setUser(user: Schemas['User'], flow?: string): Promise<User> {
    const contents = await this.vault.update((contents) => {
      if (contents.session?.user.id === user.id) contents.session.user = user
      if (flow) delete contents.flows[flow]
    })
    if (this.stored && contents.session?.id === this.stored.id) this.adopt(contents.session)
    return toUser(user)
  }

  /** Removes the session from this device, and tells the app. */
  async end(reason: SignedOutReason, options: { forgetDevice?: boolean; token?: string } = {}): Promise<void> {
    const lost = this.stored
    const ending = { ...options, session: lost?.id }
    const contents = await this.vault.update((contents) => endSession(contents, reason, ending))
    if (contents.session) return this.adopt(contents.session)
    this.clear()
    // Another tab may have ended it, for a reason of its own.
    if (lost) this.signedOut.emit(contents.ended?.session === lost.id ? contents.ended.reason : reason)
    await cleanKeys(this.keys, contents, lost?.key)
  }

  /** Sends an operation that renews the session, and stores its tokens. Nothing refreshes meanwhile. */
  async change(
    id: 'meChangePassword',
    options: SendOptions<'meChangePassword'>,
    flow?: string,
  ): Promise<Schemas['Tokens']> {
    for (let round = 1; ; round++) {
      const accessToken = await this.accessToken(CHANGE_TTL)
      try {
        return await this.vault.exclusive('refresh', async () => {
          const tokens = await this.api.send(id, { ...options, accessToken })
          await this.renew(tokens, flow)
          return tokens
        })
      } catch (error) {
        if (round > 1 || !hasCode(error, 'token_expired', 'token_invalid')) throw error
        this.access = undefined
      }
    }
  }

  /** Deletes the account. */
  async delete(body: Schemas['DeleteMe'], unanswered = false): Promise<void> {
    this.deleting = unanswered
    try {
      await this.call('meDelete', body, { unanswered, onLost: () => (this.deleting = true) })
    } catch (error) {
      if (!this.deleting || !hasCode(error, 'signed_out')) throw error
    } finally {
      this.deleting = false
    }
    await this.end('account_deleted', { forgetDevice: true })
  }

  private async load(): Promise<void> {
    const { session } = await this.vault.read()
    if (this.current !== 'restoring') return
    if (!session) this.clear()
    else if (session.bound && !(await this.findKey(session))) this.loseKey(session)
    else this.adopt(session)
  }

  /** One refresh at a time: every caller waits for the same. */
  private refresh(): Promise<Access> {
    this.refreshing ??= this.refreshOnce().finally(() => (this.refreshing = undefined))
    return this.refreshing
  }

  private refreshOnce(): Promise<Access> {
    // A bound session does not rotate: its refreshes may overlap.
    const task = () => this.refreshStored()
    return this.stored?.bound ? task() : this.vault.exclusive('refresh', task)
  }

  private async refreshStored(): Promise<Access> {
    for (let round = 1; ; round++) {
      const { session } = await this.vault.read()
      if (!session) {
        await this.end('signed_out')
        throw signedOutError()
      }
      const key = session.bound ? await this.findKey(session) : undefined
      if (session.bound && !key) throw this.loseKey(session)
      try {
        const tokens = await this.api.send('tokensRefresh', { body: { refresh_token: session.refreshToken }, key })
        const access = await this.storeTokens(session, tokens)
        if (access) return access
        if (round >= REFRESH_ROUNDS) throw signedOutError()
      } catch (error) {
        if (!hasCode(error, 'refresh_invalid', 'refresh_reused')) throw error
        await this.refused(session, error, round)
      }
    }
  }

  /** Stores the refreshed tokens, unless the session was replaced or ended meanwhile. */
  private async storeTokens(session: StoredSession, tokens: Schemas['Tokens']): Promise<Access | undefined> {
    const contents = await this.vault.update((contents) => {
      const now = contents.session
      // Another process may have gone on with a newer token.
      if (now?.id === session.id && now.refreshToken === session.refreshToken) now.refreshToken = tokens.refresh_token
    })
    if (contents.session?.id !== session.id) return undefined
    return this.adopt(contents.session, tokens)
  }

  /** Ends the session if the refused token is the one in the store; else another process was faster. */
  private async refused(session: StoredSession, error: DoorstepError, round: number): Promise<void> {
    const now = (await this.vault.read()).session
    if (now && now.refreshToken !== session.refreshToken && round < REFRESH_ROUNDS) return
    const reason = error.code === 'refresh_reused' ? 'refresh_reused' : 'session_ended'
    this.stored = session
    await this.end(this.deleting ? 'account_deleted' : reason, { token: session.refreshToken })
    if (this.stored === undefined || round >= REFRESH_ROUNDS) throw signedOutError(error)
  }

  private adopt(session: StoredSession | undefined): void
  private adopt(session: StoredSession | undefined, tokens: Schemas['Tokens']): Access
  private adopt(session: StoredSession | undefined, tokens?: Schemas['Tokens']): Access | void {
    if (!session) return
    this.stored = session
    if (tokens) {
      const expiresAt = this.api.config.clock.monotonic() + tokens.expires_in * 1000
      this.access = { sessionId: session.id, token: tokens.access_token, expiresAt }
    }
    this.become('signed_in')
    return this.access
  }

  private clear(): void {
    this.stored = this.access = undefined
    this.become('signed_out')
  }

  private become(state: SessionState): void {
    if (this.current === state) return
    this.current = state
    this.changed.emit(state)
  }

  /** Keeps the tokens: the key may be back at the next start, and the user may see whose session it was. */
  private loseKey(session: StoredSession): DoorstepError {
    this.stored = session
    this.access = undefined
    this.become('key_lost')
    return new DoorstepError('key_lost', 'the key of this session is not on this device any more: sign in again')
  }

  private async findKey(session: StoredSession): Promise<DeviceKey | undefined> {
    return (session.key && (await this.keys?.get(session.key))) || undefined
  }

  private remaining(access: Access): number {
    return (access.expiresAt - this.api.config.clock.monotonic()) / 1000
  }
}

function signedOutError(cause?: DoorstepError): DoorstepError {
  return new DoorstepError('signed_out', 'no session on this device: sign in', { cause, status: cause?.status })
}
