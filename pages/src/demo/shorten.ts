/** Shortens secrets for the list of requests: a screenshot of the demo must not contain a password or a token. */

/** Values that are shown by their beginning only. */
const TOKENS = ['ticket', 'access_token', 'refresh_token', 'device_token', 'challenge', 'captcha_id', 'replaces']
const HIDDEN = ['password', 'new_password', 'current_password', 'code', 'captcha_answer']

export function shortenJson(text: string): unknown {
  try {
    return shortenValue('', JSON.parse(text))
  } catch {
    return text.slice(0, 200)
  }
}

function shortenValue(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => shortenValue('', one))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shortenValue(key, one)]))
  }
  return typeof value === 'string' ? shortenText(name, value) : value
}

export function shortenText(name: string, value: string): string {
  if (value.startsWith('data:')) return `${value.slice(0, value.indexOf(',') + 5)}…`
  if (TOKENS.includes(name) && value.length > 10) return `${value.slice(0, 6)}…`
  // Codes of errors are in the field `code`, too.
  if (name === 'code' && !/^\d/.test(value)) return value
  return HIDDEN.includes(name) ? '•'.repeat(Math.min(value.length, 8)) : value
}

export function shortenHeader(name: string, value: string): string {
  if (name === 'authorization') return `Bearer ${value.slice(7, 13)}…`
  if (name === 'dpop') return `${value.slice(0, 8)}…`
  return value
}
