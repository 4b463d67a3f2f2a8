// The viewer of the OpenAPI document, below a path prefix: what is prefilled can be sent, and pictures are shown.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESKTOP, launch, open } from './browser.mjs'
import { startProxy } from './proxy.mjs'
import { startServer } from './server.mjs'
import { screen, signUp } from './walk.mjs'

let browser
let server
let proxy

before(async () => {
  ;[browser, server] = await Promise.all([launch(), startServer()])
  proxy = await startProxy(server.url, '/id')
})
after(() => Promise.all([browser?.close(), server?.stop(), proxy?.stop()]))

const docs = (base) => open(browser, new URL('docs', base).href, { viewport: DESKTOP })

/** Opens an operation and executes it as it is. Returns the status and the operation. */
async function execute(page, id) {
  // Swagger UI writes the dot of an operation id with a backslash, and a selector writes a backslash as two.
  const operation = page.locator(`[id$="-${id.replace('.', '\\\\.')}"]`)
  await operation.locator('.opblock-summary-control').click()
  const answer = page.waitForResponse((response) => response.request().resourceType() === 'fetch')
  await operation.locator('button.execute').click()
  return { response: await answer, operation }
}

for (const [name, base] of [['at the root', () => server.url], ['below a prefix', () => proxy.url]]) {
  test(`the first Execute works and shows the picture: ${name}`, async () => {
    const page = await docs(base())
    await page.locator('.opblock').first().waitFor()
    const first = await execute(page, 'captchas.create')
    assert.equal(first.response.status(), 201)
    assert.equal(new URL(first.response.url()).pathname, `${new URL(base()).pathname}v1/captchas`)
    const { operation } = await execute(page, 'captchas.createImage')
    const image = operation.locator('.response-col_description img').first()
    await image.waitFor()
    assert.ok((await image.evaluate((one) => one.naturalWidth)) > 50)
    await page.done()
  })
}

test('the operations are in the order of the flow', async () => {
  const page = await docs(server.url)
  await page.locator('.opblock').first().waitFor()
  const ids = await page.locator('.opblock').evaluateAll((all) => all.map((one) => one.id))
  const verbs = ids.map((id) => id.replace(/.*-/, '').replace('\\', ''))
  const signUp = ['sendCode', 'verifyCode', 'setPassword', 'submitProfile'].map((verb) => `register.${verb}`)
  const order = ['captchas.create', ...signUp, 'login.withPassword', 'me.read']
  const places = order.map((id) => verbs.indexOf(id))
  assert.deepEqual(places, [...places].sort((a, b) => a - b), `${order} are at ${places}`)
  assert.ok(places[0] === 0, 'the captcha is first')
  await page.done()
})

test('the authorisation is kept when the page is loaded again', async () => {
  const token = await server.signUp('+8613500135000')
  const page = await docs(proxy.url)
  await page.click('button.authorize')
  await page.fill('.auth-container input', token)
  await page.click('.auth-btn-wrapper button.authorize')
  await page.reload()
  await page.locator('.opblock').first().waitFor()
  const { response } = await execute(page, 'me.read')
  assert.equal(response.status(), 200)
  await page.done()
})

test('the demo works below a prefix', async () => {
  const page = await open(browser, proxy.url, { viewport: DESKTOP })
  await signUp(page, '13500135001')
  await screen(page, 'home')
  await page.done()
})
