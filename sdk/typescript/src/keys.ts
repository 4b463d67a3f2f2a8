/** A key pair on the curve P-256 whose private part stays in the device. */
export interface DeviceKey {
  readonly publicKey: { readonly kty: string; readonly crv: string; readonly x: string; readonly y: string }
  /** An ECDSA signature with SHA-256 in the form of JWTs: `r` and `s`, 32 bytes each. */
  sign(data: Uint8Array): Promise<Uint8Array>
}

/** Keys of this device by name. They are never exported, and not part of a backup. */
export interface KeyStore {
  create(name: string): Promise<DeviceKey>
  /** The key, or `null` if this device has none of this name. Throws where the store cannot be read now. */
  get(name: string): Promise<DeviceKey | null>
  delete(name: string): Promise<void>
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const

async function deviceKey(pair: CryptoKeyPair): Promise<DeviceKey> {
  const { kty = '', crv = '', x = '', y = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return {
    publicKey: { kty, crv, x, y },
    sign: async (data) => {
      const params = { name: 'ECDSA', hash: 'SHA-256' }
      return new Uint8Array(await crypto.subtle.sign(params, pair.privateKey, data as BufferSource))
    },
  }
}

function createPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']) as Promise<CryptoKeyPair>
}

/** Keys that end with the process, for Node and for tests. */
export function memoryKeys(): KeyStore {
  const pairs = new Map<string, CryptoKeyPair>()
  return {
    create: async (name) => {
      const pair = await createPair()
      pairs.set(name, pair)
      return deviceKey(pair)
    },
    get: async (name) => {
      const pair = pairs.get(name)
      return pair ? deviceKey(pair) : null
    },
    delete: async (name) => void pairs.delete(name),
  }
}

/** WebCrypto keys that cannot be exported, in IndexedDB. */
export function webCryptoKeys(database = 'doorstep'): KeyStore {
  return {
    create: async (name) => {
      const pair = await createPair()
      await inStore(database, 'readwrite', (keys) => keys.put(pair, name))
      return deviceKey(pair)
    },
    get: async (name) => {
      const pair = await inStore<CryptoKeyPair | undefined>(database, 'readonly', (keys) => keys.get(name))
      return pair ? deviceKey(pair) : null
    },
    delete: async (name) => void (await inStore(database, 'readwrite', (keys) => keys.delete(name))),
  }
}

/** The key store of this platform, `null` where there is none. */
export function defaultKeys(): KeyStore | null {
  const { indexedDB, crypto } = globalThis as { indexedDB?: IDBFactory; crypto?: Crypto }
  return indexedDB && crypto?.subtle ? webCryptoKeys() : null
}

type Action<T> = (keys: IDBObjectStore) => IDBRequest<T>

async function inStore<T>(name: string, mode: IDBTransactionMode, action: Action<T>): Promise<T> {
  const database = await open(name)
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction('keys', mode)
      const request = action(transaction.objectStore('keys'))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error)
    })
  } finally {
    database.close()
  }
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => request.result.createObjectStore('keys')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
