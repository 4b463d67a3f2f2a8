import { form, passwordField } from '../../shared/form'
import type { Screen } from '../app'
import { ending, home, welcome } from './index'

/** With the password the account is deleted at once. */
export const deleteAccount: Screen = (app) => {
  const { t } = app
  const password = passwordField({
    name: 'password',
    label: t.password,
    autocomplete: 'current-password',
    show: t.show,
    hide: t.hide,
  })
  return {
    name: 'delete',
    title: t.deleteTitle,
    lead: t.deleteText,
    back: () => void app.go(home),
    content: form({
      fields: [password],
      language: app.language,
      username: app.username,
      submit: t.deleteConfirm,
      busy: t.busy,
      required: t.required,
      danger: true,
      action: async () => {
        await app.doorstep.deletion().withPassword(password.input.value)
        await app.go(ending('deleted', (texts) => texts.home, () => welcome))
      },
    }),
  }
}
