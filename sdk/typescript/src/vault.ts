import type { Operations, Schemas } from './generated/operations.js'
import type { Store } from './store.js'

/**
 * `signed_out`: by this app, perhaps in another tab. `session_ended`: by another device, a password reset or the time.
 * `refresh_reused`: the tokens were copied; warn the user. `account_deleted`: by the user, on this device.
 */
export type SignedOutReason = 'signed_out' | 'session_ended' | 'refresh_reused' | 'account_deleted'

/** The session of this device. */
export interface StoredSession {
  /** A name of this sign-in, made by the client: tells a renewed session from another one. */
  id: string
  refreshToken: string
  bound: boolean
  /** Name of the key in the key store. */
  key?: string
  user: Schemas['User']
}

/** A device token, kept through sign-outs. */
export interface StoredDevice {
  userId: string
  phone?: string
  token: string
  key?: string
}

/** An action of the user that is not answered yet: sent again as it is, with the same idempotency key. */
export interface PendingAction {
  operation: keyof Operations
  body: Record<string, unknown>
  idempotencyKey: string
  key?: string
  /** Milliseconds since 1970, by the clock of the device. */
  at: number
}

export interface StoredFlow {
  step: string
  ticket?: string
  /** The operations that go on with the ticket, for example `register` after `start-anew`. */
  via: string
  phone?: string
  expiresAt?: number
  resendAt?: number
  attemptsLeft?: number
  question?: { reason: string; act?: string; startAnew: boolean; readyAt?: number }
  /** The account of a flow that needs a session. */
  userId?: string
  /** The account whose device token the flow sends. */
  deviceOf?: string
  key?: string
  pending?: PendingAction
}

/** Everything that the client stores: one record, so that one write changes all of it. */
export interface Contents {
  version: 1
  session?: StoredSession
  /** The session that ended last: other tabs learn the reason from it. */
  ended?: { session: string; reason: SignedOutReason }
  devices: StoredDevice[]
  flows: Record<string, StoredFlow>
}

/** The queue of each store: clients in one process that share a store share its lock. */
const queues = new WeakMap<Store, Map<string, Promise<unknown>>>()

/** Reads and changes the record of the client. */
export class Vault {
  constructor(
    private readonly store: Store,
    private readonly name: string,
  ) {}

  async read(): Promise<Contents> {
    const text = await this.store.get(this.name)
    return parse(text)
  }

  /** Changes the record with one write. Whatever another tab has written to other parts of it stays. */
  update(change: (contents: Contents) => void): Promise<Contents> {
    return this.exclusive('record', async () => {
      const before = await this.store.get(this.name)
      const contents = parse(before)
      change(contents)
      const after = JSON.stringify(contents)
      if (after !== before) await this.store.set(this.name, after)
      return contents
    })
  }

  /** Runs the task alone: among the clients of this process, and among the tabs if the store has a lock. */
  exclusive<T>(name: string, task: () => Promise<T>): Promise<T> {
    const lock = `${this.name}.${name}`
    const queue = queues.get(this.store) ?? new Map<string, Promise<unknown>>()
    queues.set(this.store, queue)
    const run = () => (this.store.lock ? this.store.lock(lock, task) : task())
    const result = (queue.get(lock) ?? Promise.resolve()).then(run, run)
    queue.set(lock, result)
    return result
  }
}

function parse(text: string | null): Contents {
  try {
    const contents = JSON.parse(text ?? '') as Partial<Contents>
    const { version, devices = [], flows = {} } = contents
    if (version === 1) return { ...contents, version, devices, flows }
  } catch {
    // Nothing stored yet, or not by this client.
  }
  return { version: 1, devices: [], flows: {} }
}
