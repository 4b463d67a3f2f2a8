import { h } from '../../shared/dom'
import type { Screen } from '../app'
import { flowScreen, signInScreen } from './index'

export const welcome: Screen = (app) => ({
  name: 'first',
  title: app.t.welcome,
  lead: app.t.welcomeText,
  hero: h('img', { src: 'pages/icon.svg', alt: '' }),
  content: h(
    'div',
    { class: 'stack bottom' },
    h(
      'button',
      { type: 'button', class: 'primary', onclick: () => void app.go(flowScreen('signUp')) },
      app.t.createAccount,
    ),
    h('button', { type: 'button', class: 'secondary', onclick: () => void app.go(signInScreen) }, app.t.signIn),
  ),
})
