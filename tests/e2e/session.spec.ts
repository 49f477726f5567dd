/* Link tokens: asked for once for all, replaced early, replaced once when refused, and never for nothing. */
import { expect, test } from './fixtures.js'
import { openHostPage } from './host-page.js'
import type { Page } from '@playwright/test'

/** A page whose `getToken` counts, and gives tokens that end after `life` milliseconds as far as the page knows. */
const counting = (life: number) => ({
  before: `window.asked = 0
    document.querySelector('oneloop-keys').getToken = async () => {
      window.asked += 1
      const { token } = await (await fetch('/demo/session', { method: 'POST' })).json()
      return { token, expiresAt: Date.now() + ${life} }
    }
    window.expired = 0
    addEventListener('oneloop-session-expired', () => { window.expired += 1 })\n`,
})
const count = (page: Page, name: 'asked' | 'expired') =>
  page.evaluate((name) => (window as unknown as Record<string, number>)[name], name)

test('requests at the same time share one', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo, counting(3_600_000))
  await widget.loaded()
  await widget.create({ name: 'one token' })
  expect(await count(page, 'asked')).toBe(1)
})

test('it is replaced half a minute before its end, and not sooner', async ({ page, demo }) => {
  const start = Date.now()
  await page.clock.setFixedTime(start)
  const widget = await openHostPage(page, demo, counting(3_600_000))
  await widget.loaded()
  await page.clock.setFixedTime(start + 3_600_000 - 31_000)
  await widget.act('grafana', 'Disable')
  await expect(widget.row('grafana')).toContainText('Disabled')
  expect(await count(page, 'asked')).toBe(1)
  await page.clock.setFixedTime(start + 3_600_000 - 29_000)
  await widget.act('grafana', 'Enable')
  await expect(widget.row('grafana')).not.toContainText('Disabled')
  expect(await count(page, 'asked')).toBe(2)
})

for (const [what, off] of [['ahead', 86_400_000], ['behind', -86_400_000]] as const) {
  test(`a clock a day ${what} costs nothing`, async ({ page, demo }) => {
    await page.clock.setFixedTime(Date.now() + off)
    const widget = await openHostPage(page, demo)
    await widget.loaded()
    let sessions = 0
    page.on('request', (request) => (sessions += Number(request.url().endsWith('/demo/session'))))
    for (const item of ['Disable', 'Enable'] as const) {
      await widget.act('grafana', item)
      await expect(widget.row('grafana')).toContainText(item === 'Disable' ? 'Disabled' : 'Active')
    }
    expect(sessions).toBe(0)
  })
}

test('a tab that slept through the token’s end goes on at its next request', async ({ page, demo }) => {
  const start = Date.now()
  await page.clock.setFixedTime(start)
  const widget = await openHostPage(page, demo, counting(3_600_000))
  await widget.loaded()
  await page.clock.setFixedTime(start + 9 * 3_600_000)
  await widget.act('grafana', 'Disable')
  await expect(widget.row('grafana')).toContainText('Disabled')
  expect(await count(page, 'asked')).toBe(2)
  expect(await count(page, 'expired')).toBe(0)
})

test('refused, it is replaced once; refused again, the page is told, and the form is kept', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo, counting(3_600_000))
  await widget.loaded()
  const form = await widget.fill({ name: 'patient', access: { Metrics: 'Read' } })
  await page.route('**/api/v1/api-key', (route) =>
    route.fulfill({ status: 401, json: { error: { code: 401, message: 'expired', reason: 'link_token_expired' } } }),
  )
  await form.getByRole('button', { name: 'Create key', exact: true }).click()
  await expect(form.getByRole('alert').last()).toContainText('Your session has ended.')
  expect(await count(page, 'asked')).toBe(2)
  expect(await count(page, 'expired')).toBe(1)
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('patient')
  await page.unroute('**/api/v1/api-key')
  await form.getByRole('button', { name: 'Try again', exact: true }).click()
  expect(await demo.verdict(await widget.takeSecret('Your new key'))).toBe('VALID')
})
