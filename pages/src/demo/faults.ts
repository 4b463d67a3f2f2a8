/**
 * "Make it fail". Where the service can be made to fail for real, the demo does so: it sends a wrong answer, a wrong
 * code, a weak password, or a request too early. A used-up budget and an outage of the whole service cannot be caused
 * without harm, and a switch for them in the service would be one more thing to keep out of production: the transport
 * of this page makes their answers itself, and the list of requests says so.
 */

import { fetchTransport, type Transport, type TransportRequest, type TransportResponse } from '@doorstep/client'

export type Fault = 'captcha' | 'code' | 'cooldown' | 'password' | 'lost' | 'budget' | 'unavailable'

export const FAULTS: readonly Fault[] = ['captcha', 'code', 'cooldown', 'password', 'lost', 'budget', 'unavailable']

/** Faults whose answer this page makes. */
export const SIMULATED: readonly Fault[] = ['budget', 'unavailable']

export class Faults {
  private armedFault: Fault | null = null
  private readonly listeners: (() => void)[] = []

  get armed(): Fault | null {
    return this.armedFault
  }

  arm(fault: Fault | null): void {
    this.armedFault = fault
    for (const listener of this.listeners) listener()
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener)
  }

  /** Uses the fault up if it is the armed one. */
  take(fault: Fault): boolean {
    if (this.armedFault !== fault) return false
    this.arm(null)
    return true
  }

  /** Sends requests, and makes the next one fail if a fault of the connection or of the service is armed. */
  transport(): Transport {
    const send = fetchTransport()
    return async (request) => {
      if (sendsMessage(request) && this.take('budget')) return problem(503, 'sms_budget_exhausted', 1_800)
      if (request.method !== 'GET' && this.take('unavailable')) return problem(503, 'dependency_unavailable', 30)
      const response = await send(request)
      // The service has done what was asked: the client has to repeat the request without doing it twice.
      if (request.headers['idempotency-key'] && this.take('lost')) throw new Error('the answer was dropped by the demo')
      return response
    }
  }
}

function sendsMessage({ url }: TransportRequest): boolean {
  return /\/(re)?send-code$/.test(url)
}

/** The answer of the service to such a request, as docs/api.md describes it. */
function problem(status: number, code: string, wait: number): TransportResponse {
  const body = { type: `urn:problem-type:doorstep:${code}`, title: code, status, code, retry_after: wait }
  const headers = { 'content-type': 'application/problem+json', 'retry-after': String(wait), [SIMULATION]: 'true' }
  return { status, headers, body: JSON.stringify({ ...body, detail: 'Simulated by the demo page.', request_id: '-' }) }
}

/** Header by which the list of requests recognises an answer that this page has made. */
export const SIMULATION = 'demo-simulated'
