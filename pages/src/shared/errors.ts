/** Sentences for users: those of the client, with the time to wait and the attempts that are left. */

import { DoorstepError } from '@doorstep/client'
import { fieldMessage, userMessage } from '@doorstep/client/texts'
import type { Language } from './language'

/** The sentences of an error for the user: one sentence, and one for each field that the service refused. */
export interface Shown {
  readonly code: string
  readonly text: string
  readonly fields: Readonly<Record<string, string>>
}

export function shown(error: unknown, language: Language): Shown {
  if (!(error instanceof DoorstepError)) {
    console.error(error)
    return { code: 'unknown', text: userMessage(error, language), fields: {} }
  }
  const fields = Object.fromEntries(error.fields.map((one) => [one.field, fieldMessage(one, language)]))
  return { code: error.code, text: sentence(error, language), fields }
}

function sentence(error: DoorstepError, language: Language): string {
  const more = [waiting(error, language), attempts(error, language)].filter(Boolean)
  return [userMessage(error, language), ...more].join(language === 'zh' ? '' : ' ')
}

function attempts(error: DoorstepError, language: Language): string {
  const left = error.attemptsLeft
  if (left === undefined) return ''
  if (language === 'zh') return `还可以尝试 ${left} 次。`
  return left === 1 ? 'One attempt is left.' : `${left} attempts are left.`
}

function waiting(error: DoorstepError, language: Language): string {
  const seconds = error.retryAfter
  if (!seconds || seconds < 2) return ''
  return language === 'zh' ? `请在${duration(seconds, language)}后重试。` : `Wait ${duration(seconds, language)}.`
}

/** A duration in words, rounded up: 45 seconds, 3 minutes, 24 hours, 180 days. */
export function duration(seconds: number, language: Language): string {
  const units = [
    [86_400 * 2, 86_400, 'day', '天'],
    [3_600 * 2, 3_600, 'hour', '小时'],
    [120, 60, 'minute', '分钟'],
    [0, 1, 'second', '秒'],
  ] as const
  const [, size, english, chinese] = units.find(([least]) => seconds >= least) ?? units[3]
  const count = Math.ceil(seconds / size)
  return language === 'zh' ? `${count} ${chinese}` : `${count} ${english}${count === 1 ? '' : 's'}`
}
