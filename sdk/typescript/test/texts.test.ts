// Sentences for users.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DoorstepError } from '../src/errors.js'
import { fieldMessage, userMessage } from '../src/texts.js'

interface Text {
  readonly en: string
  readonly zh: string
}
interface Entry {
  readonly code: string
  readonly show: Text | null
}
const file = new URL('../../../../openapi/error-codes.json', import.meta.url)
const catalogue = JSON.parse(readFileSync(file, 'utf8')) as {
  errors: Entry[]
  fields: Entry[]
  unknown_code: { show: Text }
  no_response: { show: Text }
}
const unknown = catalogue.unknown_code.show

test('each code has the sentence of the catalogue, in English and Chinese', () => {
  for (const { code, show } of catalogue.errors) {
    const error = new DoorstepError(code, 'detail')
    assert.equal(userMessage(error), (show ?? unknown).en, code)
    assert.equal(userMessage(error, 'zh-Hant-TW'), (show ?? unknown).zh, code)
  }
})

test('errors of the client and of a newer service have a sentence, too', () => {
  const sentence = (code: string) => userMessage(new DoorstepError(code, ''))
  assert.equal(sentence('network'), catalogue.no_response.show.en)
  assert.equal(sentence('signed_out'), 'Please sign in.')
  assert.equal(sentence('code_of_tomorrow'), unknown.en)
  assert.equal(sentence('toString'), unknown.en)
  assert.equal(userMessage(new Error('defect'), 'de'), unknown.en)
  for (const language of ['zh', 'zh-CN', 'zh_CN', 'ZH-Hant']) assert.equal(userMessage(null, language), unknown.zh)
})

test('a field that was refused has a sentence', () => {
  for (const { code, show } of catalogue.fields) {
    const field = { field: 'nickname', code, detail: 'The detail.' }
    assert.equal(fieldMessage(field, 'zh'), show?.zh ?? 'The detail.', code)
  }
  assert.equal(fieldMessage({ field: 'nickname', code: 'code_of_tomorrow', detail: 'The detail.' }), 'The detail.')
})
