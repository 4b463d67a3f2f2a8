import { fetchTransport, type Store, type Transport, type TransportRequest } from '../../src/index.js'

/** Counts what a client does, and ends its process at one moment. Nothing works in a process that has ended. */
export class Process {
  writes = 0
  requests = 0
  private dead = false

  /** `at`: the name of the moment, for example `write 3 before`. */
  constructor(private readonly at?: string) {}

  get killed(): boolean {
    return this.dead
  }

  /** A store of this process on a store of the device. */
  store(inner: Store): Store {
    return {
      get: async (key) => (this.alive(), inner.get(key)),
      set: async (key, value) => {
        this.alive()
        const write = `write ${++this.writes}`
        this.reach(`${write} before`)
        await inner.set(key, value)
        this.reach(`${write} after`)
      },
    }
  }

  transport(inner: Transport = fetchTransport()): Transport {
    return async (request) => {
      this.alive()
      const sent = `request ${++this.requests}`
      this.reach(`${sent} before`)
      const response = await inner(request)
      this.reach(`${sent} after`)
      this.alive()
      return response
    }
  }

  private reach(moment: string): void {
    if (moment !== this.at) return
    this.dead = true
    this.alive()
  }

  private alive(): void {
    if (this.dead) throw new Error('the process has ended')
  }
}

type Fault = 'lost answer' | 'lost request' | 'doubled'

/** A network with a fault for some requests. */
export function faulty(choose: (number: number, request: TransportRequest) => Fault | undefined): Transport {
  const send = fetchTransport()
  let number = 0
  return async (request) => {
    const fault = choose(++number, request)
    if (fault === 'lost request') throw new Error('lost request')
    const response = await send(request)
    if (fault === 'lost answer') throw new Error('lost answer')
    return fault === 'doubled' ? send(request) : response
  }
}

/** Changes the answers of the service: a service of tomorrow. */
export function changing(change: (path: string, body: Record<string, unknown>) => unknown): Transport {
  const send = fetchTransport()
  return async (request) => {
    const response = await send(request)
    const body = response.body && (JSON.parse(response.body) as Record<string, unknown>)
    return body ? { ...response, body: JSON.stringify(change(new URL(request.url).pathname, body)) } : response
  }
}
