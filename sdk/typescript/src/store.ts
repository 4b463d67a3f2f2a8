/** Place of the one record of the client: tokens, device tokens and the flow that is open. It contains secrets. */
export interface Store {
  get(key: string): Promise<string | null>
  /** Writes the whole value or nothing. `null` removes it. */
  set(key: string, value: string | null): Promise<void>
  /**
   * Runs the task while no other process or tab holds the lock of this name. Needed only where more than one of them
   * use the same store and sessions are not bound to a key.
   */
  lock?<T>(name: string, task: () => Promise<T>): Promise<T>
}

/** A store that ends with the process. */
export function memoryStore(): Store {
  const values = new Map<string, string>()
  return {
    get: async (key) => values.get(key) ?? null,
    set: async (key, value) => void (value === null ? values.delete(key) : values.set(key, value)),
  }
}

interface WebStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** `localStorage`, shared by all tabs of a site. */
export function webStore(storage: WebStorage = localStorage): Store {
  return {
    get: async (key) => storage.getItem(key),
    set: async (key, value) => (value === null ? storage.removeItem(key) : storage.setItem(key, value)),
    lock: webLock,
  }
}

interface LockManager {
  request<T>(name: string, task: () => Promise<T>): Promise<T>
}

/** Web Locks, where the browser has them: a lock that all tabs of a site share. */
export function webLock<T>(name: string, task: () => Promise<T>): Promise<T> {
  const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks
  return locks ? locks.request(name, task) : task()
}

/** The store of this platform: `localStorage` in a browser, else memory. */
export function defaultStore(): Store {
  try {
    if (typeof localStorage === 'object' && localStorage !== null) return webStore()
  } catch {
    // A browser that forbids storage throws at the access.
  }
  return memoryStore()
}
