/** Fields and forms. A form shows the errors of its action at the field, or above the fields, and moves the focus. */

import { fill, h, type Child } from './dom'
import { shown, type Shown } from './errors'
import type { Language } from './language'

export interface Field {
  readonly element: HTMLElement
  /** Name of the field in errors of the service. */
  readonly name: string
  readonly input: HTMLInputElement | HTMLSelectElement
  /** Shows an error at the field; an empty text removes it. */
  setError(text: string): void
}

interface FieldOptions {
  readonly name: string
  readonly label: string
  readonly hint?: Child
  readonly type?: string
  readonly value?: string
  readonly autocomplete?: string
  readonly inputmode?: string
  readonly placeholder?: string
  readonly class?: string
  readonly maxlength?: number
  readonly min?: string
  readonly max?: string
  readonly optional?: string
  readonly spellcheck?: boolean
  /** Options of a select: value and text. */
  readonly options?: readonly (readonly [string, string])[]
  /** Button in the field. */
  readonly action?: HTMLElement
}

let last = 0

export function field(options: FieldOptions): Field {
  const id = `field-${++last}`
  const error = h('p', { class: 'field-error', id: `${id}-error`, hidden: true })
  const hint = options.hint ? h('p', { class: 'hint', id: `${id}-hint` }, options.hint) : null
  const input = options.options ? select(id, options) : text(id, options)
  const describedby = [hint?.id, error.id].filter(Boolean).join(' ')
  input.setAttribute('aria-describedby', describedby)
  const element = h(
    'div',
    { class: `field ${options.class ?? ''}` },
    h(
      'label',
      { for: id },
      options.label,
      options.optional ? h('span', { class: 'optional' }, ` ${options.optional}`) : null,
    ),
    h('div', { class: 'control' }, input, options.action),
    hint,
    error,
  )
  const setError = (message: string) => {
    fill(error, message)
    error.hidden = message === ''
    if (message) input.setAttribute('aria-invalid', 'true')
    else input.removeAttribute('aria-invalid')
  }
  input.addEventListener('input', () => setError(''))
  return { element, name: options.name, input, setError }
}

function text(id: string, options: FieldOptions): HTMLInputElement {
  const input = h('input', {
    id,
    name: options.name,
    type: options.type ?? 'text',
    autocomplete: options.autocomplete ?? 'off',
    inputmode: options.inputmode,
    placeholder: options.placeholder,
    maxlength: options.maxlength,
    min: options.min,
    max: options.max,
    spellcheck: options.spellcheck === true ? 'true' : 'false',
    autocapitalize: 'off',
  })
  input.value = options.value ?? ''
  return input
}

function select(id: string, options: FieldOptions): HTMLSelectElement {
  const entries = options.options ?? []
  const element = h(
    'select',
    { id, name: options.name },
    entries.map(([value, label]) => h('option', { value }, label)),
  )
  element.value = options.value ?? ''
  return element
}

/** A field for a password, with a button that shows it. */
export function passwordField(
  options: Omit<FieldOptions, 'type' | 'action'> & { readonly show: string; readonly hide: string },
): Field {
  const button = h('button', { type: 'button', class: 'inline', 'aria-pressed': 'false' }, options.show)
  const made = field({ ...options, type: 'password', action: button })
  button.addEventListener('click', () => {
    const isHidden = made.input.getAttribute('type') === 'password'
    made.input.setAttribute('type', isHidden ? 'text' : 'password')
    button.setAttribute('aria-pressed', String(isHidden))
    fill(button, isHidden ? options.hide : options.show)
  })
  return made
}

function username(value: string): HTMLInputElement {
  const input = h('input', { type: 'text', autocomplete: 'username', readonly: true, hidden: true })
  input.value = value
  return input
}

interface FormOptions {
  readonly fields: readonly Field[]
  readonly language: Language
  readonly submit: string
  readonly busy: string
  /** Says that a field must be filled in. */
  readonly required: string
  readonly danger?: boolean
  /** Name of the account, for password managers. Not visible. */
  readonly username?: string
  /** Between the fields and the button. */
  readonly content?: Child
  /** Below the button. */
  readonly footer?: Child
  /** Fields that may stay empty. */
  readonly optional?: readonly Field[]
  action(): Promise<void>
  /** Runs after an error was shown, and may replace its text. */
  failed?(error: unknown, shown: Shown): void
}

/** A form whose button cannot be pressed twice while the action runs. */
export function form(options: FormOptions): HTMLFormElement {
  const alert = h('div', { class: 'alert', role: 'alert', hidden: true, tabindex: -1 })
  const button = h('button', { class: options.danger ? 'primary danger' : 'primary' }, options.submit)
  const element = h(
    'form',
    { novalidate: true },
    alert,
    options.username === undefined ? null : username(options.username),
    options.fields.map((one) => one.element),
    options.content,
    button,
    options.footer,
  )
  let isBusy = false
  const setBusy = (busy: boolean) => {
    isBusy = busy
    element.setAttribute('aria-busy', String(busy))
    button.setAttribute('aria-disabled', String(busy))
    fill(button, busy ? [h('span', { class: 'spinner', 'aria-hidden': 'true' }), options.busy] : options.submit)
  }
  const show = (error: Shown) => {
    const refused = options.fields.filter((one) => error.fields[one.name])
    for (const one of refused) one.setError(error.fields[one.name] ?? '')
    if (refused[0]) return refused[0].input.focus()
    fill(alert, error.text)
    alert.dataset.code = error.code
    alert.hidden = false
    alert.focus()
  }
  element.addEventListener('submit', (event) => {
    event.preventDefault()
    if (isBusy) return
    alert.hidden = true
    const needed = options.fields.filter((one) => !options.optional?.includes(one))
    const empty = needed.filter((one) => one.input.value.trim() === '' && !one.element.hidden)
    for (const one of empty) one.setError(options.required)
    if (empty[0]) return empty[0].input.focus()
    setBusy(true)
    options
      .action()
      .catch((error: unknown) => {
        const text = shown(error, options.language)
        show(text)
        options.failed?.(error, text)
      })
      .finally(() => setBusy(false))
  })
  return element
}
