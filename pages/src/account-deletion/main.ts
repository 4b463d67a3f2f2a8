/** Account deletion without the app: the number, a captcha and a code. The flow survives a change of the language. */

import { Doorstep, DoorstepError, webStore, type Deletion } from '@doorstep/client'
import { captchaField } from '../shared/captcha-field'
import { countdown } from '../shared/countdown'
import { fill, h, icon, type Child } from '../shared/dom'
import { duration } from '../shared/errors'
import { field, form } from '../shared/form'
import { pageLanguage, tags } from '../shared/language'
import { solver } from '../shared/solver'
import { texts } from './texts'

const language = pageLanguage()
const t = texts[language]
const app = document.querySelector('.app')?.textContent ?? ''
const card = document.getElementById('card') as HTMLElement
const dark = matchMedia('(prefers-color-scheme: dark)')

const doorstep = new Doorstep({
  baseUrl: new URL('.', location.href).href,
  language: tags[language],
  store: webStore(sessionStorage),
  storeKey: 'doorstep-account-deletion',
  // The page never signs in.
  keys: null,
  solveProofOfWork: solver,
})

interface View {
  readonly title: string
  readonly content: Child
  readonly name: string
}

/** Shows a view, and moves the focus to its heading: a screen reader reads it, and the keyboard goes on from there. */
function show(view: View, focus: boolean): void {
  const heading = h('h2', { tabindex: -1 }, view.title)
  fill(card, h('div', { class: 'stack' }, heading, view.content))
  card.dataset.screen = view.name
  if (focus) heading.focus()
}

function next(flow: Deletion, focus = true): void {
  const { step } = flow.state
  if (step === 'code') show(code(flow), focus)
  else if (step === 'prove') show(question(flow), focus)
  else if (step === 'done') show(done(), focus)
  else if (step === 'ended') show(start(doorstep.deletion(), t.ended), focus)
  else show(start(flow), focus)
}

function start(flow: Deletion, notice = ''): View {
  const phone = field({
    name: 'phone_number',
    label: t.phone,
    hint: t.phoneHint,
    type: 'tel',
    autocomplete: 'tel',
    inputmode: 'tel',
  })
  const captcha = captchaField({ doorstep, texts: t, language, theme: () => (dark.matches ? 'dark' : 'light') })
  return {
    name: 'start',
    title: t.phoneTitle,
    content: [
      h('div', { role: 'status' }, notice ? h('p', { class: 'note' }, notice) : null),
      form({
        fields: [phone, captcha],
        language,
        submit: t.sendCode,
        busy: t.busy,
        required: t.required,
        action: async () => {
          await flow.sendCode({ phoneNumber: phone.input.value, captcha: captcha.solved() })
          next(flow)
        },
        // A refused field used nothing up: the captcha stays.
        failed: (error) => void (error instanceof DoorstepError && error.fields.length ? null : captcha.refresh()),
      }),
    ],
  }
}

function code(flow: Deletion): View {
  const typed = field({
    name: 'code',
    label: t.code,
    hint: t.codeHint,
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    class: 'code',
  })
  const status = h('p', { class: 'hint', role: 'status' })
  const resend = countdown({
    ready: t.resend,
    waiting: t.resendIn,
    left: () => flow.state.resendIn(),
    language,
    action: async () => {
      fill(status)
      await flow.resendCode()
      fill(status, t.resent)
    },
  })
  const restart = () => void flow.cancel().then(() => next(doorstep.deletion()))
  return {
    name: 'code',
    title: t.codeTitle,
    content: [
      h('p', { class: 'lead' }, t.codeText(flow.state.phoneNumber ?? '')),
      form({
        fields: [typed],
        language,
        submit: t.confirm,
        busy: t.busy,
        required: t.required,
        danger: true,
        content: h('p', { class: 'hint' }, t.confirmText(app)),
        footer: [
          h(
            'div',
            { class: 'links' },
            resend.element,
            h('button', { type: 'button', class: 'quiet', onclick: restart }, t.otherNumber),
          ),
          resend.error,
          status,
        ],
        action: async () => {
          await flow.verifyCode(typed.input.value)
          next(flow)
        },
        failed: () => {
          if (flow.state.step === 'ended') next(flow)
          else if (typed.input instanceof HTMLInputElement) typed.input.select()
        },
      }),
    ],
  }
}

/** The deletion waits for its time, or the owner has refused it. */
function question(flow: Deletion): View {
  const { reason, retryAfter = 0, startAnew } = flow.state.question ?? { reason: 'held', startAnew: false }
  const wait = duration(retryAfter, language)
  const moment = new Intl.DateTimeFormat(tags[language], { dateStyle: 'full', timeStyle: 'short' })
  const ready = moment.format(new Date(Date.now() + retryAfter * 1000))
  const isRefused = reason === 'refused'
  const content = isRefused
    ? [h('p', {}, t.refusedText), h('p', { class: 'lead' }, t.refusedAgain(wait))]
    : [
        h('p', {}, t.heldText(wait)),
        h('p', {}, h('strong', {}, t.heldWhen(ready))),
        h('p', { class: 'lead' }, t.heldApp),
      ]
  const restart = () => void flow.cancel().then(() => next(doorstep.deletion()))
  return {
    name: isRefused ? 'refused' : 'held',
    title: isRefused ? t.refusedTitle : t.heldTitle,
    content: [
      h('div', { class: 'result wait' }, icon('clock'), content),
      startAnew ? h('p', { class: 'note' }, t.heldOther) : null,
      h('button', { type: 'button', class: 'secondary', onclick: restart }, t.startAgain),
    ],
  }
}

function done(): View {
  return {
    name: 'done',
    title: t.doneTitle,
    content: h(
      'div',
      { class: 'result' },
      icon('check'),
      h('p', {}, t.doneText(card.dataset.reclaimDays ?? '')),
      h('p', { class: 'lead' }, t.doneAgain),
    ),
  }
}

function showPrivacyLink(): void {
  const link = document.getElementById('privacy') as HTMLAnchorElement
  link.hidden = !link.getAttribute('href')
}

async function main(): Promise<void> {
  showPrivacyLink()
  const flow = doorstep.deletion()
  await flow.resume().catch(() => undefined)
  next(flow, false)
}

void main()
