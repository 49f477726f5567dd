/*
 * The widget as a Leptos library: the application of examples/leptos-app, which has its views and knows no custom element.
 * `cargo xtask example` builds it; it is served in place of a path of the server under test.
 */
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'

import { expect, test, type Demo } from './fixtures.js'
import { Widget } from './widget.js'

const FOLDER = fileURLToPath(new URL('../../target/leptos-app/', import.meta.url))
const PATH = '/leptos-app/'
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' }

/** Opens the application at one of its places. */
async function open(page: Page, demo: Demo, place: string): Promise<Widget> {
  await page.route(`**${PATH}**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(PATH.length) || 'index.html'
    return route.fulfill({ path: join(FOLDER, name), contentType: TYPES[extname(name)] ?? 'text/plain' })
  })
  await page.goto(demo.url + PATH)
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('button', { name: place, exact: true }).click()
  return new Widget(page, page.locator('main'))
}

test('everything: a key from its creation to its end, and what the application hears of it', async ({ page, demo, expectAccessible }) => {
  const widget = await open(page, demo, 'API keys')
  await widget.loaded()
  await expectAccessible('the list in a Leptos application')
  const secret = await widget.create({ name: 'from Leptos', access: { Metrics: 'Read' }, expires: '30 days' })
  expect(await demo.verdict(secret)).toBe('VALID')
  await expect(widget.row('from Leptos')).toContainText('Metrics: read')
  const { apiKeys } = await demo.oneloop.getApiKeys(demo.workspaceId)
  const { id } = apiKeys.find(({ name }: { name: string }) => name === 'from Leptos')
  await expect(page.getByLabel('Last event')).toHaveText(`key-created ${id}`)
  await widget.delete('from Leptos')
  await expect(widget.row('from Leptos')).toHaveCount(0)
  expect(await demo.verdict(secret)).not.toBe('VALID')
})

test('single views: the list and its dialogs around what is the application’s own', async ({ page, demo }) => {
  const widget = await open(page, demo, 'Machines')
  await expect(widget.row('grafana')).toBeVisible()
  const count = page.getByRole('status', { name: 'Machines with a key' })
  await expect(count).toHaveText(String(await widget.rows.count()))
  await expect(widget.root.locator('[part~="root"]').first()).toHaveCSS('color-scheme', 'dark')

  await page.getByRole('button', { name: 'Add a machine', exact: true }).click()
  const dialog = widget.dialog('Create API key')
  await dialog.getByLabel('Name', { exact: true }).fill('lathe')
  const before = Number(await count.textContent())
  await dialog.getByRole('button', { name: 'Create key', exact: true }).click()
  await widget.takeSecret('Your new key')
  await expect(count).toHaveText(String(before + 1))
  await expect(widget.row('lathe')).toBeVisible()
  await widget.rotate('lathe', 'In 1 hour')
  await expect(widget.row('lathe')).toContainText('Rotating')
})

test('one dialog alone, and nothing of it left when the application goes elsewhere', async ({ page, demo }) => {
  const widget = await open(page, demo, 'Getting started')
  const first = page.getByRole('button', { name: 'Create your first key', exact: true })
  await first.click()
  const dialog = widget.dialog('Create API key')
  await expect(dialog.getByRole('group', { name: 'Permissions', exact: true })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(dialog).toHaveCount(0)
  await first.click()
  await dialog.getByLabel('Name', { exact: true }).fill('the first')
  await dialog.getByRole('button', { name: 'Create key', exact: true }).click()
  const secret = await widget.takeSecret('Your new key')
  expect(await demo.verdict(secret)).toBe('VALID')
  await expect(widget.root.getByRole('dialog')).toHaveCount(0)

  await page.getByRole('button', { name: 'API keys', exact: true }).click()
  await expect(widget.row('the first')).toBeVisible()
  await expect(first).toHaveCount(0)
})

test('gone while half of its requests are answered, and back again', async ({ page, demo }) => {
  // The keys and the scopes are there, the two counts are not yet: what is left of the widget then touches nothing.
  let held = 0
  let letGo = () => {}
  const released = new Promise<void>((resolve) => (letGo = resolve))
  await page.route(/status=(expired|expiring)/, async (route) => {
    held += 1
    await released
    await route.continue().catch(() => {})
  })
  const widget = await open(page, demo, 'API keys')
  // Asked in the page, whose list of what it loaded has an answer when its body has ended: once, in CI,
  // Playwright's `response.finished()` waited until the test's time was up.
  const ended = (path: string) => page.evaluate((part) => performance.getEntriesByType('resource').some(({ name }) => name.includes(part)), path)
  await expect.poll(() => ended('/scopes')).toBe(true)
  await expect.poll(() => held).toBeGreaterThanOrEqual(2)
  await page.getByRole('button', { name: 'Getting started', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Getting started' })).toBeVisible()
  letGo()
  await page.getByRole('button', { name: 'API keys', exact: true }).click()
  await widget.loaded()
})
