import { h, icon } from '../../shared/dom'
import type { Screen } from '../app'
import type { Texts } from '../texts'

type Name = 'deleted' | 'resetDone'

const TEXTS: Record<Name, (t: Texts) => [string, string]> = {
  deleted: (t) => [t.deleted, t.deletedText],
  resetDone: (t) => [t.resetDone, t.resetDoneText],
}

/** A screen that says what is done, with one way to go on. */
export function ending(name: Name, label: (t: Texts) => string, next: () => Screen): Screen {
  return (app) => {
    const [title, text] = TEXTS[name](app.t)
    return {
      name,
      title,
      lead: text,
      hero: icon('check'),
      content: h(
        'div',
        { class: 'stack bottom' },
        h('button', { type: 'button', class: 'primary', onclick: () => void app.go(next()) }, label(app.t)),
      ),
    }
  }
}
