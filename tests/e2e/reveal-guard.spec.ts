/* Nothing that happens around a reveal takes the only copy of a secret away without asking. */
import type { Locator } from '@playwright/test'

import { expect, test } from './fixtures.js'
import { openHostPage } from './host-page.js'
import { placesOf } from './secrets.js'
import type { Widget } from './widget.js'

async function openReveal(widget: Widget): Promise<Locator> {
  const form = await widget.fill({ name: 'guarded' })
  await form.getByRole('button', { name: 'Create key', exact: true }).click()
  const reveal = widget.dialog('Your new key')
  await expect(reveal).toBeVisible()
  return reveal
}

test('Back within the page stays, and asks', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo)
  await widget.loaded()
  await page.evaluate(() => history.pushState({}, '', '#keys'))
  const reveal = await openReveal(widget)
  await page.evaluate(() => history.back())
  const question = widget.root.getByText('Discard the only copy?', { exact: true })
  await expect(question).toBeVisible()
  expect(page.url()).toContain('#keys')
  await widget.root.getByRole('button', { name: 'Keep it open', exact: true }).click()
  await reveal.getByRole('checkbox', { name: 'I have stored it', exact: true }).check()
  await page.evaluate(() => history.back())
  await expect.poll(() => page.url()).not.toContain('#keys')
})

test('leaving the page asks, until the key is stored', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo)
  await widget.loaded()
  const reveal = await openReveal(widget)
  const asked: string[] = []
  page.on('dialog', async (dialog) => {
    asked.push(dialog.type())
    await dialog.dismiss()
  })
  await page.goto(`${demo.url}/`, { timeout: 2_000 }).catch(() => {})
  expect(asked).toEqual(['beforeunload'])
  await expect(reveal).toBeVisible()
  const secret = await widget.takeSecret('Your new key')
  await page.goto(`${demo.url}/`)
  await expect(page.locator('oneloop-keys')).toContainText('API keys')
  expect(asked).toHaveLength(1)
  expect(await demo.verdict(secret)).toBe('VALID')
})

test('a changed attribute waits until the secret is off the screen', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo)
  await widget.loaded()
  const reveal = await openReveal(widget)
  await widget.root.evaluate((element) => element.setAttribute('lang', 'de'))
  await page.waitForTimeout(300)
  await expect(reveal).toBeVisible()
  await widget.takeSecret('Your new key')
  await expect(widget.root.getByRole('heading', { name: 'API-Schlüssel', exact: true })).toBeVisible()
})

test('moved within the page, it is still there', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo)
  await widget.loaded()
  await openReveal(widget)
  await page.evaluate(() => {
    const element = document.querySelector('oneloop-keys')
    if (element) document.body.append(element)
  })
  expect(await demo.verdict(await widget.takeSecret('Your new key'))).toBe('VALID')
})

test.describe('with sessions of two seconds', () => {
  test.use({ serveWith: ['--link-token-ttl', '2s'] })

  test('the end of the session leaves it where it is', async ({ widget, page, demo }) => {
    const reveal = await openReveal(widget)
    await page.route('**/demo/session', (route) => route.fulfill({ status: 401, json: {} }))
    await page.waitForTimeout(2_500)
    await expect(reveal).toBeVisible()
    expect(await demo.verdict(await widget.takeSecret('Your new key'))).toBe('VALID')
  })
})

test('shown, it is hidden again when the page is', async ({ widget, page }) => {
  const reveal = await openReveal(widget)
  await reveal.getByRole('button', { name: 'Show', exact: true }).click()
  const secret = await reveal.locator('[part~="secret__text"]').innerText()
  expect(await placesOf(page, secret)).not.toEqual([])
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))
  await expect(reveal.getByRole('button', { name: 'Show', exact: true })).toBeVisible()
  expect(await placesOf(page, secret)).toEqual([])
})

test('the lines of a program name the page’s variable, and hold no secret but the one that stores it', async ({ page, demo, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: demo.url })
  const widget = await openHostPage(page, demo, {
    attributes: 'key-variable="ACME_TOKEN" example-url="https://api.acme.example/v1/deployments"',
  })
  const reveal = await openReveal(widget)
  const secret = await widget.secretOf(reveal)
  const lines = reveal.locator('[part~="snippet"]')
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
  const done = reveal.getByRole('button', { name: 'Done', exact: true })
  for (const [name, part] of [
    ['curl', 'Authorization: Bearer $ACME_TOKEN'],
    ['Node', 'process.env.ACME_TOKEN'],
    ['Python', "os.environ['ACME_TOKEN']"],
  ] as const) {
    await reveal.getByRole('radio', { name, exact: true }).check()
    await expect(lines).toContainText(part)
    await expect(lines).toContainText('https://api.acme.example/v1/deployments')
    await reveal.getByRole('button', { name: 'Copy lines', exact: true }).click()
    await expect.poll(clipboard).toContain(part)
    expect(await clipboard()).not.toContain(secret)
    await expect(done).toBeDisabled()
  }
  await reveal.getByRole('radio', { name: '.env', exact: true }).check()
  await expect(lines).toContainText('ACME_TOKEN=')
  expect(await placesOf(page, secret)).toEqual([])
  await reveal.getByRole('button', { name: 'Copy lines', exact: true }).click()
  await expect.poll(clipboard).toBe(`ACME_TOKEN=${secret}`)
  await expect(done).toBeEnabled()
})

test('session recorders find their marks around it', async ({ widget }) => {
  const reveal = await openReveal(widget)
  const field = reveal.locator('[part~="secret"]')
  for (const mark of ['ph-no-capture', 'fs-exclude', 'sentry-mask', 'rr-block']) {
    await expect(field).toHaveClass(new RegExp(`\\b${mark}\\b`))
  }
  for (const mark of ['data-private', 'data-sentry-mask', 'data-dd-privacy', 'data-hj-suppress', 'data-clarity-mask']) {
    await expect(field).toHaveAttribute(mark, /./)
  }
})
