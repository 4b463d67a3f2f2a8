// Steps in the demo that several tests do.
import assert from 'node:assert/strict'
import { PHONE } from './browser.mjs'

export const PASSWORD = 'correct horse battery'

export const app = (page) => page.locator('#app')
export const press = (page) => app(page).locator('form button.primary').click()

/** Waits for a screen. An error says which screen there is instead, and what it says. */
export async function screen(page, name) {
  try {
    await page.waitForSelector(`[data-screen=${name}]`)
  } catch (error) {
    const shown = page.locator('[data-screen]').first()
    const seen = await shown.evaluate((one) => `${one.dataset.screen}: ${one.innerText}`)
    throw new Error(`${name} expected, ${seen}\n${page.problems.join('\n')}`, { cause: error })
  }
}

/** Solves the captcha on the screen, and requests a code. */
export async function sendCode(page, phone) {
  await app(page).locator('.captcha img').waitFor()
  if (phone) await page.fill('input[name=phone_number]', phone)
  await page.fill('input[name=captcha_answer]', 'letmein')
  await press(page)
}

/** Takes the code over by the button of the message, and continues. */
export async function enterCode(page) {
  const isPhone = page.viewportSize().width === PHONE.width
  await page.locator(isPhone ? '.banner .use-code' : '.messages .use-code').first().click()
  assert.match(await page.inputValue('input[name=code]'), /^\d{6}$/)
  await press(page)
}

/** From the first screen to the code. */
export async function startSignUp(page, phone) {
  await screen(page, 'first')
  await app(page).locator('button.primary').click()
  await screen(page, 'signUp-start')
  await sendCode(page, phone)
  await screen(page, 'signUp-code')
}

/** From the first screen to the account. */
export async function signUp(page, phone) {
  await startSignUp(page, phone)
  await enterCode(page)
  await screen(page, 'signUp-password')
  await page.fill('input[name=password]', PASSWORD)
  await press(page)
  await screen(page, 'signUp-profile')
  await page.fill('input[name=nickname]', 'Ada')
  await press(page)
  await screen(page, 'home')
}

/** Waits for the error with this code, and returns its sentence. */
export async function alertOf(page, code) {
  const alert = page.locator(`[data-code=${code}]`)
  await alert.waitFor()
  return alert.textContent()
}
