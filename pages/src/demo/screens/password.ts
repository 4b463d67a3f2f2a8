import { form, passwordField } from '../../shared/form'
import type { Screen } from '../app'
import { home } from './index'

export const changePassword: Screen = (app) => {
  const { t } = app
  const current = passwordField({
    name: 'current_password',
    label: t.currentPassword,
    autocomplete: 'current-password',
    show: t.show,
    hide: t.hide,
  })
  const next = passwordField({
    name: 'new_password',
    label: t.newPassword,
    hint: t.passwordHint,
    autocomplete: 'new-password',
    show: t.show,
    hide: t.hide,
  })
  return {
    name: 'change-password',
    title: t.changePassword,
    back: () => void app.go(home),
    content: form({
      fields: [current, next],
      language: app.language,
      username: app.username,
      submit: t.save,
      busy: t.busy,
      required: t.required,
      action: async () => {
        const newPassword = app.faults.take('password') ? 'password1' : next.input.value
        await app.doorstep.account.changePassword({ currentPassword: current.input.value, newPassword })
        await app.go(home, t.passwordChanged)
      },
    }),
  }
}
