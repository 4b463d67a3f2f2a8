// Sentences for users in English and Chinese, from the catalogue of the service. An own file: not every app needs them.

import type { DoorstepError, FieldProblem } from './errors.js'
import { ERROR_TEXTS, FIELD_TEXTS, NO_RESPONSE_TEXT, UNKNOWN_TEXT, type Text } from './generated/texts.js'
import { own } from './platform/own.js'

/** Codes of the client, and the codes of the service whose sentences say the same. */
const SAME: Readonly<Record<string, string>> = { signed_out: 'token_missing', key_lost: 'token_missing' }

/** A sentence that says what happened and what the user can do. `language`: `zh` and its variants, else English. */
export function userMessage(error: unknown, language = 'en'): string {
  const { code = '' } = (error ?? {}) as Partial<DoorstepError>
  if (code === 'network' || code === 'invalid_answer') return inLanguage(NO_RESPONSE_TEXT, language)
  return inLanguage(own(ERROR_TEXTS, own(SAME, code) ?? code) ?? UNKNOWN_TEXT, language)
}

/** A sentence for one field that the service refused. A code of a newer service has the sentence of the service. */
export function fieldMessage(field: FieldProblem, language = 'en'): string {
  const text = own(FIELD_TEXTS, field.code)
  return text ? inLanguage(text, language) : field.detail
}

function inLanguage({ en, zh }: Text, language: string): string {
  return /^zh(?![a-z])/i.test(language) ? zh : en
}
