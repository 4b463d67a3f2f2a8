/** Beside the device: messages, faults and requests. */

import type { Exchange } from '@doorstep/client'
import { fill, h, icon, type Child } from '../shared/dom'
import type { App } from './app'
import { curl } from './curl'
import { FAULTS, SIMULATED, SIMULATION, type Fault } from './faults'
import { codeIn, type Message } from './messages'
import { shortenJson } from './shorten'
import { snippet } from './snippets'

/** Requests that stay in the list. */
const CAPACITY = 60

export class Panel {
  readonly messages = h('section', { class: 'panel messages', 'aria-labelledby': 'messages-title' })
  readonly faults = h('section', { class: 'panel faults', 'aria-labelledby': 'faults-title' })
  readonly requests = h('section', { class: 'panel requests', 'aria-labelledby': 'requests-title' })
  /** A message on top of the app, where the list beside it is not visible. */
  readonly banner = h('div', { class: 'banner', hidden: true })
  private readonly announced = h('p', { class: 'visually-hidden', role: 'status' })
  private exchanges: Exchange[] = []
  private received: Message[] = []
  /** Number of the last message whose code was used. */
  private used = 0

  constructor(private readonly app: App) {
    app.faults.onChange(() => this.renderFaults())
  }

  render(): void {
    this.renderMessages()
    this.renderFaults()
    this.renderRequests()
  }

  addMessages(messages: readonly Message[]): void {
    this.received = [...messages].reverse().concat(this.received).slice(0, 10)
    this.renderMessages(true)
    const newest = messages[messages.length - 1]
    if (!newest) return
    // The service was started again, and counts from 1.
    if (newest.number < this.used) this.used = 0
    fill(this.announced, `${this.app.t.message}: ${newest.text}`)
    this.renderBanner()
  }

  /** Shows the message whose code the screen needs on top of the app, until it is used. */
  renderBanner(): void {
    const message = this.received.find((one) => codeInput(this.app, one))
    const wasHidden = this.banner.hidden
    this.banner.hidden = !message || message.number <= this.used
    this.banner.classList.toggle('new', wasHidden)
    if (!message || this.banner.hidden) return
    const use = () => {
      this.used = message.number
      this.banner.hidden = true
    }
    fill(this.banner, bubble(this.app, message, use))
  }

  add(exchange: Exchange): void {
    this.exchanges = [exchange, ...this.exchanges].slice(0, CAPACITY)
    this.renderRequests()
  }

  get count(): number {
    return this.exchanges.length
  }

  /** Renders the list. `hasNew`: the first message has just arrived, and moves in. */
  private renderMessages(hasNew = false): void {
    const { t } = this.app
    const list = this.received.map((message, place) =>
      h('li', { class: hasNew && place === 0 ? 'new' : null }, bubble(this.app, message)),
    )
    fill(
      this.messages,
      h('h2', { id: 'messages-title' }, icon('message'), t.messages),
      this.announced,
      list.length > 0 ? h('ul', {}, list) : h('p', { class: 'empty' }, t.messagesEmpty),
    )
  }

  private renderFaults(): void {
    const { t, faults } = this.app
    const focused = document.activeElement?.getAttribute('data-fault')
    const option = (fault: Fault) => {
      const [name, text] = t.faults[fault]
      const isArmed = faults.armed === fault
      const kind = SIMULATED.includes(fault) ? t.simulated : t.real
      return h(
        'li',
        {},
        h(
          'button',
          {
            type: 'button',
            'data-fault': fault,
            'aria-pressed': String(isArmed),
            onclick: () => faults.arm(isArmed ? null : fault),
          },
          h('span', { class: 'fault-name' }, name, h('span', { class: 'tag' }, isArmed ? t.failArmed : kind)),
          h('span', { class: 'hint' }, text),
        ),
      )
    }
    fill(
      this.faults,
      h('h2', { id: 'faults-title' }, icon('fault'), t.fail),
      h('p', { class: 'hint' }, t.failHint),
      h('ul', {}, FAULTS.map(option)),
    )
    if (focused) this.faults.querySelector<HTMLElement>(`[data-fault=${focused}]`)?.focus()
  }

  private renderRequests(): void {
    const { t } = this.app
    const open = new Set<Exchange>()
    this.requests.querySelectorAll<Entry>('details[open]').forEach((one) => one.exchange && open.add(one.exchange))
    const clear = h('button', { type: 'button', class: 'quiet', onclick: () => this.clear() }, t.clear)
    fill(
      this.requests,
      h(
        'div',
        { class: 'panel-head' },
        h('h2', { id: 'requests-title', tabindex: -1 }, icon('code'), t.requests),
        this.exchanges.length > 0 ? clear : null,
      ),
      this.exchanges.length > 0
        ? [
            h('p', { class: 'hint' }, t.secrets),
            h('ol', {}, this.exchanges.map((one) => h('li', {}, this.entry(one, open.has(one))))),
          ]
        : h('p', { class: 'empty' }, t.requestsEmpty),
    )
  }

  private clear(): void {
    this.exchanges = []
    this.renderRequests()
    this.requests.querySelector<HTMLElement>('h2')?.focus()
  }

  private entry(exchange: Exchange, isOpen: boolean): Child {
    const { t } = this.app
    const { request, response, milliseconds } = exchange
    const status = response?.status ?? 0
    const code = response && status >= 400 ? problemCode(response.body) : ''
    const path = new URL(request.url).pathname.replace(new URL('.', document.baseURI).pathname, '/')
    const isSimulated = response?.headers[SIMULATION] !== undefined
    const details: Entry = h(
      'details',
      { open: isOpen },
      h(
        'summary',
        {},
        h('span', { class: 'method' }, request.method),
        h('span', { class: 'path' }, path),
        h('span', { class: status >= 200 && status < 400 ? 'status ok' : 'status bad' }, status || t.noAnswer),
        h(
          'span',
          { class: 'time' },
          code || `${milliseconds} ms`,
          isSimulated ? [' ', h('span', { class: 'tag warn' }, t.simulated)] : null,
        ),
      ),
      this.block(t.asCode, snippet(exchange)),
      this.block(t.asCurl, curl(request)),
      this.block(`${t.answer} ${status || ''}`, answer(exchange, t.noBody, t.noAnswer)),
    )
    details.exchange = exchange
    return details
  }

  private block(title: string, text: string): Child {
    const { t } = this.app
    const button = h('button', { type: 'button', class: 'quiet', 'aria-label': `${t.copy}: ${title}` }, t.copy)
    button.addEventListener('click', () => {
      void navigator.clipboard.writeText(text).then(() => fill(button, t.copied))
    })
    return h(
      'div',
      { class: 'block' },
      h('div', { class: 'block-head' }, h('h3', {}, title), button),
      h('pre', { tabindex: 0, role: 'region', 'aria-label': title }, text),
    )
  }
}

/** An entry that knows its exchange, so that it stays open when the list changes. */
type Entry = HTMLDetailsElement & { exchange?: Exchange }

function bubble(app: App, message: Message, used: () => void = () => undefined): Child {
  const code = codeIn(message.text)
  const use = () => {
    const input = codeInput(app, message)
    if (!input || !code) return
    input.value = code
    input.dispatchEvent(new Event('input'))
    input.focus()
    used()
  }
  const needsCode = code && codeInput(app, message)
  return h(
    'div',
    { class: 'bubble' },
    h('p', { class: 'hint' }, message.to),
    h('p', {}, message.text),
    needsCode ? h('button', { type: 'button', class: 'quiet use-code', onclick: use }, app.t.useCode) : null,
  )
}

/** The field for the code of this message. Another tab of the demo may have asked for it. */
function codeInput(app: App, { to }: Message): HTMLInputElement | undefined {
  const input = app.element.querySelector<HTMLInputElement>('input[name=code]')
  const [start = '', end = ''] = (input?.dataset.phone ?? '').split(/\*+/)
  return input && to.startsWith(start) && to.endsWith(end) ? input : undefined
}

function problemCode(body: string): string {
  try {
    return String((JSON.parse(body) as { code?: string }).code ?? '')
  } catch {
    return ''
  }
}

/** Headers of an answer that say something about it. */
const HEADERS = ['idempotency-replayed', 'age', 'retry-after', 'content-language', 'dpop-nonce']

function answer({ response }: Exchange, noBody: string, noAnswer: string): string {
  if (!response) return noAnswer
  const headers = HEADERS.filter((name) => response.headers[name]).map((name) => `${name}: ${response.headers[name]}`)
  const body = response.body ? JSON.stringify(shortenJson(response.body), null, 2) : noBody
  return [...headers, body].join('\n')
}
