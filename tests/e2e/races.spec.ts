/* Things that happen at the wrong moment: answers that come late, keys that change elsewhere, attributes that change meanwhile. */
import type { Locator, Page } from '@playwright/test'

import { type Demo, expect, fillUp, test } from './fixtures.js'
import type { Widget } from './widget.js'

const CREATE = /\/api-key$/
const isList = /\/api-key\?limit=100&/

/** Holds back what goes to `url` with this method until the answer of this function is called. */
async function hold(page: Page, url: RegExp, method = 'GET'): Promise<() => void> {
  let go = () => {}
  const held = new Promise<void>((resolve) => (go = resolve))
  await page.route(url, async (route) => {
    if (route.request().method() === method) await held
    await route.fallback()
  })
  return go
}

/** The ids of the customer's keys, or of the one with this name. */
async function ids({ url, sdkKey, workspaceId, customerId }: Demo, name?: string): Promise<string[]> {
  const answer = await fetch(`${url}/api/v1/workspace/${workspaceId}/api-key?customerId=${customerId}&limit=100`, {
    headers: { authorization: `Bearer ${sdkKey}` },
  })
  const { apiKeys } = (await answer.json()) as { apiKeys: { id: string; name: string }[] }
  return apiKeys.filter((key) => name === undefined || key.name === name).map(({ id }) => id)
}

async function remove({ url, sdkKey, workspaceId }: Demo, id = ''): Promise<void> {
  const answer = await fetch(`${url}/api/v1/workspace/${workspaceId}/api-key/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${sdkKey}` },
  })
  expect(answer.status).toBe(200)
}

const set = (widget: Widget, name: 'keyId' | 'lang', value: string) =>
  widget.root.evaluate((element, [name, value]) => Object.assign(element, { [name]: value }), [name, value] as const)

/** Which element of the widget has the focus, by its text; nothing if the page itself has it. */
const focused = (root: Locator) => root.evaluate((element) => element.shadowRoot?.activeElement?.textContent?.trim())

test('a key that the page asks for does not take the place of a secret', async ({ widget, page, demo }) => {
  const [elsewhere] = await ids(demo)
  const go = await hold(page, /[?&]q=ak_/)
  const asked = page.waitForRequest(/[?&]q=ak_/)
  await set(widget, 'keyId', `${elsewhere?.slice(0, -4)}0000`)
  await asked
  const dialog = await widget.fill({ name: 'on its way' })
  await dialog.getByRole('button', { name: 'Create key', exact: true }).click()
  const reveal = widget.dialog('Your new key')
  await expect(reveal).toBeVisible()
  const answered = page.waitForResponse(/[?&]q=ak_/)
  go()
  await answered
  await page.waitForTimeout(200)
  await expect(reveal).toBeVisible()
})

test('an attribute that changes while a key is created waits for its secret', async ({ widget, page }) => {
  const go = await hold(page, CREATE, 'POST')
  const dialog = await widget.fill({ name: 'in flight' })
  const sent = page.waitForRequest((request) => request.method() === 'POST' && CREATE.test(request.url()))
  await dialog.getByRole('button', { name: 'Create key', exact: true }).click()
  await sent
  await set(widget, 'lang', 'de')
  go()
  await widget.takeSecret('Your new key')
  await expect(widget.root.getByRole('button', { name: 'Schlüssel erstellen' }).first()).toBeVisible()
})

test('the search field stays while what was typed is taken back', async ({ widget, page, demo }) => {
  await fillUp(demo)
  await page.reload()
  await widget.loaded()
  await widget.search.fill('grafana')
  await expect(widget.rows).toHaveCount(1)
  await expect(widget.root.locator('table[aria-busy]')).toHaveCount(0)
  const go = await hold(page, isList)
  const asked = page.waitForRequest(isList)
  await widget.search.fill('')
  await asked
  await expect(widget.search).toBeFocused()
  go()
  await expect(widget.row('terraform')).toBeVisible()
  await expect(widget.search).toBeFocused()
})

test('a key that is deleted elsewhere is said to be gone, and leaves the list', async ({ widget, demo }) => {
  const [gone] = await ids(demo, 'ci-deploy')
  await widget.act('ci-deploy', 'Rotate…')
  const dialog = widget.dialog('Rotate key')
  await remove(demo, gone)
  await dialog.getByRole('button', { name: 'Rotate key', exact: true }).click()
  await expect(dialog.getByText('This key was deleted in the meantime.', { exact: true })).toBeVisible()
  await expect(dialog.getByRole('button', { name: 'Rotate key', exact: true })).toBeDisabled()
  await dialog.getByRole('button', { name: 'Cancel', exact: true }).click()
  await expect(widget.row('ci-deploy')).toHaveCount(0)
})

test('a form that is left after an answer was lost shows what there is', async ({ widget, page }) => {
  await page.route(CREATE, async (route) => {
    await route.fetch()
    await route.abort('connectionreset')
  })
  const dialog = await widget.fill({ name: 'nobody knows' })
  await dialog.getByRole('button', { name: 'Create key', exact: true }).click()
  await expect(dialog.getByText('The key may exist all the same.', { exact: false })).toBeVisible()
  await dialog.getByRole('button', { name: 'Cancel', exact: true }).click()
  await expect(widget.row('nobody knows')).toBeVisible()
})

test('who deletes a key is asked by its use of today, not by that of when the page was opened', async ({ widget, demo }) => {
  const key = await widget.create({ name: 'quiet so far' })
  expect(await demo.verdict(key)).toBe('VALID')
  await widget.page.waitForTimeout(1_500)
  await widget.act('quiet so far', 'Delete…')
  const dialog = widget.dialog('Delete key')
  await expect(dialog.getByRole('textbox')).toBeVisible()
  await dialog.getByRole('textbox').fill('  quiet  so far ')
  await dialog.getByRole('button', { name: 'Delete key', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(widget.row('quiet so far')).toHaveCount(0)
})

test('a new key is seen, whatever the list was asked for', async ({ widget, page, demo }) => {
  await fillUp(demo)
  await page.reload()
  await widget.loaded()
  await widget.show('Disabled')
  await expect(widget.row('old laptop')).toBeVisible()
  await expect(widget.row('grafana')).toHaveCount(0)
  await widget.create({ name: 'brand new' })
  await expect(widget.row('brand new')).toBeVisible()
  await expect(widget.row('grafana')).toBeVisible()
})

test('an answer from before a key was created does not take it away', async ({ widget, page, demo }) => {
  await fillUp(demo)
  await page.reload()
  await widget.loaded()
  // Answered at once, and delivered late.
  let deliver = () => {}
  const late = new Promise<void>((resolve) => (deliver = resolve))
  let isFirst = true
  await page.route(isList, async (route) => {
    if (!isFirst) return route.fallback()
    isFirst = false
    const response = await route.fetch()
    await late
    await route.fulfill({ response })
  })
  const asked = page.waitForRequest(isList)
  await widget.root.getByRole('button', { name: 'Name', exact: true }).click()
  await asked
  await widget.create({ name: 'zz newest' })
  deliver()
  await page.waitForTimeout(300)
  await expect(widget.row('zz newest')).toBeVisible()
})

test('of two changes of a key the later one stays, whichever answer comes first', async ({ widget, page }) => {
  let answer = () => {}
  const late = new Promise<void>((resolve) => (answer = resolve))
  let isFirst = true
  await page.route(/\/api-key\/ak_/, async (route) => {
    if (route.request().method() !== 'PATCH' || !isFirst) return route.fallback()
    isFirst = false
    const response = await route.fetch()
    await late
    await route.fulfill({ response })
  })
  await widget.act('grafana', 'Disable')
  await page.waitForTimeout(200)
  await widget.act('grafana', 'Edit…')
  const dialog = widget.dialog('Edit key')
  await dialog.getByLabel('Name', { exact: true }).fill('renamed')
  await dialog.getByRole('button', { name: 'Save changes', exact: true }).click()
  await expect(dialog).toBeHidden()
  answer()
  await page.waitForTimeout(300)
  await expect(widget.row('renamed')).toBeVisible()
  await expect(widget.row('renamed').getByText('Disabled', { exact: true })).toBeVisible()
})

test('who decides to stay with a secret, and copies it, is done with the question', async ({ widget, page }) => {
  const dialog = await widget.fill({ name: 'asked' })
  await dialog.getByRole('button', { name: 'Create key', exact: true }).click()
  const reveal = widget.dialog('Your new key')
  await expect(reveal).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(reveal.getByRole('button', { name: 'Keep it open', exact: true })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(reveal.getByRole('button', { name: 'Copy key', exact: true })).toBeFocused()
  await page.keyboard.press('Escape')
  await reveal.getByRole('button', { name: 'Copy key', exact: true }).click()
  await expect(reveal.getByText('Discard the only copy?', { exact: true })).toHaveCount(0)
  await expect(reveal.getByRole('button', { name: 'Done', exact: true })).toBeEnabled()
})

test('after the first key the focus is in the list', async ({ widget, page, demo }) => {
  for (const id of await ids(demo)) await remove(demo, id)
  await page.reload()
  await expect(widget.root.getByText('No API keys yet', { exact: true })).toBeVisible()
  await widget.root.getByRole('button', { name: 'Create key', exact: true }).last().click()
  const dialog = widget.dialog('Create API key')
  await dialog.getByLabel('Name', { exact: true }).fill('the first')
  await dialog.getByRole('button', { name: 'Create key', exact: true }).click()
  await widget.takeSecret('Your new key')
  await expect.poll(() => focused(widget.root)).toBe('API keys')
})

test('what is put away stays away until there is more of it', async ({ widget, page }) => {
  const banner = widget.root.locator('[part~="banner"]')
  await banner.getByRole('button', { name: 'Dismiss', exact: true }).click()
  await expect(banner).toHaveCount(0)
  await widget.create({ name: 'another' })
  await page.waitForTimeout(300)
  await expect(banner).toHaveCount(0)
})

test('a date that is not picked yet is said to be missing once the key is to be created', async ({ widget }) => {
  const dialog = await widget.fill({ name: 'without a date', expires: 'Date…' })
  const date = dialog.locator('input[type=date]')
  await expect(date).not.toHaveAttribute('aria-invalid')
  await dialog.getByRole('button', { name: 'Create key', exact: true }).click()
  await expect(date).toHaveAttribute('aria-invalid', 'true')
  await expect(date).toBeFocused()
})

test('a question with consequences is described by what stands in it', async ({ widget }) => {
  await widget.act('grafana', 'Delete…')
  await expect(widget.dialog('Delete key')).toHaveAccessibleDescription(/grafana.*acme_/)
})
