import { DoorstepError, type Problem } from './errors.js'
import type { TransportResponse } from './platform/transport.js'

const DURATIONS = ['expires_in', 'resend_in', 'refresh_expires_in']

/**
 * The body of a successful answer. Throws the error of every other answer. `fields`: those of the answer; `undefined`:
 * it has no body.
 */
export function readAnswer(response: TransportResponse, fields: readonly string[] | undefined): unknown {
  const body = parse(response.body)
  if (response.status >= 200 && response.status < 300) {
    if (response.status === 204 && !fields) return undefined
    // A Wi-Fi with a login page answers everything with a page or a JSON of its own and a 200.
    const isOwn = isObject(body) && fields?.every((name) => name in body)
    if (!isOwn) throw invalidAnswer(response, true)
    return withAge(body, seconds(response.headers['age']) ?? 0)
  }
  if (!isObject(body) || typeof body['code'] !== 'string') throw invalidAnswer(response, response.status >= 500)
  throw problemError(withoutNull(body) as Problem, response)
}

/** Tells whether a proxy without a service behind it may have answered: another attempt can succeed. */
export function isFromProxy(error: DoorstepError): boolean {
  return error.code === 'invalid_answer' && (error.status >= 500 || (error.status >= 200 && error.status < 300))
}

function problemError(problem: Problem, response: TransportResponse): DoorstepError {
  const retryAfter = problem.retry_after ?? seconds(response.headers['retry-after'])
  const message = problem.detail || problem.title || problem.code
  return new DoorstepError(problem.code, message, { status: response.status, problem, retryAfter })
}

function invalidAnswer(response: TransportResponse, unanswered: boolean): DoorstepError {
  const message = `an answer with status ${response.status} that is not from doorstep`
  const retryAfter = seconds(response.headers['retry-after'])
  return new DoorstepError('invalid_answer', message, { status: response.status, retryAfter, unanswered })
}

/** The fields that have a value: in an error or a step of a flow, `null` says the same as an absent field. */
export function withoutNull<T extends object>(body: T): T {
  const present: Partial<T> = {}
  for (const name of Object.keys(body) as (keyof T)[]) if (body[name] !== null) present[name] = body[name]
  return present as T
}

/** A replayed answer has its original durations, and `Age` says how old it is. */
function withAge(body: Record<string, unknown>, age: number): unknown {
  for (const name of age > 0 ? DURATIONS : []) {
    const value = body[name]
    if (typeof value === 'number') body[name] = Math.max(0, value - age)
  }
  return body
}

function seconds(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
