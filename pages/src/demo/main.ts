/** The demo: a phone app on this service, and beside it what it sends and receives. Only development serves it. */

import { Doorstep, memoryKeys, memoryStore, type Exchange, type Transport } from '@doorstep/client'
import { fill, h, icon, type Child } from '../shared/dom'
import { pageLanguage, tags, type Language } from '../shared/language'
import { solver } from '../shared/solver'
import { App } from './app'
import { Faults } from './faults'
import { Messages } from './messages'
import { Panel } from './panel'
import { home, resumeFlow, welcome } from './screens/index'

const baseUrl = new URL('.', location.href).href
const dark = matchMedia('(prefers-color-scheme: dark)')
const faults = new Faults()

/** Requests after which the service may send a message. */
const SENDS_MESSAGE = /(send-code|password|\/login|\/claim)$/

function onRequest(exchange: Exchange): void {
  panel.add(exchange)
  renderTabs()
  if (SENDS_MESSAGE.test(exchange.request.url)) void messages.expect()
}

/** The client takes its language once. The user of the demo switches it, so the transport sets it. */
function inLanguage(send: Transport): Transport {
  return (request) => {
    const headers = request.headers as Record<string, string>
    headers['accept-language'] = tags[app.language]
    return send(request)
  }
}

const common = { baseUrl, onRequest, solveProofOfWork: solver, transport: inLanguage(faults.transport()) }
const app: App = new App({
  doorstep: new Doorstep({ ...common, deviceName: browserName(), storeKey: 'doorstep-demo' }),
  otherDevice: () => {
    return new Doorstep({ ...common, deviceName: app.t.secondDevice, store: memoryStore(), keys: memoryKeys() })
  },
  faults,
  theme: () => theme(),
  shown: () => {
    panel.render()
    panel.renderBanner()
  },
})
const panel = new Panel(app)
const messages = new Messages(baseUrl, (arrived) => panel.addMessages(arrived))

function browserName(): string {
  const agent = navigator.userAgent
  const names = [[/Edg\//, 'Edge'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']] as const
  return names.find(([pattern]) => pattern.test(agent))?.[1] ?? 'Browser'
}

function theme(): 'light' | 'dark' {
  const chosen = document.documentElement.dataset.theme
  return chosen === 'dark' || chosen === 'light' ? chosen : dark.matches ? 'dark' : 'light'
}

function setTheme(chosen: 'light' | 'dark'): void {
  document.documentElement.dataset.theme = chosen
  remember('theme', chosen)
  renderFrame()
  void app.again()
}

function setLanguage(language: Language): void {
  app.language = language
  remember('language', language)
  document.documentElement.lang = tags[language]
  renderFrame()
  void app.again()
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`doorstep-demo-${name}`, value)
  } catch {
    // A browser without storage shows the page all the same.
  }
}

function recall(name: string): string | null {
  try {
    return localStorage.getItem(`doorstep-demo-${name}`)
  } catch {
    return null
  }
}

const top = h('header', { class: 'top' })
const intro = h('div', { class: 'intro' })
const skip = h('a', { class: 'skip', href: '#app' })
const screen = h('div', { class: 'screen' }, panel.banner, app.element)
const device = h('section', { class: 'device' }, h('div', { class: 'speaker', 'aria-hidden': 'true' }), screen)
const tabs = h('nav', { class: 'tabs' })
const side = h('div', { class: 'side' }, intro, panel.messages, panel.faults, panel.requests)
const main = h('main', {}, device, side)

/** The screen of the phone where there is no room for both: the app, the requests or the faults. */
function setView(view: string): void {
  document.body.dataset.view = view
  renderTabs()
}

function renderTabs(): void {
  const view = document.body.dataset.view ?? 'app'
  const { t } = app
  const tab = (name: string, text: string, image: Parameters<typeof icon>[0]) =>
    h(
      'button',
      { type: 'button', 'aria-current': name === view ? 'page' : null, onclick: () => setView(name) },
      icon(image),
      h('span', {}, text),
    )
  const focused = [...tabs.children].indexOf(document.activeElement as Element)
  fill(
    tabs,
    tab('app', t.app, 'phone'),
    tab('requests', panel.count > 0 ? `${t.requests} (${panel.count})` : t.requests, 'code'),
    tab('faults', t.fail, 'fault'),
  )
  if (focused >= 0) (tabs.children[focused] as HTMLElement).focus()
}

type Options<T> = readonly (readonly [value: T, content: Child, name: string])[]

function choice<T extends string>(label: string, now: T, options: Options<T>, set: (to: T) => void): Child {
  const buttons = options.map(([value, content, name]) =>
    h(
      'button',
      {
        type: 'button',
        'aria-pressed': String(value === now),
        'aria-label': name,
        'data-choice': value,
        onclick: () => set(value),
      },
      content,
    ),
  )
  return h('div', { class: 'choice', role: 'group', 'aria-label': label }, buttons)
}

/** Renders everything around the app in the language of now. */
function renderFrame(): void {
  const { t, language } = app
  const focused = document.activeElement?.getAttribute('data-choice')
  document.title = `${t.title} · doorstep`
  fill(skip, t.skip)
  device.setAttribute('aria-label', t.device)
  tabs.setAttribute('aria-label', t.views)
  fill(
    top,
    h(
      'div',
      { class: 'brand' },
      h('img', { src: 'pages/icon.svg', alt: '', width: 28, height: 28 }),
      h('h1', {}, 'doorstep'),
      h('span', { class: 'tag warn' }, t.development),
    ),
    h(
      'div',
      { class: 'controls' },
      h('a', { class: 'docs', href: 'docs/' }, t.docs),
      choice<Language>(t.language, language, [['en', 'EN', 'EN, English'], ['zh', '中', '中文']], setLanguage),
      choice<'light' | 'dark'>(
        t.theme,
        theme(),
        [['light', icon('sun'), t.light], ['dark', icon('moon'), t.dark]],
        setTheme,
      ),
    ),
  )
  fill(intro, h('p', { class: 'intro-title' }, t.title), h('p', { class: 'lead' }, t.subtitle))
  panel.render()
  renderTabs()
  if (focused) top.querySelector<HTMLElement>(`[data-choice=${focused}]`)?.focus()
}

async function start(): Promise<void> {
  const language = recall('language')
  app.language = language === 'en' || language === 'zh' ? language : pageLanguage()
  document.documentElement.lang = tags[app.language]
  const chosen = recall('theme')
  if (chosen) document.documentElement.dataset.theme = chosen
  fill(document.body, skip, top, main, tabs)
  setView('app')
  renderFrame()
  dark.addEventListener('change', () => void app.again())
  await messages.start()
  await app.go(await first(), '')
}

async function first() {
  const { session } = app.doorstep
  session.onSignedOut((reason) => {
    if (reason === 'session_ended' || reason === 'refresh_reused') void app.go(welcome, app.t.sessionEnded)
  })
  try {
    const state = await session.restore()
    if (state === 'signed_in') return home
    return (await resumeFlow(app)) ?? welcome
  } catch {
    return welcome
  }
}

void start()
