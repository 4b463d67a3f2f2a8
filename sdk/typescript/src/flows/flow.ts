import type { Api } from '../api.js'
import { withoutNull } from '../answer.js'
import { DoorstepError } from '../errors.js'
import { OPERATIONS, type Operations, type Schemas } from '../generated/operations.js'
import type { KeyStore } from '../keys.js'
import { Listeners } from '../listeners.js'
import { own } from '../platform/own.js'
import type { Session } from '../session.js'
import type { PendingAction, StoredFlow, Vault } from '../vault.js'
import { ActionMaker, type Action } from './action.js'
import { FlowRecord } from './record.js'
import { endsFlow, isStep, type FlowState } from './state.js'

/** Parts of the client that every flow needs. */
export interface Context {
  readonly api: Api
  readonly vault: Vault
  readonly session: Session
  readonly keys: KeyStore | null
  readonly clientId?: string
  readonly deviceName?: string
}

/** A solved captcha. */
export interface CaptchaAnswer {
  readonly id: string
  readonly answer: string
}

/** Fields that say what the user wanted: a retry that differs in other fields only asks for the same. */
const SUBJECT = ['phone_number', 'former_phone_number', 'code', 'password', 'new_password', 'current_password']
const SECRETS = ['password', 'new_password', 'current_password']
/** A first code is not sent again by itself after this time, in milliseconds. */
const STALE = 600_000

/** One flow of the user: each method is a step, `state` says what comes next, `resume` continues after a restart. */
export abstract class Flow {
  protected readonly record: FlowRecord
  private readonly actions: ActionMaker
  private readonly changed = new Listeners<FlowState>()
  private tail: Promise<unknown> = Promise.resolve()
  private active: { name: string | undefined; result: Promise<FlowState> } | undefined

  constructor(
    protected readonly context: Context,
    readonly name: string,
    via: string = name,
  ) {
    this.record = new FlowRecord(context.vault, context.api.config.clock, name, via)
    this.actions = new ActionMaker(context, this.record)
  }

  get state(): FlowState {
    return this.record.state()
  }

  /** Called after each change of `state`. Returns the function that removes the listener. */
  onChange(listener: (state: FlowState) => void): () => void {
    return this.changed.add(listener)
  }

  /**
   * Continues the flow that the app had open when it was closed: repeats the action that was not answered, and asks the
   * service for the step. Without an open flow the step is `start`.
   */
  resume(): Promise<FlowState> {
    return this.inOrder(async () => {
      await this.context.session.restore()
      await this.record.load(this.context.session.user?.id)
      const { pending, ticket } = this.record.data
      if (pending) await this.resumeAction(pending)
      else if (ticket) await this.askStatus(ticket)
    })
  }

  /** Forgets the flow on this device. */
  cancel(): Promise<FlowState> {
    return this.inOrder(() => this.finish('start'))
  }

  /** Does the action once, whatever happens to requests and answers. */
  protected act(action: Action): Promise<FlowState> {
    const name = this.nameOf(action)
    // A button that is tapped twice is one action.
    if (name !== undefined && this.active?.name === name) return this.active.result
    const result = this.inOrder(async () => {
      const { pending } = this.record.data
      if (pending && (await this.completeEarlier(pending, action))) return
      await this.start(action)
      await this.complete()
    })
    const active = { name, result }
    this.active = active
    const over = () => void (this.active === active && (this.active = undefined))
    result.then(over, over)
    return result
  }

  /** Does the next action of the flow: the ticket says which flow, `via` which operation. */
  protected async next(
    verb: string,
    fields: () => Record<string, unknown>,
    options: Pick<Action, 'signsIn' | 'device'> = {},
  ): Promise<FlowState> {
    const body = (flow: Readonly<StoredFlow>) => ({ ticket: this.ticket(flow), ...fields() })
    // A sign-up knows no devices, also if it began as another flow.
    const device = options.device && this.record.data.via !== 'register'
    return this.act({ operation: this.operation(verb), body, ...options, device })
  }

  /** The ticket of the flow. Throws where no code was requested. */
  protected ticket(flow: Readonly<StoredFlow>): string {
    if (flow.ticket) return flow.ticket
    throw new DoorstepError('wrong_step', 'request a code first')
  }

  /** The operation of this flow with this verb. */
  private operation(verb: string): keyof Operations {
    const operation = `${this.record.data.via}${verb}`
    if (own(OPERATIONS, operation)) return operation as keyof Operations
    throw new DoorstepError('wrong_step', `the flow has no ${verb} now`)
  }

  /** Sends the action. */
  protected async send(pending: PendingAction, unanswered: boolean): Promise<unknown> {
    const { api, session } = this.context
    const { operation, body, idempotencyKey } = pending
    const onLost = () => void (this.record.unanswered = true)
    const options = { unanswered, onLost, ...(OPERATIONS[operation].idempotencyKey ? { idempotencyKey } : {}) }
    if (OPERATIONS[operation].bearer) return session.call(operation, body as never, options)
    const key = await this.actions.key(pending.key)
    return api.send(operation, { ...options, body: body as never, key })
  }

  /** Stores what the answer says. Flows with other answers add to this. */
  protected async accept(pending: PendingAction, answer: unknown): Promise<void> {
    const fields = (answer ?? {}) as Record<string, never>
    const { session } = this.context
    if (fields['access_token'] && fields['user']) {
      const { key } = pending
      await session.begin(fields as never, { flow: this.name, ...(key === undefined ? {} : { key }) })
      this.record.finish()
    } else if (fields['nickname']) {
      await session.setUser(fields as never, this.name)
      this.record.finish()
    } else if (fields['step']) {
      if (fields['ticket']) this.record.continueAs(flowOf(pending.operation))
      await this.record.advance(withoutNull(fields))
    } else {
      await this.record.remove('done')
    }
  }

  private nameOf(action: Action): string | undefined {
    try {
      return `${action.operation} ${JSON.stringify(action.body(this.record.data))}`
    } catch {
      return undefined
    }
  }

  private inOrder(task: () => Promise<void>): Promise<FlowState> {
    const run = async () => {
      const before = JSON.stringify(this.record.data)
      try {
        await task()
      } finally {
        if (JSON.stringify(this.record.data) !== before) this.changed.emit(this.state)
      }
      return this.state
    }
    const result = this.tail.then(run, run)
    this.tail = result
    return result
  }

  /** Tells whether the action before was the same or the last of the flow, and has succeeded now. */
  private async completeEarlier(pending: PendingAction, next: Action): Promise<boolean> {
    const body = next.operation === pending.operation ? next.body(this.record.data) : undefined
    const same = body !== undefined && SUBJECT.every((name) => pending.body[name] === body[name])
    // The user has corrected the number: nobody waits for a code to the other one.
    if (!same && pending.body['ticket'] === undefined) return false
    try {
      await this.complete()
      return same || this.state.step === 'done'
    } catch (error) {
      if (!(error instanceof DoorstepError) || error.unanswered) throw error
      return false
    }
  }

  /** Stores the action before it is sent. A password stays in memory. */
  private async start(action: Action): Promise<void> {
    const { session } = this.context
    await session.restore()
    if (OPERATIONS[action.operation].bearer && session.user) this.record.data.userId = session.user.id
    const prepared = await this.actions.prepare(action)
    const inMemory = SECRETS.some((name) => name in prepared.body)
    await this.record.begin(prepared, inMemory, this.context.api.config.random)
  }

  /** Sends the pending action until it is answered, and stores the answer. */
  private async complete(): Promise<void> {
    const pending = this.record.data.pending
    if (!pending) return
    let answer: unknown
    try {
      answer = await this.send(pending, this.record.unanswered)
    } catch (error) {
      return this.refused(error, this.record.unanswered)
    }
    // Until the answer is stored, the action is repeated: the repetition gets the same answer.
    this.record.unanswered = true
    await this.accept(pending, answer)
  }

  /** Stores what a refusal says. Throws the error, unless it is the next step of the flow. */
  private async refused(error: unknown, repeated: boolean): Promise<void> {
    if (!(error instanceof DoorstepError)) throw error
    if (error.unanswered) {
      this.record.unanswered = true
      throw error
    }
    const { problem } = error
    if (problem && isStep(problem)) {
      if (problem.ticket && this.record.data.pending) {
        this.record.continueAs(flowOf(this.record.data.pending.operation))
      }
      return this.record.question(problem)
    }
    if (endsFlow(error.code, this.record.data)) await this.finish('ended', error.code)
    else await this.record.refuse(error, problem)
    // The first request was done, and its answer was lost: the service has gone on to this step.
    if (repeated && error.code === 'wrong_step' && problem?.step) return
    throw error
  }

  private async resumeAction(pending: PendingAction): Promise<void> {
    const { clock } = this.context.api.config
    const first = this.record.data.ticket === undefined
    if (first && Math.abs(clock.wall() - pending.at) > STALE) return this.finish('start')
    try {
      await this.complete()
    } catch (error) {
      // The state says what the answer was; only a missing answer is an error of `resume`.
      if (!(error instanceof DoorstepError) || error.unanswered) throw error
      const { ticket } = this.record.data
      if (ticket) await this.askStatus(ticket)
    }
  }

  private async askStatus(ticket: string): Promise<void> {
    const operation = `${this.record.data.via}Status` as keyof Operations
    if (!own(OPERATIONS, operation)) return
    try {
      const body = { ticket } as never
      const { api, session } = this.context
      const send = OPERATIONS[operation].bearer ? session.call(operation, body) : api.send(operation, { body })
      const answer = withoutNull((await send) as Schemas['FlowStatus'])
      if (answer.reason === undefined) await this.record.advance(answer)
      else await this.record.question({ ...answer, code: answer.reason })
    } catch (error) {
      if (!(error instanceof DoorstepError)) throw error
      if (endsFlow(error.code, this.record.data)) return this.finish('ended', error.code)
      // An older service has no status for this flow: the stored step stands.
      if (error.status !== 404 && error.status !== 405) throw error
    }
  }

  /** Forgets the flow, and the key that it made. */
  private async finish(step: 'start' | 'ended', endedBy?: string): Promise<void> {
    const { key } = this.record.data
    await this.record.remove(step, endedBy)
    await this.actions.cleanKey(key)
  }
}

/** The operations that go on with the ticket of this one. */
function flowOf(operation: keyof Operations): string {
  return operation.replace(/(SendCode|ResendCode|WithPassword)$/, '')
}
