/** A button that can be pressed when a time has passed, with the seconds that are left in its text. */

import { fill, h } from './dom'
import { shown } from './errors'
import type { Language } from './language'

interface Options {
  readonly ready: string
  readonly language: Language
  waiting(seconds: number): string
  /** Seconds until the button can be pressed. */
  left(): number
  action(): Promise<void>
}

export interface Countdown {
  readonly element: HTMLButtonElement
  /** The error of the action. */
  readonly error: HTMLElement
}

export function countdown(options: Options): Countdown {
  const element = h('button', { type: 'button', class: 'quiet' })
  const error = h('p', { class: 'field-error', role: 'alert', hidden: true })
  let wasShown = false
  let text = ''
  const update = () => {
    const left = Math.ceil(options.left())
    const now = left > 0 ? options.waiting(left) : options.ready
    // A disabled button loses the focus; this one keeps it, so that the keyboard does not start again at the top.
    element.setAttribute('aria-disabled', String(left > 0))
    if (now !== text) fill(element, (text = now))
    if (wasShown && !element.isConnected) clearInterval(timer)
    wasShown ||= element.isConnected
  }
  const timer = setInterval(update, 500)
  element.addEventListener('click', () => {
    if (options.left() > 0) return
    error.hidden = true
    options
      .action()
      .catch((reason: unknown) => {
        const { text, code } = shown(reason, options.language)
        fill(error, text)
        error.dataset.code = code
        error.hidden = false
      })
      .finally(update)
  })
  update()
  return { element, error }
}
