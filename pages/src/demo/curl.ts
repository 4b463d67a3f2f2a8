/** A request as a curl command for a POSIX shell. */

import type { Exchange } from '@doorstep/client'
import { shortenHeader, shortenJson } from './shorten'

type Request = Exchange['request']

export function curl(request: Request): string {
  const method = request.method === 'GET' || request.method === 'POST' ? '' : ` -X ${request.method}`
  const post = request.method === 'POST' && request.body === undefined ? ' -X POST' : ''
  const headers = Object.entries(request.headers).map(
    ([name, value]) => `-H ${quote(`${title(name)}: ${shortenHeader(name, value)}`)}`,
  )
  const body = request.body === undefined ? [] : [`-d ${quote(JSON.stringify(shortenJson(request.body)))}`]
  return [`curl${method}${post} ${quote(request.url)}`, ...headers, ...body].join(' \\\n  ')
}

function title(name: string): string {
  return name === 'dpop' ? 'DPoP' : name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
}

function quote(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`
}
