/** The app in the device: shows one screen at a time, and moves the focus to its heading. */

import type { Doorstep } from '@doorstep/client'
import { fill, h, icon, type Child } from '../shared/dom'
import type { Language } from '../shared/language'
import type { Faults } from './faults'
import { texts, type Texts } from './texts'

export interface View {
  readonly title: string
  readonly lead?: Child
  /** Picture above the title. */
  readonly hero?: Child
  readonly content: Child
  readonly back?: () => void
  /** Name of the screen, for styles and tests. */
  readonly name: string
}

export type Screen = (app: App) => View | Promise<View>

interface Environment {
  readonly doorstep: Doorstep
  /** A client of the same service whose session is not stored: the second device of the demo. */
  readonly otherDevice: () => Doorstep
  readonly faults: Faults
  theme(): 'light' | 'dark'
  /** Runs after each change of the screen. */
  shown(): void
}

export class App {
  readonly element = h('div', { class: 'app', id: 'app' })
  language: Language = 'en'
  private screen: Screen | undefined
  private notice = ''
  /** The number that the user has typed last, for password managers. */
  typedNumber = ''
  private shows = 0

  constructor(readonly environment: Environment) {}

  get doorstep(): Doorstep {
    return this.environment.doorstep
  }

  get faults(): Faults {
    return this.environment.faults
  }

  /** Name of the account, for password managers. */
  get username(): string {
    return this.doorstep.session.user?.phoneNumber ?? this.typedNumber
  }

  get t(): Texts {
    return texts[this.language]
  }

  /** Shows a screen, with a sentence about what has happened. */
  async go(screen: Screen, notice = ''): Promise<void> {
    this.screen = screen
    this.notice = notice
    await this.show(true)
  }

  /** Shows the screen again, in another language or theme, with what the user has typed. */
  async again(): Promise<void> {
    const typed = new Map<string, string>()
    for (const input of this.inputs()) if (input.name !== 'captcha_answer') typed.set(input.name, input.value)
    await this.show(false)
    for (const input of this.inputs()) input.value = typed.get(input.name) ?? input.value
  }

  private inputs(): NodeListOf<HTMLInputElement> {
    return this.element.querySelectorAll('input, select')
  }

  private async show(focus: boolean): Promise<void> {
    const mine = ++this.shows
    const view = this.screen?.(this)
    if (view instanceof Promise) this.render({ name: 'loading', title: this.t.loading, content: skeleton() }, false)
    const ready = await view
    if (!ready || mine !== this.shows) return
    this.render(ready, focus, this.notice)
    this.environment.shown()
  }

  private render(view: View, focus: boolean, notice = ''): void {
    const heading = h('h2', { tabindex: -1 }, view.title)
    const back = view.back
    fill(
      this.element,
      back
        ? h('button', { type: 'button', class: 'quiet back', onclick: () => back() }, icon('back'), this.t.back)
        : null,
      view.hero ? h('div', { class: 'hero', 'aria-hidden': 'true' }, view.hero) : null,
      heading,
      view.lead ? h('p', { class: 'lead' }, view.lead) : null,
      h('div', { class: 'notice', role: 'status' }, notice ? h('p', { class: 'note' }, notice) : null),
      view.content,
    )
    this.element.dataset.screen = view.name
    this.element.parentElement?.scrollTo?.(0, 0)
    if (focus) heading.focus({ preventScroll: true })
  }
}

function skeleton(): Child {
  return h('div', { class: 'skeleton', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'))
}
