// Chromium as Debian ships it. Every message of the console, every violation of the policy and every failed request
// is a failure, unless a test says that it expects it.
import axe from 'axe-core'
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { chromium } from 'playwright-core'

export const PHONE = { width: 390, height: 844 }
export const DESKTOP = { width: 1280, height: 900 }

const shots = process.env.PAGES_SHOTS
if (shots) await mkdir(shots, { recursive: true })

export function launch() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  // A container has no sandbox and a small /dev/shm. The tests load pages of this repository only.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=user-gesture-required']
  return chromium.launch({ executablePath, args })
}

/** Opens a page in a browser without history. */
export async function open(browser, url, { viewport = PHONE, locale = 'en-US', colorScheme = 'light', ...more } = {}) {
  // A message that moves in while axe-core looks at it has another contrast.
  const reducedMotion = 'reduce'
  const context = await browser.newContext({ viewport, locale, colorScheme, reducedMotion, ...more })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const problems = []
  page.on('console', (message) => {
    // Chromium reports each status from 400 on; the pages show these answers to the user.
    if (/^Failed to load resource: the server responded/.test(message.text())) return
    problems.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`error: ${error.stack}`))
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`)
    })
  })
  await page.goto(url)
  return Object.assign(page, {
    problems,
    /** Ends the test of the page: nothing may have gone wrong. */
    async done() {
      assert.deepEqual(problems, [])
      await context.close()
    },
  })
}

/** Checks what every screen must have, and takes a picture where the tests were asked for pictures. */
export async function check(page, name) {
  const { width } = page.viewportSize()
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(overflow <= 0, `${name}: ${overflow} px wider than the window (${width} px)`)
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))))
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` })
  // Not by a script element: the policy of the pages forbids it, and stays on.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n  ${failureSummary}`),
  )
  assert.deepEqual(found, [], `${name}: axe-core`)
}
