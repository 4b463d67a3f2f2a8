import { AFTER_NOTHING, AFTER_UNKNOWN, NEXT, type Next } from './generated/codes.js'
import type { Schemas } from './generated/operations.js'
import { own } from './platform/own.js'

/** The error document of the service (RFC 9457). Fields of a newer service are in it, too. */
export type Problem = Schemas['Problem'] & { readonly [field: string]: unknown }

/** A field of the body that the service refused. */
export interface FieldProblem {
  /** Name on the wire: `captcha_answer`. */
  readonly field: string
  /** JSON pointer to the field: `#/proof_of_work/nonce`. */
  readonly pointer?: string
  readonly code: string
  readonly detail: string
}

/** Codes that the client itself makes. Every other code is one of the service. */
export type ClientCode =
  | 'network' // no answer came, after the retries
  | 'invalid_answer' // something between client and service answered: a proxy, a login page of a Wi-Fi
  | 'signed_out' // the call needs a session
  | 'key_lost' // the session is bound to a key that this device does not have any more
  | 'user_changed' // another user has signed in meanwhile, in another tab
  | 'aborted' // by an AbortSignal
  | 'upload_failed' // the storage of the operator refused the image
  | 'wrong_step' // the flow is at another step (the service has the same code)

/** A code of the service. */
export type ServiceCode = keyof typeof NEXT

interface Details {
  status?: number
  problem?: Problem
  retryAfter?: number
  unanswered?: boolean
  cause?: unknown
}

/** Error of the client. Branch on `code`, and treat a code that you do not know like `internal_error`. */
export class DoorstepError extends Error {
  readonly code: ClientCode | ServiceCode | (string & {})
  /** HTTP status, 0 where the service did not answer. */
  readonly status: number
  readonly problem?: Problem
  /** Seconds until another attempt makes sense. */
  readonly retryAfter?: number
  readonly cause?: unknown
  /** The service may have done what was asked: the client repeats the same action at the next call. */
  unanswered: boolean

  constructor(code: string, message: string, details: Details = {}) {
    super(message)
    Object.setPrototypeOf(this, DoorstepError.prototype)
    this.name = 'DoorstepError'
    this.code = code
    this.status = details.status ?? 0
    this.problem = details.problem
    this.retryAfter = details.retryAfter
    this.unanswered = details.unanswered ?? false
    this.cause = details.cause
  }

  /** Next act of the app: one of few words for all codes, also for those of a newer service. */
  get next(): Next {
    const { code } = this
    if (code === 'network' || code === 'invalid_answer') return AFTER_NOTHING
    if (code === 'signed_out' || code === 'key_lost') return 'sign_in'
    if (code === 'user_changed') return 'reload'
    return own<Next>(NEXT, code) ?? AFTER_UNKNOWN
  }

  /** Attempts that are left for a code. */
  get attemptsLeft(): number | undefined {
    return this.problem?.attempts_left
  }

  /** Fields that the service refused. */
  get fields(): readonly FieldProblem[] {
    return (this.problem?.errors as FieldProblem[] | undefined) ?? []
  }

  /** Documents that the user must accept (`consent_required`). */
  get documents(): readonly string[] {
    return this.problem?.documents ?? []
  }

  /** Id for bug reports: the log of the service has it, too. */
  get requestId(): string | undefined {
    return this.problem?.request_id
  }
}

/** Tells whether an error has one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): error is DoorstepError {
  return error instanceof DoorstepError && codes.includes(error.code)
}
