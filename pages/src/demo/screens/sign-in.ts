import { DoorstepError } from '@doorstep/client'
import { captchaField, type CaptchaField } from '../../shared/captcha-field'
import { h } from '../../shared/dom'
import { field, form, passwordField, type Field } from '../../shared/form'
import type { Screen } from '../app'
import { flowScreen, link } from './flow'
import { home, welcome } from './index'

/** Sign-in with the password. The service asks for a captcha after some wrong passwords. */
export const signInScreen: Screen = (app) => {
  const { t } = app
  const phone = field({
    name: 'phone_number',
    label: t.phone,
    type: 'tel',
    autocomplete: 'username',
    inputmode: 'tel',
    placeholder: t.phonePlaceholder,
  })
  const password = passwordField({
    name: 'password',
    label: t.password,
    autocomplete: 'current-password',
    show: t.show,
    hide: t.hide,
  })
  const place = h('div', { hidden: true })
  const fields: Field[] = [phone, password]
  let captcha: CaptchaField | undefined
  const askForCaptcha = () => {
    if (captcha) return void captcha.refresh()
    captcha = captchaField({
      doorstep: app.doorstep,
      texts: t,
      language: app.language,
      theme: () => app.environment.theme(),
    })
    fields.push(captcha)
    place.append(captcha.element)
    place.hidden = false
  }
  return {
    name: 'sign-in',
    title: t.signInTitle,
    lead: t.signInText,
    back: () => void app.go(welcome),
    content: form({
      fields,
      language: app.language,
      submit: t.signIn,
      busy: t.busy,
      required: t.required,
      content: place,
      footer: h(
        'div',
        { class: 'links' },
        link(t.withCode, () => app.go(flowScreen('signIn'))),
        link(t.forgot, () => app.go(flowScreen('passwordReset'))),
      ),
      action: async () => {
        const solved = captcha?.solved()
        if (solved && app.faults.take('captcha')) solved.answer = 'wrong'
        const flow = app.doorstep.signIn()
        const { step } = await flow.withPassword({
          phoneNumber: phone.input.value,
          password: password.input.value,
          ...(solved ? { captcha: solved } : {}),
        })
        if (step === 'done') await app.go(home)
      },
      failed: (error) => {
        const code = error instanceof DoorstepError ? error.code : ''
        if (code === 'captcha_required' || captcha) askForCaptcha()
      },
    }),
  }
}
