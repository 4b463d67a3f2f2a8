import { DoorstepError } from '../errors.js'
import { search } from './search.js'

/** The part of an `AbortSignal` that the client uses. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface Work {
  readonly challenge: string
  readonly bits: number
}

/** Finds the nonce of a proof of work. */
export type Solver = (work: Work, signal?: AbortSignalLike) => Promise<string>

/** Hashes between two looks at the signal; about 10 ms on a phone of 2020. */
const CHUNK = 4000

/** Solves in small parts, so that the main thread stays responsive. Works everywhere. */
export const solveInChunks: Solver = async ({ challenge, bits }, signal) => {
  for (let start = 0; ; start += CHUNK) {
    if (signal?.aborted) throw aborted()
    const nonce = search(challenge, bits, start, CHUNK)
    if (nonce >= 0) return String(nonce)
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
}

/** Solves in a worker. Where the page forbids workers (CSP `worker-src`), solves in small parts. */
export const solveInWorker: Solver = async (work, signal) => {
  if (signal?.aborted) throw aborted()
  try {
    return await inWorker(work, signal)
  } catch (error) {
    if (error instanceof DoorstepError) throw error
    return solveInChunks(work, signal)
  }
}

export function defaultSolver(): Solver {
  const { Worker, Blob, URL } = globalThis as { Worker?: unknown; Blob?: unknown; URL?: { createObjectURL?: unknown } }
  return Worker && Blob && URL?.createObjectURL ? solveInWorker : solveInChunks
}

function inWorker({ challenge, bits }: Work, signal: AbortSignalLike | undefined): Promise<string> {
  // Some build tools wrap functions with `__name`, which the worker does not have.
  const source =
    `var __name=function(f){return f};var search=${search.toString()};` +
    'onmessage=function(e){var n=-1,s=0;while(n<0){n=search(e.data[0],e.data[1],s,1e6);s+=1e6}postMessage(String(n))}'
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  let worker: Worker | undefined
  let stop: (() => void) | undefined
  const result = new Promise<string>((resolve, reject) => {
    worker = new Worker(url)
    worker.onmessage = ({ data }) => resolve(String(data))
    worker.onerror = (event) => {
      event.preventDefault()
      reject(new Error('no worker'))
    }
    stop = () => reject(aborted())
    signal?.addEventListener('abort', stop)
    worker.postMessage([challenge, bits])
  })
  const clean = () => {
    worker?.terminate()
    URL.revokeObjectURL(url)
    if (stop) signal?.removeEventListener('abort', stop)
  }
  return result.then(
    (nonce) => (clean(), nonce),
    (error) => {
      clean()
      throw error
    },
  )
}

function aborted(): DoorstepError {
  return new DoorstepError('aborted', 'the proof of work was cancelled')
}
