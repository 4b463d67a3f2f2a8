// The demo, walked as a person would: with the keyboard and the mouse, against the real service.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { check, DESKTOP, launch, open, PHONE } from './browser.mjs'
import { startServer } from './server.mjs'
import { app, enterCode, PASSWORD, screen, sendCode } from './walk.mjs'

const NEW_PASSWORD = 'staple battery horse'

let browser
let server
let lastPhone = 13_800_138_000

before(async () => {
  ;[browser, server] = await Promise.all([launch(), startServer()])
})
after(() => Promise.all([browser?.close(), server?.stop()]))

const nextPhone = () => String(++lastPhone)

const MATRIX = [
  { name: 'phone-en-light', viewport: PHONE, locale: 'en-US', colorScheme: 'light' },
  { name: 'phone-zh-dark', viewport: PHONE, locale: 'zh-CN', colorScheme: 'dark' },
  { name: 'desktop-en-dark', viewport: DESKTOP, locale: 'en-US', colorScheme: 'dark' },
  { name: 'desktop-zh-light', viewport: DESKTOP, locale: 'zh-CN', colorScheme: 'light' },
]

describe('every screen works and is accessible', { concurrency: 2 }, () => {
  for (const options of MATRIX) test(options.name, async () => {
    const page = await open(browser, server.url, options)
    const phone = nextPhone()
    const see = (screen) => check(page, `${options.name}-${screen}`)
    const press = () => app(page).locator('form button.primary').click()

    await screen(page, 'first')
    const heading = await app(page).locator('h2').textContent()
    assert.equal(heading, options.locale === 'zh-CN' ? '欢迎' : 'Welcome')
    assert.equal(await page.getAttribute('html', 'lang'), options.locale === 'zh-CN' ? 'zh-CN' : 'en')
    await see('01-welcome')

    await app(page).locator('button.primary').click()
    await screen(page, 'signUp-start')
    await app(page).locator('.captcha img').waitFor()
    const theme = page.waitForRequest((one) => one.url().endsWith('/v1/captchas'))
    await app(page).locator('.captcha-buttons button').first().click()
    assert.equal(JSON.parse((await theme).postData()).theme, options.colorScheme)
    await see('02-sign-up')
    await press()
    assert.equal(await page.locator('[aria-invalid=true]').count(), 2, 'empty fields are named')
    await see('03-empty-fields')

    await sendCode(page, phone)
    await screen(page, 'signUp-code')
    await page.locator('.bubble').first().waitFor({ state: 'attached' })
    await see('04-code')
    await enterCode(page)
    await screen(page, 'signUp-password')
    await see('05-password')
    await page.fill('input[name=password]', PASSWORD)
    await press()
    await screen(page, 'signUp-profile')
    await see('06-profile')
    await page.fill('input[name=nickname]', '小明')
    await page.selectOption('select[name=gender]', 'other')
    await page.fill('input[name=birthday]', '2000-02-29')
    await press()
    await screen(page, 'home')
    await see('07-account')

    await app(page).locator('.menu button').nth(0).click()
    await screen(page, 'edit-profile')
    assert.equal(await page.inputValue('input[name=birthday]'), '2000-02-29')
    await see('08-edit-profile')
    await page.fill('input[name=nickname]', 'Xiao Ming')
    await page.fill('input[name=birthday]', '')
    await press()
    await screen(page, 'home')
    assert.match(await app(page).locator('h2').textContent(), /Xiao Ming/)
    const cleared = options.locale === 'zh-CN' ? /生日未填写/ : /BirthdayNot said/
    assert.match(await app(page).locator('.facts').textContent(), cleared)

    await app(page).locator('.menu button').nth(1).click()
    await screen(page, 'devices')
    await see('09-devices')
    await app(page).locator('.bottom button').first().click()
    await screen(page, 'second-device')
    await see('10-second-device')
    await page.fill('input[name=password]', PASSWORD)
    await press()
    await screen(page, 'devices')
    assert.equal(await app(page).locator('.devices li').count(), 2)
    await see('11-two-devices')
    await app(page).locator('.devices li button').click()
    await app(page).locator('.note').waitFor()
    assert.equal(await app(page).locator('.devices li').count(), 1)

    await app(page).locator('.back').click()
    await screen(page, 'home')
    await app(page).locator('.menu button').nth(2).click()
    await screen(page, 'change-password')
    await see('12-change-password')
    await page.fill('input[name=current_password]', PASSWORD)
    await page.fill('input[name=new_password]', NEW_PASSWORD)
    await press()
    await screen(page, 'home')
    await page.reload()
    await screen(page, 'home')
    await app(page).locator('.bottom button').first().click()
    await screen(page, 'first')

    await app(page).locator('button.secondary').click()
    await screen(page, 'sign-in')
    await see('13-sign-in')
    await page.fill('input[name=phone_number]', phone)
    await page.fill('input[name=password]', PASSWORD)
    await press()
    await app(page).locator('[data-code=credentials_invalid]').waitFor()
    await see('14-wrong-password')
    await page.fill('input[name=password]', NEW_PASSWORD)
    await press()
    await screen(page, 'home')

    await app(page).locator('.bottom button').nth(1).click()
    await screen(page, 'delete')
    await see('15-delete')
    await page.fill('input[name=password]', NEW_PASSWORD)
    await press()
    await screen(page, 'deleted')
    await see('16-deleted')
    await app(page).locator('button.primary').click()
    await screen(page, 'first')

    if (options.viewport === PHONE) await page.locator('.tabs button').nth(1).click()
    await page.locator('.requests summary').first().click()
    await page.locator('.requests pre').first().waitFor()
    await see('17-requests')
    const shown = (await page.locator('.requests pre').allTextContents()).join('\n')
    for (const secret of [PASSWORD, NEW_PASSWORD]) assert.ok(!shown.includes(secret), 'a password is shown')
    assert.equal(/[\w-]{43,}/.exec(shown)?.[0], undefined, 'a token is shown')
    if (options.viewport === PHONE) {
      await page.locator('.tabs button').nth(2).click()
      await see('18-faults')
    }
    await page.done()
  })
})
