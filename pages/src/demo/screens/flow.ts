/** The screens of the flows that begin with a code. `flow.state.step` says which one comes next. */

import { DoorstepError, type SignUp, type SignIn, type PasswordReset } from '@doorstep/client'
import { captchaField } from '../../shared/captcha-field'
import { countdown, type Countdown } from '../../shared/countdown'
import { fill, h, type Child } from '../../shared/dom'
import { duration } from '../../shared/errors'
import { field, form, passwordField } from '../../shared/form'
import type { App, Screen, View } from '../app'
import { ending, home, signInScreen, welcome } from './index'

export type Kind = 'signUp' | 'signIn' | 'passwordReset'
type AnyFlow = SignUp | SignIn | PasswordReset

const flows = {
  signUp: (app: App) => app.doorstep.signUp(),
  signIn: (app: App) => app.doorstep.signIn(),
  passwordReset: (app: App) => app.doorstep.passwordReset(),
}

/** Starts a flow. */
export function flowScreen(kind: Kind): Screen {
  let flow: AnyFlow | undefined
  return (app) => screenOf((flow ??= flows[kind](app)), kind)(app)
}

/** Continues the flow that was open when the page was closed. */
export async function resumeFlow(app: App): Promise<Screen | undefined> {
  for (const kind of ['signUp', 'signIn', 'passwordReset'] as const) {
    const flow = flows[kind](app)
    const { step } = await flow.resume()
    if (!['start', 'ended', 'done'].includes(step)) return screenOf(flow, kind)
  }
  return undefined
}

function screenOf(flow: AnyFlow, kind: Kind): Screen {
  return (app) => {
    const context = { app, flow, kind, next: () => next(app, flow, kind) }
    switch (flow.state.step) {
      case 'code':
        return code(context)
      case 'password':
        return password(context)
      case 'profile':
        return profile(context)
      case 'prove':
        return question(context)
      default:
        return start(context)
    }
  }
}

/** Shows the screen of the step that the flow has now. */
async function next(app: App, flow: AnyFlow, kind: Kind): Promise<void> {
  const { step } = flow.state
  if (step === 'done' && kind === 'passwordReset' && app.doorstep.session.state !== 'signed_in') {
    return app.go(ending('resetDone', (t) => t.signIn, () => signInScreen))
  }
  if (step === 'done') return app.go(home)
  if (step === 'ended') return app.go(flowScreen(kind), app.t.expired)
  return app.go(screenOf(flow, kind))
}

interface Context {
  readonly app: App
  readonly flow: AnyFlow
  readonly kind: Kind
  next(): Promise<void>
}

function start({ app, flow, kind, next }: Context): View {
  const { t } = app
  const phone = field({
    name: 'phone_number',
    label: t.phone,
    hint: t.phoneHint,
    type: 'tel',
    autocomplete: 'tel',
    inputmode: 'tel',
    placeholder: t.phonePlaceholder,
  })
  const captcha = captchaField({
    doorstep: app.doorstep,
    texts: t,
    language: app.language,
    theme: () => app.environment.theme(),
  })
  const consent = consentBox(t.accept)
  const titles = { signUp: t.signUpTitle, signIn: t.signInCodeTitle, passwordReset: t.resetTitle }
  const leads = { signUp: t.signUpText, signIn: t.signUpText, passwordReset: t.resetText }
  return {
    name: `${kind}-start`,
    title: titles[kind],
    lead: leads[kind],
    back: () => void app.go(kind === 'signUp' ? welcome : signInScreen),
    content: form({
      fields: [phone, captcha],
      language: app.language,
      submit: t.sendCode,
      busy: t.busy,
      required: t.required,
      content: [h('p', { class: 'hint developer' }, t.letmein), consent.element],
      footer:
        kind === 'signUp' ? h('div', { class: 'links' }, link(t.haveAccount, () => app.go(signInScreen))) : null,
      action: async () => {
        const solved = captcha.solved()
        app.typedNumber = phone.input.value
        if (app.faults.take('captcha')) solved.answer = 'wrong'
        const accepted = consent.accepted()
        await flow.sendCode({
          phoneNumber: phone.input.value,
          captcha: solved,
          ...(accepted ? { accepted } : {}),
        })
        await next()
      },
      failed: (error) => {
        const problem = error instanceof DoorstepError ? error : undefined
        // Nothing was used up: the captcha stays.
        if (problem?.code === 'consent_required') return consent.ask(problem.documents)
        if (problem?.fields.length) return
        void captcha.refresh()
      },
    }),
  }
}

/** Documents that the user must accept. The service names them when they are needed. */
function consentBox(label: string) {
  const element = h('div', { class: 'consent', hidden: true })
  let documents: readonly string[] = []
  let box: HTMLInputElement | undefined
  return {
    element,
    ask(names: readonly string[]) {
      documents = names
      box = h('input', { type: 'checkbox' })
      fill(element, h('label', {}, box, h('span', {}, label, ' ', names.join(', '))))
      element.hidden = false
      box.focus()
    },
    accepted: () => (box?.checked ? [...documents] : undefined),
  }
}

function code({ app, flow, kind, next }: Context): View {
  const { t } = app
  const phone = flow.state.phoneNumber ?? ''
  const typed = codeField(app)
  typed.input.dataset.phone = phone
  const status = h('p', { class: 'hint', role: 'status' })
  const early = () => app.faults.armed === 'cooldown'
  const resend = countdown({
    ready: t.resend,
    waiting: t.resendIn,
    left: () => (early() ? 0 : flow.state.resendIn()),
    language: app.language,
    action: async () => {
      app.faults.take('cooldown')
      fill(status)
      await flow.resendCode()
      fill(status, t.resent)
    },
  })
  return {
    name: `${kind}-code`,
    title: t.codeTitle,
    lead: kind === 'signUp' ? t.codeText(phone) : t.codeConcealed(phone),
    back: () => void flow.cancel().then(() => app.go(flowScreen(kind))),
    content: codeForm({ app, typed, resend, status, submit: t.verify }, async (value) => {
      await flow.verifyCode(value)
      await next()
    }),
  }
}

function codeField(app: App) {
  return field({
    name: 'code',
    label: app.t.code,
    hint: app.t.codeHint,
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    class: 'code',
  })
}

interface CodeForm {
  readonly app: App
  readonly typed: ReturnType<typeof codeField>
  readonly resend: Countdown
  readonly status: HTMLElement
  readonly submit: string
  readonly danger?: boolean
}

/** A form for a code, with a button that sends it again. Its errors are shown in the form, too. */
function codeForm(options: CodeForm, verify: (code: string) => Promise<void>): HTMLFormElement {
  const { app, typed, resend, status } = options
  return form({
    fields: [typed],
    language: app.language,
    submit: options.submit,
    busy: app.t.busy,
    required: app.t.required,
    danger: options.danger,
    footer: [h('div', { class: 'links' }, resend.element), resend.error, status],
    action: async () => {
      const value = typed.input.value
      await verify(app.faults.take('code') ? otherCode(value) : value)
    },
    failed: () => {
      if (typed.input instanceof HTMLInputElement) typed.input.select()
    },
  })
}

/** Another code of the same length. */
function otherCode(code: string): string {
  return code.replace(/\d/g, (digit) => String((Number(digit) + 1) % 10))
}

function password({ app, flow, kind, next }: Context): View {
  const { t } = app
  const typed = passwordField({
    name: 'password',
    label: t.newPassword,
    hint: t.passwordHint,
    autocomplete: 'new-password',
    show: t.show,
    hide: t.hide,
  })
  return {
    name: `${kind}-password`,
    title: t.passwordTitle,
    lead: t.passwordText,
    content: form({
      fields: [typed],
      language: app.language,
      username: app.username,
      submit: t.next,
      busy: t.busy,
      required: t.required,
      action: async () => {
        if (!('setPassword' in flow)) return
        await flow.setPassword(app.faults.take('password') ? 'password1' : typed.input.value)
        await next()
      },
    }),
  }
}

function profile({ app, flow, kind, next }: Context): View {
  const { t } = app
  const nickname = field({ name: 'nickname', label: t.nickname, autocomplete: 'nickname', maxlength: 64 })
  const gender = field({
    name: 'gender',
    label: t.gender,
    optional: t.optional,
    options: Object.entries(t.genders),
  })
  const birthday = field({
    name: 'birthday',
    label: t.birthday,
    optional: t.optional,
    type: 'date',
    autocomplete: 'bday',
    min: '1900-01-01',
  })
  return {
    name: `${kind}-profile`,
    title: t.profileTitle,
    lead: t.profileText,
    content: form({
      fields: [nickname, gender, birthday],
      optional: [gender, birthday],
      language: app.language,
      submit: t.finish,
      busy: t.busy,
      required: t.required,
      action: async () => {
        if (!('submitProfile' in flow)) return
        await flow.submitProfile({
          nickname: nickname.input.value,
          ...(gender.input.value ? { gender: gender.input.value as 'other' } : {}),
          ...(birthday.input.value ? { birthday: birthday.input.value } : {}),
        })
        await next()
      },
    }),
  }
}

/** A right code was not enough: the account was not used for a long time, or the act waits for its owner. */
function question({ app, flow, kind, next }: Context): View {
  const { t } = app
  const asked = flow.state.question
  const titles: Record<string, string> = {
    dormant: t.questionDormant,
    held: t.questionHeld,
    refused: t.questionRefused,
  }
  const wait = asked?.retryAfter ? t.questionUntil(duration(asked.retryAfter, app.language)) : ''
  const startAnew = async () => {
    await flow.startAnew({})
    await next()
  }
  return {
    name: `${kind}-question`,
    title: titles[asked?.reason ?? ''] ?? t.questionHeld,
    lead: wait,
    back: () => void flow.cancel().then(() => app.go(welcome)),
    content: [
      'claim' in flow ? claimForm(app, (value) => flow.claim({ password: value }).then(next)) : null,
      asked?.startAnew
        ? h('button', { type: 'button', class: 'secondary', onclick: () => void startAnew() }, t.startAnew)
        : null,
    ],
  }
}

function claimForm(app: App, claim: (password: string) => Promise<void>): Child {
  const { t } = app
  const typed = passwordField({
    name: 'password',
    label: t.password,
    autocomplete: 'current-password',
    show: t.show,
    hide: t.hide,
  })
  return form({
    fields: [typed],
    language: app.language,
    username: app.username,
    submit: t.claim,
    busy: t.busy,
    required: t.required,
    action: () => claim(typed.input.value),
  })
}

export function link(text: string, action: () => unknown): HTMLButtonElement {
  return h('button', { type: 'button', class: 'quiet', onclick: () => void action() }, text)
}
