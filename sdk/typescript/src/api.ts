import { isFromProxy, readAnswer } from './answer.js'
import { DoorstepError } from './errors.js'
import { ANSWER_FIELDS, OPERATIONS, type Operations } from './generated/operations.js'
import type { DeviceKey } from './keys.js'
import type { Clock } from './platform/clock.js'
import type { RandomSource } from './platform/random.js'
import type { Transport, TransportRequest, TransportResponse } from './platform/transport.js'
import { makeProof } from './proof.js'

/** A request and its answer, for a log. Both contain secrets. */
export interface Exchange {
  readonly operation: keyof Operations
  readonly request: TransportRequest
  /** Absent where no answer came. */
  readonly response: TransportResponse | undefined
  readonly milliseconds: number
}

export interface ApiConfig {
  readonly baseUrl: string
  readonly language?: string
  readonly timeout: number
  readonly transport: Transport
  readonly clock: Clock
  readonly random: RandomSource
  readonly onRequest?: (exchange: Exchange) => void
}

export interface SendOptions<Id extends keyof Operations> {
  readonly body?: Operations[Id]['body']
  /** Values of the parameters in the path. */
  readonly path?: Readonly<Record<string, string>>
  readonly accessToken?: string
  readonly idempotencyKey?: string
  /** Signs a proof for the request. */
  readonly key?: DeviceKey
  /** An earlier attempt got no answer, perhaps before the app was killed. */
  readonly unanswered?: boolean
  /** Called when an attempt gets no answer. */
  readonly onLost?: () => void
}

/** Pauses before the second, third and fourth attempt of a request that got no answer, in milliseconds. */
const PAUSES = [300, 1000, 2000]
/** The longest `Retry-After` that the client waits for by itself, in seconds. */
const SHORT_WAIT = 3
/** Milliseconds that a nonce is used; the service accepts it for five minutes. */
const NONCE_LIFE = 240_000
const BUSY = ['overloaded', 'dependency_unavailable', 'too_many_requests']
/** Attempts while the first request with the same idempotency key is running; about 20 s if its process died. */
const IN_PROGRESS_ATTEMPTS = 25

/** Sends operations, repeats what is safe to repeat, and makes every failure a `DoorstepError`. */
export class Api {
  private nonce: { value: string; until: number } | undefined

  constructor(readonly config: ApiConfig) {}

  async send<Id extends keyof Operations>(id: Id, options: SendOptions<Id> = {}): Promise<Operations[Id]['answer']> {
    let lost = options.unanswered ?? false
    const counts = { lost: 0, busy: 0, inProgress: 0, nonce: 0 }
    for (;;) {
      try {
        return (await this.attempt(id, options)) as Operations[Id]['answer']
      } catch (error) {
        if (!(error instanceof DoorstepError)) throw error
        lost ||= error.unanswered
        if (error.unanswered) options.onLost?.()
        const pause = this.pauseBefore(id, options, error, counts)
        if (pause === undefined) throw markUnanswered(error, lost)
        await this.config.clock.sleep(pause)
      }
    }
  }

  url(id: keyof Operations, path: Readonly<Record<string, string>> = {}): string {
    const route = OPERATIONS[id].path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''))
    return this.config.baseUrl.replace(/\/+$/, '') + route
  }

  /** Milliseconds before the next attempt, `undefined` for none. */
  private pauseBefore(
    id: keyof Operations,
    options: SendOptions<keyof Operations>,
    error: DoorstepError,
    counts: { lost: number; busy: number; inProgress: number; nonce: number },
  ): number | undefined {
    const { method, idempotencyKey } = OPERATIONS[id]
    if (error.code === 'use_dpop_nonce' && counts.nonce++ < 2) return 0
    if (error.code === 'request_in_progress' && counts.inProgress++ < IN_PROGRESS_ATTEMPTS) {
      return (error.retryAfter ?? 1) * 1000
    }
    const repeatable = method !== 'POST' || !idempotencyKey || options.idempotencyKey !== undefined
    if (!repeatable) return undefined
    if (error.code === 'network' || isFromProxy(error)) {
      const pause = PAUSES[counts.lost++]
      // Not all clients at the same moment after an outage.
      return pause && pause * (0.75 + Math.random() / 2)
    }
    // A captcha allows one attempt: the same body would fail.
    const usesCaptcha = (options.body as { captcha_id?: string } | undefined)?.captcha_id !== undefined
    if (usesCaptcha || !BUSY.includes(error.code) || (error.retryAfter ?? SHORT_WAIT + 1) > SHORT_WAIT) return undefined
    return counts.busy++ < 2 ? (error.retryAfter ?? 1) * 1000 : undefined
  }

  private async attempt(id: keyof Operations, options: SendOptions<keyof Operations>): Promise<unknown> {
    const request = await this.request(id, options)
    const response = await this.exchange(id, request)
    const nonce = response.headers['dpop-nonce']
    if (nonce) this.nonce = { value: nonce, until: this.config.clock.monotonic() + NONCE_LIFE }
    const { answer } = OPERATIONS[id]
    return readAnswer(response, answer && ANSWER_FIELDS[answer])
  }

  private async exchange(operation: keyof Operations, request: TransportRequest): Promise<TransportResponse> {
    const { transport, clock } = this.config
    const start = clock.monotonic()
    let response: TransportResponse | undefined
    try {
      return (response = await transport(request))
    } catch (cause) {
      throw new DoorstepError('network', 'no answer from the service', { cause, unanswered: true })
    } finally {
      this.tell({ operation, request, response, milliseconds: Math.round(clock.monotonic() - start) })
    }
  }

  /** An error in the log of the app is no error of the request. */
  private tell(exchange: Exchange): void {
    try {
      this.config.onRequest?.(exchange)
    } catch {
      // The app hears of it nowhere: its log is broken.
    }
  }

  private async request(id: keyof Operations, options: SendOptions<keyof Operations>): Promise<TransportRequest> {
    const { language, timeout, clock, random } = this.config
    const { method } = OPERATIONS[id]
    const url = this.url(id, options.path)
    const headers: Record<string, string> = { accept: 'application/json' }
    if (language) headers['accept-language'] = language
    if (options.body !== undefined) headers['content-type'] = 'application/json'
    if (options.accessToken) headers['authorization'] = `Bearer ${options.accessToken}`
    if (options.idempotencyKey) headers['idempotency-key'] = `"${options.idempotencyKey}"`
    if (options.key) {
      const nonce = this.nonce && clock.monotonic() < this.nonce.until ? this.nonce.value : undefined
      headers['dpop'] = await makeProof({ key: options.key, method, url, nonce }, clock, random)
    }
    const body = options.body === undefined ? undefined : JSON.stringify(options.body)
    return { method, url, headers, timeout, ...(body === undefined ? {} : { body }) }
  }
}

/**
 * Marks refusals of a repetition that say nothing about a first request whose answer was lost. The cooldown of a code
 * is no such refusal: a first request that had sent the code would have answered the repetition, too.
 */
function markUnanswered(error: DoorstepError, lost: boolean): DoorstepError {
  const saysNothing = [408, 429, 503].includes(error.status) && error.code !== 'resend_cooldown'
  if (lost && saysNothing) error.unanswered = true
  if (error.code === 'request_in_progress') error.unanswered = true
  return error
}
