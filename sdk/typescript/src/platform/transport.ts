/** A request, ready to be sent. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. Absent where the request has no body. */
  readonly body?: string
  /** Milliseconds after which the transport gives up. */
  readonly timeout: number
}

/** An answer of any status. */
export interface TransportResponse {
  readonly status: number
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends one request. It rejects where no answer came, and never because of a status. It does not retry. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>

/** The transport of browsers, Node and React Native. */
export function fetchTransport(send: typeof fetch = (...request) => fetch(...request)): Transport {
  return async ({ method, url, headers, body, timeout }) => {
    const abort = typeof AbortController === 'function' ? new AbortController() : undefined
    const timer = setTimeout(() => abort?.abort(), timeout)
    try {
      const response = await send(url, {
        method,
        headers: { ...headers },
        body,
        signal: abort?.signal,
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'manual',
      })
      const received: Record<string, string> = {}
      response.headers.forEach((value, name) => (received[name.toLowerCase()] = value))
      return { status: response.status, headers: received, body: await response.text() }
    } finally {
      clearTimeout(timer)
    }
  }
}
