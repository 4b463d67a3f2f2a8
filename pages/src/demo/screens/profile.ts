import { field, form } from '../../shared/form'
import type { Screen } from '../app'
import { home } from './index'

/** An empty field is cleared. */
export const editProfile: Screen = async (app) => {
  const { t } = app
  const user = await app.doorstep.account.me()
  const nickname = field({ name: 'nickname', label: t.nickname, value: user.nickname, autocomplete: 'nickname' })
  const gender = field({
    name: 'gender',
    label: t.gender,
    optional: t.optional,
    options: Object.entries(t.genders),
    value: user.gender ?? '',
  })
  const birthday = field({
    name: 'birthday',
    label: t.birthday,
    optional: t.optional,
    type: 'date',
    value: user.birthday ?? '',
    min: '1900-01-01',
  })
  return {
    name: 'edit-profile',
    title: t.editProfile,
    back: () => void app.go(home),
    content: form({
      fields: [nickname, gender, birthday],
      optional: [gender, birthday],
      language: app.language,
      submit: t.save,
      busy: t.busy,
      required: t.required,
      action: async () => {
        const empty = { gender: !gender.input.value, birthday: !birthday.input.value }
        const clear = (['gender', 'birthday'] as const).filter((name) => empty[name])
        await app.doorstep.account.update({
          nickname: nickname.input.value,
          ...(gender.input.value ? { gender: gender.input.value as 'other' } : {}),
          ...(birthday.input.value ? { birthday: birthday.input.value } : {}),
          ...(clear.length ? { clear } : {}),
        })
        await app.go(home, t.saved)
      },
    }),
  }
}
