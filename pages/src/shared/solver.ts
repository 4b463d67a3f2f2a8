import { solveInChunks, type Solver } from '@doorstep/client'

/** Solves in a worker of the service itself: the policy of the pages forbids workers from other sources. */
export const solver: Solver = async (work, signal) => {
  try {
    return await inWorker(work.challenge, work.bits)
  } catch {
    return solveInChunks(work, signal)
  }
}

function inWorker(challenge: string, bits: number): Promise<string> {
  const worker = new Worker(new URL('pages/worker.js', document.baseURI))
  const solved = new Promise<string>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = () => reject(new Error('no worker'))
    worker.postMessage([challenge, bits])
  })
  return solved.finally(() => worker.terminate())
}
