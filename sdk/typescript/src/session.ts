import type { Api, SendOptions } from './api.js'
import { DoorstepError, hasCode } from './errors.js'
import { OPERATIONS, type Operations, type Schemas } from './generated/operations.js'
import type { KeyStore } from './keys.js'
import type { User } from './models.js'
import { randomName } from './platform/random.js'
import { Refresher } from './refresher.js'
import type { SignedIn } from './session-record.js'
import { SessionMemory, type SessionState } from './session-state.js'
import type { SignedOutReason, Vault } from './vault.js'
import { toUser } from './wire.js'

/** Seconds that an access token must still be valid for an operation that renews the session, retries included. */
const CHANGE_TTL = 120

/** The session of this device: gives access tokens, and refreshes them when needed. */
export class Session {
  private readonly memory: SessionMemory
  private readonly refresher: Refresher
  private restoring: Promise<void> | undefined

  /** Apps take it from `doorstep.session`. */
  constructor(
    private readonly api: Api,
    private readonly vault: Vault,
    keys: KeyStore | null,
  ) {
    this.memory = new SessionMemory(vault, keys, api.config.clock, api.config.random)
    this.refresher = new Refresher(api, vault, this.memory)
  }

  get state(): SessionState {
    return this.memory.state
  }

  /** The account as the service described it last. */
  get user(): User | undefined {
    return this.memory.stored && toUser(this.memory.stored.user)
  }

  /** `true` if a copy of the refresh token is worth nothing (DPoP). */
  get bound(): boolean {
    return this.memory.stored?.bound ?? false
  }

  /** Tells the app that the session has ended. Returns the function that removes the listener. */
  onSignedOut(listener: (reason: SignedOutReason) => void): () => void {
    return this.memory.signedOut.add(listener)
  }

  /** Called when `state` changes, and when another user has signed in, perhaps in another tab. */
  onChange(listener: (state: SessionState) => void): () => void {
    return this.memory.changed.add(listener)
  }

  /** Reads the store. Needs no network. Every other call does this by itself. */
  async restore(): Promise<SessionState> {
    this.restoring ??= this.memory.load().catch((error) => {
      this.restoring = undefined
      throw error
    })
    await this.restoring
    return this.state
  }

  /** An access token that is valid for at least this time, for the calls to your own back end. */
  async accessToken(minTtlSeconds = 30): Promise<string> {
    await this.restore()
    return this.memory.token(minTtlSeconds) ?? this.refresher.refresh()
  }

  /** Sends an operation of the API with an access token. Names as on the wire. */
  async call<Id extends keyof Operations>(
    id: Id,
    body?: Operations[Id]['body'],
    options: Omit<SendOptions<Id>, 'body' | 'accessToken'> = {},
  ): Promise<Operations[Id]['answer']> {
    const made = OPERATIONS[id].idempotencyKey && (await randomName(this.api.config.random))
    const idempotencyKey = options.idempotencyKey ?? made
    const send = (accessToken: string) => this.api.send(id, { ...options, body, idempotencyKey, accessToken })
    const before = this.memory.stored?.user.id
    const token = await this.accessToken()
    const user = before ?? this.memory.stored?.user.id
    try {
      return await send(this.sameUser(user, token))
    } catch (error) {
      if (!hasCode(error, 'token_expired', 'token_invalid', 'token_missing')) throw error
      // Another call may have refreshed meanwhile.
      const now = this.memory.token(0)
      const renewed = now !== undefined && now !== token ? now : await this.refresher.refresh()
      return send(this.sameUser(user, renewed))
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
    this.refresher.endingAs = 'signed_out'
    try {
      await this.call('sessionsLogOut', body)
    } catch (error) {
      if (hasCode(error, 'user_changed')) return
      if (options.everywhere && !hasCode(error, 'token_invalid', 'signed_out')) throw error
    } finally {
      this.refresher.endingAs = undefined
    }
    await this.memory.end('signed_out', { forgetDevice: options.forgetDevice || options.everywhere })
  }

  /** Stops a call that one user began, if another has signed in meanwhile in another tab. */
  private sameUser(user: string | undefined, token: string): string {
    if (this.memory.stored?.user.id === user) return token
    throw new DoorstepError('user_changed', 'another user has signed in on this device')
  }

  /** Stores a sign-in. Flows call it. */
  async begin(answer: Schemas['SignedIn'], signedIn: Omit<SignedIn, 'id'>): Promise<void> {
    await this.memory.begin(answer, signedIn)
    this.restoring = Promise.resolve()
  }

  /** Stores what the service says about the account. Flows call it. */
  async setUser(user: Schemas['User'], flow?: string): Promise<User> {
    await this.memory.setUser(user, flow)
    return toUser(user)
  }

  /** Changes the password and stores the new tokens. Nothing refreshes meanwhile. Flows call it. */
  async changePassword(options: SendOptions<'meChangePassword'>, flow?: string): Promise<void> {
    await this.restore()
    const user = this.memory.stored?.user.id
    for (let round = 1; ; round++) {
      const accessToken = this.sameUser(user, await this.accessToken(CHANGE_TTL))
      try {
        return await this.vault.exclusive('refresh', async () => {
          const { session } = await this.vault.read()
          const tokens = await this.api.send('meChangePassword', { ...options, accessToken })
          if (session) await this.memory.renew(session, tokens, flow)
        })
      } catch (error) {
        if (round > 1 || !hasCode(error, 'token_expired', 'token_invalid')) throw error
        this.memory.forgetToken()
      }
    }
  }

  /** Deletes the account. Flows call it. */
  async delete(body: Schemas['DeleteMe'], unanswered = false): Promise<void> {
    const { refresher } = this
    const deleted = () => void (refresher.endingAs = 'account_deleted')
    // After a lost answer, the end of the session is the success of the deletion.
    if (unanswered) deleted()
    try {
      await this.call('deletionConfirm', body, { unanswered, onLost: deleted })
    } catch (error) {
      if (!refresher.endingAs || !hasCode(error, 'signed_out')) throw error
    } finally {
      refresher.endingAs = undefined
    }
    await this.memory.end('account_deleted', { forgetDevice: true })
  }
}
