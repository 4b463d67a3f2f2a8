import { h, icon, type Child } from '../../shared/dom'
import { tags } from '../../shared/language'
import type { App, Screen } from '../app'
import { changePassword, deleteAccount, devices, editProfile, welcome } from './index'

/** The account of the signed-in user. */
export const home: Screen = async (app) => {
  const { t } = app
  const user = await app.doorstep.account.me()
  const day = new Intl.DateTimeFormat(tags[app.language], { dateStyle: 'long' })
  const facts: [string, string][] = [
    [t.phone, user.phoneNumber ?? t.none],
    [t.gender, t.genders[user.gender ?? ''] ?? user.gender ?? t.none],
    [t.birthday, user.birthday ? day.format(new Date(`${user.birthday}T12:00:00`)) : t.none],
  ]
  return {
    name: 'home',
    title: t.hello(user.nickname),
    lead: t.memberSince(day.format(new Date(user.createdAt))),
    content: [
      h('dl', { class: 'facts' }, facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
      h(
        'ul',
        { class: 'menu' },
        entry(t.editProfile, () => app.go(editProfile)),
        entry(t.devices, () => app.go(devices)),
        user.hasPassword ? entry(t.changePassword, () => app.go(changePassword)) : null,
      ),
      app.doorstep.session.bound ? h('p', { class: 'hint' }, t.bound) : null,
      h(
        'div',
        { class: 'stack bottom' },
        h('button', { type: 'button', class: 'secondary', onclick: () => void signOut(app) }, t.signOut),
        h(
          'button',
          { type: 'button', class: 'secondary danger', onclick: () => void app.go(deleteAccount) },
          t.deleteAccount,
        ),
      ),
    ],
  }
}

function entry(text: string, action: () => unknown): Child {
  return h('li', {}, h('button', { type: 'button', onclick: () => void action() }, h('span', {}, text), icon('next')))
}

async function signOut(app: App): Promise<void> {
  await app.doorstep.session.signOut()
  await app.go(welcome, app.t.signedOut)
}
