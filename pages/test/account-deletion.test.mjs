// Account deletion without the app: every end of it, by mouse and by keyboard, in both languages, below a path prefix.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { age } from '../../sdk/scenarios/lib/database.mjs'
import { check, DESKTOP, launch, open, PHONE } from './browser.mjs'
import { startProxy } from './proxy.mjs'
import { startServer } from './server.mjs'

const DAY = 86_400
const [TEST_PHONE, TEST_CODE] = ['+8613700137001', '246802']
const settings = {
  ACCOUNT_DELETION_PAGE: 'true',
  APP_NAME: 'Tom & Jerry’s <App>',
  PRIVACY_POLICY_URL: 'https://example.com/privacy?a=1&b=2',
  TEST_PHONES: `${TEST_PHONE}=${TEST_CODE}@2099-12-31`,
  COOLDOWN_SECONDS: '1',
  PROOF_OF_WORK: 'always',
  PROOF_OF_WORK_BITS: '12',
}

let browser
let server
let proxy
let lastPhone = 13_600_136_000

before(async () => {
  ;[browser, server] = await Promise.all([launch(), startServer(settings)])
  proxy = await startProxy(server.url, '/id')
})
after(() => Promise.all([browser?.close(), server?.stop(), proxy?.stop()]))

const nextPhone = () => `+86${++lastPhone}`
const page = (options, base = server.url) => open(browser, new URL('account-deletion', base).href, options)
const screen = (page, name) => page.waitForSelector(`#card[data-screen=${name}]`)
const status = async (token) => (await server.api('GET', 'v1/me', { token })).status

/** Requests a code, again while the service asks for a moment between two messages. */
async function requestCode(page, phone) {
  const wait = page.locator('[data-screen=code], [data-code=resend_cooldown]')
  for (let attempt = 0; attempt < 20; attempt++) {
    await page.locator('.captcha img').waitFor()
    await page.fill('input[name=phone_number]', phone)
    await page.fill('input[name=captcha_answer]', 'letmein')
    await page.click('form button.primary')
    await page.locator('form[aria-busy=true]').waitFor({ state: 'detached' })
    await wait.first().waitFor()
    if (await page.locator('[data-screen=code]').count()) return
  }
  assert.fail('no code')
}

async function confirm(page, code) {
  await page.fill('input[name=code]', code)
  await page.click('form button.primary')
}

for (const [name, options] of [
  ['phone-en', { viewport: PHONE, colorScheme: 'dark' }],
  ['desktop-zh', { viewport: DESKTOP, locale: 'zh-CN' }],
]) {
  test(`a deletion waits, and is done with a new code after its time: ${name}`, async () => {
    const phone = nextPhone()
    const token = await server.signUp(phone)
    const tab = await page(options)
    await screen(tab, 'start')
    await tab.locator('.captcha img').waitFor()
    assert.match(await tab.title(), /Tom & Jerry’s <App>$/)
    await check(tab, `deletion-${name}-1-start`)
    await tab.click('form button.primary')
    await check(tab, `deletion-${name}-2-empty`)
    await requestCode(tab, phone)
    await check(tab, `deletion-${name}-3-code`)
    await confirm(tab, await server.code(phone))
    await screen(tab, 'held')
    await check(tab, `deletion-${name}-4-held`)
    assert.equal(await status(token), 200, 'nothing is deleted yet')

    await age(server.database, phone, DAY + 60)
    await tab.click('button.secondary')
    await requestCode(tab, phone)
    await confirm(tab, await server.code(phone))
    await screen(tab, 'done')
    await check(tab, `deletion-${name}-5-done`)
    assert.equal(await status(token), 401, 'the account is deleted')
    await tab.done()
  })
}

test('the owner refuses on a device that is signed in', async () => {
  const phone = nextPhone()
  const token = await server.signUp(phone)
  await age(server.database, phone, 2 * DAY)
  const tab = await page()
  await requestCode(tab, phone)
  await confirm(tab, await server.code(phone))
  await screen(tab, 'held')
  const { body } = await server.api('GET', 'v1/me/pending', { token })
  const [{ id, kind }] = body.pending
  assert.equal(kind, 'deletion')
  assert.equal((await server.api('POST', `v1/me/pending/${id}/refuse`, { token })).status, 204)
  await tab.click('button.secondary')
  await requestCode(tab, phone)
  await confirm(tab, await server.code(phone))
  await screen(tab, 'refused')
  await check(tab, 'deletion-refused')
  assert.equal(await status(token), 200)
  await tab.done()
})

test('an account that was not used for a long time loses its number at once', async () => {
  const phone = nextPhone()
  await server.signUp(phone)
  await age(server.database, phone, 200 * DAY)
  const tab = await page()
  await requestCode(tab, phone)
  await confirm(tab, await server.code(phone))
  await screen(tab, 'done')
  assert.match(await tab.locator('.result').textContent(), /within 180 days/)
  await tab.done()
})

test('a number without an account looks the same, and every code for it is wrong', async () => {
  const tab = await page()
  await requestCode(tab, nextPhone())
  await confirm(tab, '123456')
  const alert = tab.locator('[data-code=code_wrong]')
  assert.match(await alert.textContent(), /4 attempts are left\.$/)
  await check(tab, 'deletion-wrong-code')
  for (let left = 3; left >= 0; left--) {
    await tab.locator('form[aria-busy=false]').waitFor()
    await confirm(tab, '123456')
    if (left > 0) await alert.filter({ hasText: left === 1 ? 'One attempt is left' : `${left} attempts` }).waitFor()
  }
  await screen(tab, 'start')
  assert.match(await tab.locator('.note').textContent(), /has ended/)
  await tab.done()
})

test('the whole deletion by keyboard, with the recording', async () => {
  const token = await server.signUp(TEST_PHONE)
  const tab = await page({ viewport: DESKTOP })
  const { keyboard } = tab
  const focused = () => tab.evaluate(() => document.activeElement.textContent || document.activeElement.name)
  const press = async (key, times = 1) => {
    for (let time = 0; time < times; time++) await keyboard.press(key)
  }
  await tab.locator('.captcha img').waitFor()
  await press('Tab')
  assert.equal(await focused(), 'Skip to the form')
  await press('Enter')
  await press('Tab')
  assert.equal(await focused(), 'phone_number')
  await keyboard.type('13700137001')
  await press('Tab', 2)
  assert.equal(await focused(), 'Listen instead')
  await press('Enter')
  await tab.locator('.captcha audio').waitFor()
  await press('Tab')
  assert.equal(await focused(), 'captcha_answer')
  await keyboard.type('letmein')
  await press('Enter')
  await screen(tab, 'code')
  assert.equal(await focused(), 'Enter the code', 'the focus is on the new heading')
  await press('Tab')
  await keyboard.type(TEST_CODE)
  await press('Enter')
  await screen(tab, 'done')
  assert.equal(await focused(), 'Done')
  assert.equal(await status(token), 401)
  await tab.done()
})

test('the switch of the language keeps the step', async () => {
  const tab = await page()
  await requestCode(tab, nextPhone())
  await tab.click('.language')
  await screen(tab, 'code')
  assert.equal(await tab.getAttribute('html', 'lang'), 'zh-CN')
  assert.equal(await tab.locator('h1').textContent(), '注销账号')
  assert.equal(await tab.locator('#card h2').textContent(), '输入验证码')
  await tab.done()
})

test('the page works below a path prefix, and at 200 % zoom', async () => {
  // A window of 1280 x 900 with a zoom of 200 % has this many CSS pixels.
  const tab = await page({ viewport: { width: 640, height: 450 } }, proxy.url)
  await requestCode(tab, nextPhone())
  await check(tab, 'deletion-zoom')
  assert.equal(await tab.getAttribute('#privacy', 'href'), settings.PRIVACY_POLICY_URL)
  assert.equal(await tab.locator('#privacy').isVisible(), true)
  await tab.done()
})
