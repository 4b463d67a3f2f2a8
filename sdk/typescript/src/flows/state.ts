import type { Problem } from '../errors.js'
import { own } from '../platform/own.js'
import type { StoredFlow } from '../vault.js'

/**
 * Next act of the user. `code`: enter the code. `prove`: answer `question`. `password`, `profile`: fill in the form.
 * `ended`: start again, `endedBy` says why. `unknown`: the service has a step that this version does not know; ask the
 * user to update the app, or offer another way to sign in.
 */
export type Step = 'start' | 'code' | 'prove' | 'password' | 'profile' | 'done' | 'ended' | 'unknown'

/** A right code was not enough: whose account is it? */
export interface Question {
  /**
   * `dormant`: the account was not used for a long time. `held`: possible after `retryAfter`, or when a signed-in
   * device approves. `refused`: its owner has refused. Or a reason of a newer service.
   */
  readonly reason: 'dormant' | 'held' | 'refused' | (string & {})
  /** The act that waits: `sign_in`, `password_reset`, `deletion`, `phone_change`, `number_claim`. */
  readonly act?: string
  /** Seconds until the same act is possible with a new code. Remind the user then. */
  readonly retryAfter?: number
  /** "This is not my account" is possible: `startAnew()`. */
  readonly startAnew: boolean
}

export interface FlowState {
  readonly step: Step
  /** The number of the code, masked. */
  readonly phoneNumber?: string
  readonly attemptsLeft?: number
  readonly question?: Question
  /** The code of the error that ended the flow. */
  readonly endedBy?: string
  /** The step as the service names it. */
  readonly serverStep?: string
  /** Seconds until `resendCode()` is possible, now. */
  resendIn(): number
  /** Seconds until the flow ends, now. */
  expiresIn(): number
}

const STEPS: Readonly<Record<string, Step>> = {
  start: 'start',
  done: 'done',
  ended: 'ended',
  verify_code: 'code',
  prove_account: 'prove',
  set_password: 'password',
  submit_profile: 'profile',
}

const REASONS: Readonly<Record<string, string>> = {
  account_dormant: 'dormant',
  act_held: 'held',
  act_refused: 'refused',
}

/** Codes that end a flow. */
const ENDS = ['ticket_expired', 'code_exhausted', 'phone_already_registered']
/** Codes that end a flow of a signed-in user. */
const SESSION_ENDS = ['signed_out', 'user_changed']

export function stepOf(serverStep: string): Step {
  return own(STEPS, serverStep) ?? 'unknown'
}

/** Tells whether an error is a step of the flow, and not a failure of the call. */
export function isStep(problem: Problem): boolean {
  if (problem.code === 'wrong_step') return false
  return problem.ticket !== undefined || problem.step !== undefined || own(REASONS, problem.code) !== undefined
}

export function endsFlow(code: string, flow: StoredFlow): boolean {
  return SESSION_ENDS.includes(code) || (ENDS.includes(code) && flow.ticket !== undefined)
}

/** Fields of a problem or a status that ask whose account it is. */
export type Asked = Pick<Problem, 'code' | 'act' | 'retry_after' | 'start_anew' | 'step' | 'ticket' | 'expires_in'>

export function questionOf(problem: Asked, now: number): StoredFlow['question'] {
  const { code, act, retry_after: retryAfter, start_anew: startAnew = code === 'account_dormant' } = problem
  return {
    reason: own(REASONS, code) ?? code,
    startAnew,
    ...(act === undefined ? {} : { act }),
    ...(retryAfter === undefined ? {} : { readyAt: now + retryAfter * 1000 }),
  }
}
