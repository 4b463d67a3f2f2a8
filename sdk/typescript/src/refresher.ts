import type { Api } from './api.js'
import { DoorstepError, hasCode } from './errors.js'
import type { SessionMemory } from './session-state.js'
import type { SignedOutReason, StoredSession, Vault } from './vault.js'

/** Number of times that a refresh starts again because another process was faster. */
const ROUNDS = 5

/** Refreshes the access token: one at a time in this process, and among the tabs if the store has a lock. */
export class Refresher {
  /** The user is ending the session, for this reason: its end is no surprise. */
  endingAs: SignedOutReason | undefined
  private busy: { error: DoorstepError; until: number } | undefined
  private running: Promise<string> | undefined

  constructor(
    private readonly api: Api,
    private readonly vault: Vault,
    private readonly memory: SessionMemory,
  ) {}

  /** Refreshes once for all callers. */
  refresh(): Promise<string> {
    this.running ??= this.refreshAlone().finally(() => (this.running = undefined))
    return this.running
  }

  private refreshAlone(): Promise<string> {
    const task = () => this.refreshStored()
    // A bound session does not rotate: its refreshes may overlap.
    return this.memory.stored?.bound ? task() : this.vault.exclusive('refresh', task)
  }

  private async refreshStored(): Promise<string> {
    this.throwIfBusy()
    for (let round = 1; ; round++) {
      // The store is read anew: another process may have refreshed.
      const { session } = await this.vault.read()
      if (!session) {
        await this.memory.end('signed_out')
        throw signedOutError()
      }
      const key = session.bound ? await this.memory.findKey(session) : undefined
      if (session.bound && !key) throw this.memory.loseKey(session)
      try {
        const tokens = await this.api.send('tokensRefresh', { body: { refresh_token: session.refreshToken }, key })
        // The token is stored before anybody uses the access token: a crash in between loses nothing.
        const accessToken = await this.memory.renew(session, tokens)
        if (accessToken !== undefined) return accessToken
        if (round >= ROUNDS) throw signedOutError()
      } catch (error) {
        if (!hasCode(error, 'refresh_invalid', 'refresh_reused')) throw this.rememberBusy(error)
        await this.refused(session, error, round)
      }
    }
  }

  /** The service has said when another attempt makes sense: no widget asks earlier. */
  private throwIfBusy(): void {
    const { busy } = this
    const left = busy ? Math.ceil((busy.until - this.api.config.clock.monotonic()) / 1000) : 0
    if (!busy || left <= 0) return
    const { code, message, status, problem } = busy.error
    throw new DoorstepError(code, message, { status, problem, retryAfter: left })
  }

  private rememberBusy(error: unknown): unknown {
    if (error instanceof DoorstepError && error.retryAfter !== undefined) {
      this.busy = { error, until: this.api.config.clock.monotonic() + error.retryAfter * 1000 }
    }
    return error
  }

  /** Ends the session, unless the store has another token than the refused one: another process was faster. */
  private async refused(session: StoredSession, error: DoorstepError, round: number): Promise<void> {
    const reason = error.code === 'refresh_reused' ? 'refresh_reused' : 'session_ended'
    this.memory.stored = session
    await this.memory.end(this.endingAs ?? reason, { token: session.refreshToken })
    if (this.memory.stored === undefined || round >= ROUNDS) throw signedOutError(error)
  }
}

function signedOutError(cause?: DoorstepError): DoorstepError {
  return new DoorstepError('signed_out', 'no session on this device: sign in', { cause, status: cause?.status })
}
