import type { DeviceSession } from '@doorstep/client'
import { h, icon, type Child } from '../../shared/dom'
import { form, passwordField } from '../../shared/form'
import { tags } from '../../shared/language'
import type { App, Screen } from '../app'
import { home, welcome } from './index'

/** The devices on which the user is signed in. */
export const devices: Screen = async (app) => {
  const { t } = app
  const sessions = await app.doorstep.account.sessions()
  return {
    name: 'devices',
    title: t.devicesTitle,
    lead: sessions.length > 1 ? t.devicesText : t.devicesOnly,
    back: () => void app.go(home),
    content: [
      h('ul', { class: 'devices' }, sessions.map((session) => device(app, session))),
      h(
        'div',
        { class: 'stack bottom' },
        h('button', { type: 'button', class: 'quiet', onclick: () => void app.go(secondDevice) }, t.addDevice),
        h('button', { type: 'button', class: 'secondary', onclick: () => void everywhere(app) }, t.signOutEverywhere),
      ),
    ],
  }
}

function device(app: App, session: DeviceSession): Child {
  const { t } = app
  const name = session.deviceName ?? t.unnamed
  const when = new Intl.DateTimeFormat(tags[app.language], { dateStyle: 'medium', timeStyle: 'short' })
  const lastUsed = when.format(new Date(session.lastUsedAt))
  const end = async () => {
    await app.doorstep.account.endSession(session.id)
    await app.go(devices, t.ended(name))
  }
  const button = h(
    'button',
    { type: 'button', class: 'quiet', 'aria-label': t.endSessionOf(name), onclick: () => void end() },
    t.endSession,
  )
  return h(
    'li',
    {},
    h('div', { class: 'device-icon', 'aria-hidden': 'true' }, icon('phone')),
    h('div', {}, h('strong', {}, name), h('p', { class: 'hint' }, t.lastUsed(lastUsed))),
    session.current ? h('span', { class: 'tag' }, t.thisDevice) : button,
  )
}

async function everywhere(app: App): Promise<void> {
  await app.doorstep.session.signOut({ everywhere: true })
  await app.go(welcome, app.t.signedOut)
}

/** Signs in with another client of this page, which stores nothing. */
const secondDevice: Screen = async (app) => {
  const { t } = app
  const user = await app.doorstep.account.me()
  const password = passwordField({
    name: 'password',
    label: t.password,
    autocomplete: 'current-password',
    show: t.show,
    hide: t.hide,
  })
  return {
    name: 'second-device',
    title: t.addDevice,
    lead: t.addDeviceHint,
    back: () => void app.go(devices),
    content: form({
      fields: [password],
      language: app.language,
      username: app.username,
      submit: t.signIn,
      busy: t.busy,
      required: t.required,
      action: async () => {
        const flow = app.environment.otherDevice().signIn()
        await flow.withPassword({ phoneNumber: user.phoneNumber ?? '', password: password.input.value })
        await app.go(devices)
      },
    }),
  }
}
