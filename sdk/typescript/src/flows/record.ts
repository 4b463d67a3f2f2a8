import type { DoorstepError, Problem } from '../errors.js'
import type { Clock } from '../platform/clock.js'
import { randomName, type RandomSource } from '../platform/random.js'
import type { StoredFlow, Vault } from '../vault.js'
import type { Prepared } from './action.js'
import { questionOf, stepOf, type Asked, type FlowState } from './state.js'

interface Advance {
  step?: string
  ticket?: string
  phone_number?: string
  expires_in?: number
  resend_in?: number
  attempts_left?: number
}

/** The state of one flow: in memory with the monotonic clock, and in the store for a restart. */
export class FlowRecord {
  data: StoredFlow
  /** The pending action was sent, and nobody knows whether the service has done it. */
  unanswered = false
  private endedBy: string | undefined
  /** The pending action has a password, and is not stored. */
  private inMemory = false
  /** Times on the monotonic clock. */
  private expires = 0
  private resend = 0

  constructor(
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly name: string,
    private readonly via: string,
  ) {
    this.data = { step: 'start', via }
  }

  state(): FlowState {
    const { step, phone: phoneNumber, attemptsLeft, question } = this.data
    const left = (time: number) => Math.max(0, Math.ceil((time - this.clock.monotonic()) / 1000))
    return {
      step: stepOf(step),
      serverStep: step,
      ...(phoneNumber === undefined ? {} : { phoneNumber }),
      ...(attemptsLeft === undefined ? {} : { attemptsLeft }),
      ...(question === undefined ? {} : { question: this.questionNow(question) }),
      ...(this.endedBy === undefined ? {} : { endedBy: this.endedBy }),
      resendIn: () => left(this.resend),
      expiresIn: () => left(this.expires),
    }
  }

  /** Reads the flow of an earlier start of the app. */
  async load(userId: string | undefined): Promise<void> {
    const stored = (await this.vault.read()).flows[this.name]
    if (!stored || (stored.userId !== undefined && stored.userId !== userId)) return
    // An action that is pending in memory is newer than the store.
    if (this.data.pending) return
    this.data = stored
    this.unanswered = stored.pending !== undefined
    this.inMemory = false
    this.endedBy = undefined
    // The clock of the device may have been set since: this is a hint until the service answers.
    const since = this.clock.monotonic() - this.clock.wall()
    this.expires = (stored.expiresAt ?? 0) + since
    this.resend = (stored.resendAt ?? 0) + since
  }

  /** Stores an action before it is sent. */
  async begin(action: Prepared, inMemory: boolean, random: RandomSource): Promise<void> {
    if (['done', 'ended'].includes(this.data.step)) this.data = { ...this.data, step: 'start' }
    this.data.pending = { ...action, idempotencyKey: await randomName(random), at: this.clock.wall() }
    this.unanswered = false
    this.endedBy = undefined
    this.inMemory = inMemory
    try {
      await this.save()
    } catch (error) {
      // Nothing was sent.
      delete this.data.pending
      throw error
    }
  }

  /** The service has gone on to the step of the answer. */
  async advance(answer: Advance, question?: StoredFlow['question']): Promise<void> {
    const { step = this.data.step, ticket, phone_number: phone } = answer
    const next: StoredFlow = { ...this.data, step, ...(question && { question }) }
    if (ticket !== undefined) next.ticket = ticket
    if (phone !== undefined) next.phone = phone
    if (answer.attempts_left !== undefined) next.attemptsLeft = answer.attempts_left
    if (stepOf(step) !== 'prove') delete next.question
    if (stepOf(step) !== 'code') delete next.attemptsLeft
    delete next.pending
    this.setTimes(next, answer)
    await this.put(next)
  }

  /** The flow goes on as another: `start-anew` makes it a sign-up. */
  continueAs(via: string): void {
    this.data.via = via
  }

  /** A right code was not enough, or a code was sent to a new device. */
  async question(problem: Asked): Promise<void> {
    const step = problem.step ?? (problem.ticket === undefined ? 'prove_account' : 'verify_code')
    const question = stepOf(step) === 'prove' ? questionOf(problem, this.clock.wall()) : undefined
    await this.advance({ ...problem, step }, question)
  }

  /** Stores what a refused action changes. */
  async refuse(error: DoorstepError, problem: Problem | undefined): Promise<void> {
    const next = { ...this.data }
    delete next.pending
    if (error.code === 'wrong_step' && problem?.step) next.step = problem.step
    if (problem?.attempts_left !== undefined) next.attemptsLeft = problem.attempts_left
    const wait = error.code === 'resend_cooldown' ? (problem?.resend_in ?? error.retryAfter) : undefined
    this.setTimes(next, wait === undefined ? {} : { resend_in: wait })
    await this.put(next)
  }

  /** The flow is over, or forgotten. */
  async remove(step: 'start' | 'done' | 'ended', endedBy?: string): Promise<void> {
    await this.vault.update((contents) => void delete contents.flows[this.name])
    this.finish(step, endedBy)
  }

  /** The flow is over, and the store knows. */
  finish(step: 'start' | 'done' | 'ended' = 'done', endedBy?: string): void {
    const { phone } = this.data
    this.data = { step, via: this.via, ...(phone === undefined ? {} : { phone }) }
    this.unanswered = false
    this.endedBy = endedBy
    this.expires = this.resend = 0
  }

  private async put(next: StoredFlow): Promise<void> {
    const before = this.data
    this.data = next
    try {
      await this.save()
    } catch (error) {
      // The action stays pending: its repetition gets the same answer.
      this.data = before
      this.unanswered = true
      throw error
    }
    this.unanswered = false
  }

  private async save(): Promise<void> {
    const { pending, ...rest } = this.data
    const stored = pending && !this.inMemory ? { ...rest, pending } : rest
    await this.vault.update((contents) => {
      if (stored.ticket === undefined && !('pending' in stored)) delete contents.flows[this.name]
      else contents.flows[this.name] = stored
    })
  }

  private setTimes(flow: StoredFlow, answer: Advance): void {
    const { expires_in: expiresIn, resend_in: resendIn } = answer
    const [now, wall] = [this.clock.monotonic(), this.clock.wall()]
    if (expiresIn !== undefined) {
      this.expires = now + expiresIn * 1000
      flow.expiresAt = wall + expiresIn * 1000
    }
    if (resendIn !== undefined) {
      this.resend = now + resendIn * 1000
      flow.resendAt = wall + resendIn * 1000
    }
  }

  private questionNow(question: NonNullable<StoredFlow['question']>): FlowState['question'] {
    const { readyAt, ...rest } = question
    if (readyAt === undefined) return rest
    return { ...rest, retryAfter: Math.max(0, Math.ceil((readyAt - this.clock.wall()) / 1000)) }
  }
}
