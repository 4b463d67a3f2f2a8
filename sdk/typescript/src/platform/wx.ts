// Adapters for mini-programs of WeChat. Other mini-program platforms have the same calls under another name
// (`my`, `tt`, `swan`): pass that object.

import type { RandomSource } from './random.js'
import type { Store } from '../store.js'
import type { Transport } from './transport.js'

interface WxResponse {
  statusCode: number
  data: unknown
  header?: Record<string, unknown>
}

/** The part of `wx` that the adapters call. */
export interface Wx {
  request(options: {
    url: string
    method: string
    header: Record<string, string>
    data?: string
    dataType: string
    responseType: string
    timeout: number
    success(response: WxResponse): void
    fail(error: { errMsg?: string }): void
  }): unknown
  getStorageSync?(key: string): unknown
  setStorageSync?(key: string, value: string): void
  removeStorageSync?(key: string): void
  getRandomValues?(options: {
    length: number
    success(result: { randomValues: ArrayBuffer }): void
    fail(error: { errMsg?: string }): void
  }): unknown
}

/** `wx.request` as a transport. The names of headers arrive in any case, and the body as text. */
export function wxTransport(wx: Wx): Transport {
  return ({ method, url, headers, body, timeout }) =>
    new Promise((resolve, reject) => {
      wx.request({
        url,
        method,
        header: { ...headers },
        ...(body === undefined ? {} : { data: body }),
        dataType: 'text',
        responseType: 'text',
        timeout,
        success({ statusCode, data, header }) {
          const received: Record<string, string> = {}
          for (const name of Object.keys(header ?? {})) received[name.toLowerCase()] = String(header?.[name])
          const text = typeof data === 'string' ? data : data === undefined || data === null ? '' : JSON.stringify(data)
          resolve({ status: statusCode, headers: received, body: text })
        },
        fail: (error) => reject(new Error(error.errMsg ?? 'request:fail')),
      })
    })
}

/** The storage of the mini-program. */
export function wxStore(wx: Wx): Store {
  return {
    get: async (key) => {
      const value = wx.getStorageSync?.(key)
      return typeof value === 'string' && value !== '' ? value : null
    },
    set: async (key, value) => (value === null ? wx.removeStorageSync?.(key) : wx.setStorageSync?.(key, value)),
  }
}

/** `wx.getRandomValues` as a source of random bytes. */
export function wxRandom(wx: Wx): RandomSource {
  return (length) =>
    new Promise((resolve, reject) => {
      if (!wx.getRandomValues) return reject(new Error('doorstep: wx.getRandomValues is missing'))
      wx.getRandomValues({
        length,
        success: ({ randomValues }) => resolve(new Uint8Array(randomValues)),
        fail: (error) => reject(new Error(error.errMsg ?? 'getRandomValues:fail')),
      })
    })
}

/** The settings of the client for a mini-program: `new Doorstep({ baseUrl, ...wxPlatform(wx) })`. */
export function wxPlatform(wx: Wx): { transport: Transport; store: Store; random: RandomSource; keys: null } {
  return { transport: wxTransport(wx), store: wxStore(wx), random: wxRandom(wx), keys: null }
}
