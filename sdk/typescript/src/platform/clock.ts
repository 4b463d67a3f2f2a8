/** Time for the client. Tests replace it. */
export interface Clock {
  /** Milliseconds on a clock that the user cannot set. Its zero is arbitrary. */
  monotonic(): number
  /** Milliseconds since 1970, by the clock of the device. Used for proofs, and for hints after a restart. */
  wall(): number
  sleep(milliseconds: number): Promise<void>
}

/** The clocks of the platform. Without `performance`, this is the clock of the device, and never runs backwards. */
export function systemClock(): Clock {
  const high = (globalThis as { performance?: { now?(): number } }).performance
  let latest = 0
  return {
    monotonic: () => (typeof high?.now === 'function' ? high.now() : (latest = Math.max(latest, Date.now()))),
    wall: () => Date.now(),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  }
}
