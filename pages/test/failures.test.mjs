// "Make it fail": every error of the demo, what the user sees of it, and how they go on.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { check, DESKTOP, launch, open } from './browser.mjs'
import { startServer } from './server.mjs'
import { alertOf, app, enterCode, PASSWORD, press, screen, sendCode, startSignUp } from './walk.mjs'

const codes = JSON.parse(await readFile(new URL('../../openapi/error-codes.json', import.meta.url), 'utf8'))
/** The sentence of an error, as the file of all errors has it. */
const sentence = (code, language = 'en') => codes.errors.find((one) => one.code === code).show[language]

let browser
let server
let lastPhone = 13_900_139_000
/** A number with a fixed code, which may be requested at any time. */
const [TEST_PHONE, TEST_CODE] = ['+8613700137000', '135790']
const settings = { TEST_PHONES: `${TEST_PHONE}=${TEST_CODE}@2099-12-31` }

before(async () => {
  ;[browser, server] = await Promise.all([launch(), startServer(settings)])
})
after(() => Promise.all([browser?.close(), server?.stop()]))

const nextPhone = () => String(++lastPhone)
const arm = (page, fault) => page.click(`[data-fault=${fault}]`)
const desktop = (options) => open(browser, server.url, { viewport: DESKTOP, ...options })

/** Requests of the page that reached the service. */
function sent(page, path) {
  const list = []
  page.on('request', (request) => request.url().endsWith(path) && list.push(request))
  return list
}

test('a wrong captcha is really sent, and the next one is ready', async () => {
  const page = await desktop()
  const requests = sent(page, '/v1/register/send-code')
  await screen(page, 'first')
  await app(page).locator('button.primary').click()
  await arm(page, 'captcha')
  await sendCode(page, nextPhone())
  assert.equal(await alertOf(page, 'captcha_wrong'), sentence('captcha_wrong'))
  assert.equal(JSON.parse(requests[0].postData()).captcha_answer, 'wrong')
  await check(page, 'failure-captcha')
  await sendCode(page)
  await screen(page, 'signUp-code')
  await page.done()
})

test('a wrong code says how many attempts are left', async () => {
  const page = await desktop({ locale: 'zh-CN', colorScheme: 'dark' })
  await startSignUp(page, nextPhone())
  await arm(page, 'code')
  await enterCode(page)
  assert.equal(await alertOf(page, 'code_wrong'), `${sentence('code_wrong', 'zh')}还可以尝试 4 次。`)
  await check(page, 'failure-code')
  await enterCode(page)
  await screen(page, 'signUp-password')
  await page.done()
})

test('a second code at once is refused, with the time to wait', async () => {
  const page = await desktop()
  await startSignUp(page, nextPhone())
  const resend = app(page).locator('.links button').first()
  assert.equal(await resend.getAttribute('aria-disabled'), 'true')
  await arm(page, 'cooldown')
  await app(page).locator('.links button[aria-disabled=false]').click()
  const text = await alertOf(page, 'resend_cooldown')
  assert.match(text, /^A code was sent a moment ago\. .* Wait \d+ seconds\.$/)
  await check(page, 'failure-cooldown')
  await page.done()
})

test('a weak password is refused, and another one goes on', async () => {
  const page = await desktop()
  await startSignUp(page, nextPhone())
  await enterCode(page)
  await screen(page, 'signUp-password')
  await arm(page, 'password')
  await page.fill('input[name=password]', PASSWORD)
  await press(page)
  assert.equal(await alertOf(page, 'password_too_weak'), sentence('password_too_weak'))
  await check(page, 'failure-password')
  await press(page)
  await screen(page, 'signUp-profile')
  await page.done()
})

test('a lost answer is repeated with the same key, and one message is sent', async () => {
  const page = await desktop()
  const requests = sent(page, '/v1/register/send-code')
  await screen(page, 'first')
  await arm(page, 'lost')
  await startSignUp(page, nextPhone())
  const keys = requests.map((request) => request.headers()['idempotency-key'])
  assert.equal(keys.length, 2)
  assert.equal(keys[0], keys[1])
  assert.equal((await requests[1].response()).headers()['idempotency-replayed'], 'true')
  const phone = String(lastPhone)
  assert.equal(server.output().split(phone).length - 1, 1, 'one message')
  await page.locator('.requests summary', { hasText: 'no answer' }).waitFor()
  await check(page, 'failure-lost')
  await page.done()
})

for (const [fault, code] of [['budget', 'sms_budget_exhausted'], ['unavailable', 'dependency_unavailable']]) {
  test(`${code} is simulated, says so, and does not reach the service`, async () => {
    const page = await desktop()
    const requests = sent(page, '/v1/register/send-code')
    await screen(page, 'first')
    await app(page).locator('button.primary').click()
    await app(page).locator('.captcha img').waitFor()
    await arm(page, fault)
    await page.fill('input[name=phone_number]', nextPhone())
    await page.fill('input[name=captcha_answer]', 'letmein')
    await press(page)
    assert.ok((await alertOf(page, code)).startsWith(sentence(code)))
    assert.equal(requests.length, 0)
    await page.locator('.requests summary', { hasText: code }).locator('.tag', { hasText: 'simulated' }).waitFor()
    await check(page, `failure-${fault}`)
    await sendCode(page)
    await screen(page, 'signUp-code')
    await page.done()
  })
}

test('the captcha of a service that does not answer can be tried again', async () => {
  const page = await desktop()
  await screen(page, 'first')
  await arm(page, 'unavailable')
  await app(page).locator('button.primary').click()
  await app(page).locator('.captcha-error').waitFor()
  await check(page, 'failure-no-captcha')
  await app(page).locator('.captcha-stage button').click()
  await app(page).locator('.captcha img').waitFor()
  await page.done()
})

test('an audio captcha', async () => {
  const page = await desktop()
  await screen(page, 'first')
  await app(page).locator('button.primary').click()
  await app(page).locator('.captcha img').waitFor()
  const worker = page.waitForRequest((request) => request.url().endsWith('/pages/worker.js'))
  await app(page).locator('.captcha-buttons button').nth(1).click()
  await worker
  const audio = app(page).locator('.captcha audio')
  await audio.waitFor()
  // The browser has read the whole recording, and does not play it by itself: the screen reader is speaking.
  const duration = () => audio.evaluate((one) => one.readyState >= 1 && one.duration)
  while (!(await duration())) await page.waitForFunction(() => document.querySelector('audio').readyState >= 1)
  assert.ok((await duration()) > 3)
  assert.equal(await audio.evaluate((one) => one.paused), true)
  assert.equal(await page.getAttribute('input[name=captcha_answer]', 'inputmode'), 'numeric')
  await check(page, 'captcha-audio')
  await page.fill('input[name=phone_number]', nextPhone())
  await page.fill('input[name=captcha_answer]', 'letmein')
  await press(page)
  await screen(page, 'signUp-code')
  await page.done()
})

test('language and appearance can be switched at any time, and what was typed stays', async () => {
  const page = await desktop()
  await screen(page, 'first')
  await app(page).locator('button.primary').click()
  await app(page).locator('.captcha img').waitFor()
  await page.fill('input[name=phone_number]', '138')
  const request = page.waitForRequest((one) => one.url().endsWith('/v1/captchas'))
  await page.click('[data-choice=zh]')
  assert.equal((await request).headers()['accept-language'], 'zh-CN')
  await app(page).locator('h2', { hasText: '注册账号' }).waitFor()
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN')
  assert.equal(await page.inputValue('input[name=phone_number]'), '138')
  const dark = page.waitForRequest((one) => one.url().endsWith('/v1/captchas'))
  await page.click('[data-choice=dark]')
  assert.equal(JSON.parse((await dark).postData()).theme, 'dark')
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  assert.equal(await background(), 'rgb(16, 21, 19)')
  assert.equal(await page.evaluate(() => document.activeElement.dataset.choice), 'dark', 'the focus stays')
  await page.reload()
  await app(page).locator('h2', { hasText: '欢迎' }).waitFor()
  assert.equal(await background(), 'rgb(16, 21, 19)')
  await page.done()
})

test('a sign-up goes on where it was when the page is loaded again', async () => {
  const page = await desktop()
  await startSignUp(page, nextPhone())
  await page.reload()
  await screen(page, 'signUp-code')
  await page.fill('input[name=code]', await server.code(String(lastPhone)))
  await press(page)
  await screen(page, 'signUp-password')
  await page.reload()
  await screen(page, 'signUp-password')
  await page.done()
})

test('sign-in with a code, and a new password by code', async () => {
  const page = await desktop()
  await server.signUp(TEST_PHONE, 'staple battery horse')
  const links = app(page).locator('.links button')
  await screen(page, 'first')
  await app(page).locator('button.secondary').click()
  await screen(page, 'sign-in')
  await links.nth(0).click()
  await screen(page, 'signIn-start')
  await check(page, 'sign-in-code-1')
  await sendCode(page, TEST_PHONE)
  await screen(page, 'signIn-code')
  await check(page, 'sign-in-code-2')
  await page.fill('input[name=code]', TEST_CODE)
  await press(page)
  await screen(page, 'home')
  await app(page).locator('.bottom button').first().click()

  await screen(page, 'first')
  await app(page).locator('button.secondary').click()
  await screen(page, 'sign-in')
  await links.nth(1).click()
  await screen(page, 'passwordReset-start')
  await sendCode(page, TEST_PHONE)
  await screen(page, 'passwordReset-code')
  await page.fill('input[name=code]', TEST_CODE)
  await press(page)
  await screen(page, 'passwordReset-password')
  await check(page, 'reset-password')
  await page.fill('input[name=password]', PASSWORD)
  await press(page)
  await screen(page, 'resetDone')
  await check(page, 'reset-done')
  await app(page).locator('button.primary').click()
  await screen(page, 'sign-in')
  await page.fill('input[name=phone_number]', TEST_PHONE)
  await page.fill('input[name=password]', PASSWORD)
  await press(page)
  await screen(page, 'home')
  await page.done()
})
