/** A captcha: the picture or the sound, a button for another one, and the field for the answer. */

import type { Captcha, Doorstep } from '@doorstep/client'
import { fill, h, icon } from './dom'
import { shown } from './errors'
import { field, type Field } from './form'
import type { Language } from './language'

export interface CaptchaTexts {
  readonly captcha: string
  readonly captchaAnswer: string
  readonly captchaLoading: string
  readonly captchaOther: string
  readonly captchaListen: string
  readonly captchaLook: string
  readonly captchaPicture: string
  readonly captchaSound: string
  readonly captchaDigits: string
  readonly captchaRetry: string
  readonly captchaNew: string
}

interface Options {
  readonly doorstep: Doorstep
  readonly texts: CaptchaTexts
  readonly language: Language
  theme(): 'light' | 'dark'
}

export interface CaptchaField extends Field {
  /** Id and answer for the next request. */
  solved(): { id: string; answer: string }
  /** Gets another captcha: each one allows one attempt. */
  refresh(): Promise<void>
}

export function captchaField(options: Options): CaptchaField {
  const { doorstep, texts, language } = options
  const answer = field({ name: 'captcha_answer', label: texts.captchaAnswer, hint: ' ', class: 'captcha-answer' })
  const stage = h('div', { class: 'captcha-stage' })
  const status = h('p', { class: 'visually-hidden', role: 'status' })
  const other = h('button', { type: 'button', class: 'quiet' }, icon('refresh'), texts.captchaOther)
  const kind = h('button', { type: 'button', class: 'quiet' })
  const element = h(
    'fieldset',
    { class: 'captcha' },
    h('legend', {}, texts.captcha),
    stage,
    h('div', { class: 'captcha-buttons' }, other, kind),
    status,
    answer.element,
  )
  let captcha: Captcha | undefined
  let isAudio = false
  let request = 0

  const show = (made: Captcha) => {
    const hint = answer.element.querySelector('.hint')
    const prompt = made.prompt || (isAudio ? texts.captchaDigits : texts.captchaPicture)
    if (hint) fill(hint, prompt)
    answer.input.setAttribute('inputmode', made.input === 'digits' ? 'numeric' : 'text')
    if (isAudio) fill(stage, h('audio', { controls: true, src: made.audio, 'aria-label': texts.captchaSound }))
    else fill(stage, h('img', { src: made.image, alt: texts.captchaPicture, draggable: 'false' }))
  }
  const load = async () => {
    const mine = ++request
    captcha = undefined
    answer.input.value = ''
    answer.setError('')
    fill(kind, icon(isAudio ? 'picture' : 'sound'), isAudio ? texts.captchaLook : texts.captchaListen)
    const spinner = h('span', { class: 'spinner', 'aria-hidden': 'true' })
    fill(stage, h('p', { class: 'captcha-loading' }, spinner, texts.captchaLoading))
    try {
      const made = await doorstep.captcha(isAudio ? { kind: 'audio' } : { theme: options.theme() })
      if (mine !== request) return
      captcha = made
      show(made)
    } catch (error) {
      if (mine !== request) return
      const retry = h('button', { type: 'button', class: 'quiet', onclick: () => void load() }, texts.captchaRetry)
      fill(stage, h('p', { class: 'captcha-error', role: 'alert' }, shown(error, language).text), retry)
    }
  }
  const again = async () => {
    await load()
    if (captcha) fill(status, texts.captchaNew)
  }
  other.addEventListener('click', () => void again())
  kind.addEventListener('click', () => {
    isAudio = !isAudio
    void again()
  })
  void load()
  return {
    ...answer,
    element,
    solved: () => ({ id: captcha?.id ?? '', answer: answer.input.value }),
    refresh: again,
  }
}
