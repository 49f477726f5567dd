/* The list: found, filtered, sorted and paged by the server, however long it is. */
import type { Page, Request } from '@playwright/test'

import { expect, fillUp, test, type Demo } from './fixtures.js'
import { openHostPage } from './host-page.js'
import type { Widget } from './widget.js'

const isList = (request: Request) => /\/api-key\?limit=100&/.test(request.url())

async function many(demo: Demo, page: Page, widget: Widget): Promise<void> {
  await fillUp(demo)
  await page.reload()
  await widget.loaded()
}

/** Names in the order of the list. */
const names = (widget: Widget) => widget.rows.getByRole('rowheader').allInnerTexts()

test('from eight keys up, search finds by name and says when nothing matches', async ({ widget, page, demo }) => {
  await expect(widget.search).toBeHidden()
  await many(demo, page, widget)
  await widget.search.fill('CI-DEP')
  await expect(widget.rows).toHaveCount(1)
  await widget.search.fill('no such key')
  await expect(widget.root.getByText('No key matches.')).toBeVisible()
  await widget.search.fill('')
  await expect(widget.row('grafana')).toBeVisible()
})

test('what is typed is asked once it pauses, and plain text in every character', async ({ widget, page, demo }) => {
  await many(demo, page, widget)
  const asked: string[] = []
  page.on('request', (request) => isList(request) && asked.push(new URL(request.url()).searchParams.get('q') ?? ''))
  await widget.search.pressSequentially('graf', { delay: 20 })
  await expect(widget.rows).toHaveCount(1)
  await expect.poll(() => asked).toEqual(['graf'])
  for (const text of ['(', '%', '&status=deleted', '_']) {
    await widget.search.fill(text)
    await expect.poll(() => asked.at(-1)).toBe(text)
    await expect(widget.root.locator('table[aria-busy]')).toHaveCount(0)
  }
  // An underscore is in every masked key, and nothing else.
  await expect(widget.row('grafana')).toBeVisible()
})

test('an answer to an earlier question is dropped', async ({ widget, page, demo }) => {
  await many(demo, page, widget)
  let answerFirst = () => {}
  const held = new Promise<void>((resolve) => (answerFirst = resolve))
  await page.route(/[?&]q=grafana&/, async (route) => {
    await held
    await route.continue()
  })
  await widget.search.fill('grafana')
  await page.waitForRequest(/[?&]q=grafana&/)
  await widget.search.fill('terraform')
  await expect(widget.row('terraform')).toBeVisible()
  const late = page.waitForResponse(/[?&]q=grafana&/)
  answerFirst()
  await late
  await page.waitForTimeout(100)
  await expect(widget.row('grafana')).toHaveCount(0)
  await expect(widget.row('terraform')).toBeVisible()
})

test('filters by state, use and permission, and says that it does', async ({ widget, page, demo }) => {
  await many(demo, page, widget)
  const found = async (expected: string[]) => {
    await expect(widget.root.locator('table[aria-busy]')).toHaveCount(0)
    await expect.poll(async () => (await names(widget)).sort()).toEqual([...expected].sort())
  }
  await widget.show('Disabled')
  await found(['old laptop'])
  await widget.show('Expire soon')
  await found(['terraform'])
  await widget.show('Never used')
  await found(['backup', 'billing sync', 'crawler', 'staging webhook', 'status page'])
  await widget.show('Unused for 90 days')
  await found(['old laptop'])
  await widget.show('Expired')
  await found(['intern-2025'])
  await widget.show('Rotating')
  await expect(widget.root.getByText('No key matches.')).toBeVisible()
  await widget.root.getByRole('button', { name: 'Clear', exact: true }).click()
  await expect(widget.row('grafana')).toBeVisible()
  await widget.root.getByRole('combobox', { name: 'Permissions', exact: true }).selectOption('Metrics')
  await found(['grafana'])
  await expect(widget.root.locator('[part~="root"] > [role="status"]')).toHaveText('1 API key')
})

test('sorts by the server’s order, and the column says so', async ({ page, demo }) => {
  // All columns have room here; beside the demonstration's panel they have not.
  await fillUp(demo)
  const widget = await openHostPage(page, demo)
  await widget.loaded()
  const sorted = (name: string) => widget.root.getByRole('columnheader', { name, exact: true })
  await expect(sorted('Created')).toHaveAttribute('aria-sort', 'descending')
  const press = (name: string) => sorted(name).getByRole('button', { name, exact: true }).click()
  await expect(widget.root.getByRole('combobox', { name: 'Sort', exact: true })).toBeHidden()
  await press('Name')
  await expect(sorted('Name')).toHaveAttribute('aria-sort', 'ascending')
  await expect(sorted('Created')).not.toHaveAttribute('aria-sort')
  const byName = await names(widget)
  expect(byName).toEqual([...byName].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase())))
  await press('Name')
  await expect(sorted('Name')).toHaveAttribute('aria-sort', 'descending')
  await expect.poll(() => names(widget)).toEqual([...byName].reverse())
  await expect(sorted('Name').getByRole('button')).toBeFocused()
  await press('Last used')
  await expect(sorted('Last used')).toHaveAttribute('aria-sort', 'descending')
  await expect.poll(async () => (await names(widget))[0]).toBe('grafana')
  await press('Expires')
  await expect(sorted('Expires')).toHaveAttribute('aria-sort', 'ascending')
  await expect.poll(async () => (await names(widget))[0]).toBe('terraform')
  await press('Expires')
  await expect.poll(async () => (await names(widget))[0]).not.toBe('terraform')
  for (const column of ['Key', 'Permissions', 'Status']) {
    await expect(sorted(column).getByRole('button')).toHaveCount(0)
  }
})

test('where a column has no room, its order is still among the choices', async ({ page, demo }) => {
  await fillUp(demo)
  await page.setViewportSize({ width: 700, height: 800 })
  const widget = await openHostPage(page, demo)
  await widget.loaded()
  const order = widget.root.getByRole('combobox', { name: 'Sort', exact: true })
  await order.selectOption('By expiry')
  await expect.poll(async () => (await names(widget))[0]).toBe('terraform')
  const name = widget.root.getByRole('columnheader', { name: 'Name', exact: true }).getByRole('button')
  await name.click()
  await name.click()
  // The heading's second order goes under the name of the first.
  await expect(order).toHaveValue('2')
  await expect(widget.root.getByRole('columnheader', { name: 'Name', exact: true })).toHaveAttribute('aria-sort', 'descending')
})

/* The table kept the row of a key that was in the same place before and after, and with it the name that it had before. */
test('a key that keeps its place in the list shows what is new of it', async ({ widget, page, demo }) => {
  await many(demo, page, widget)
  const [first = ''] = await names(widget)
  const { apiKeys } = await demo.oneloop.getApiKeys(demo.workspaceId)
  const { id } = apiKeys.find(({ name }: { name: string }) => name === first)
  await demo.oneloop.editApiKey(demo.workspaceId, id, { name: 'renamed elsewhere' })
  await widget.show('Never used')
  await expect(widget.row('renamed elsewhere')).toBeVisible()
  expect((await names(widget))[0]).toBe('renamed elsewhere')
})

test('a question that fails says so, keeps what was asked, and can be asked again', async ({ widget, page, demo }) => {
  await many(demo, page, widget)
  await page.route(/[?&]q=grafana&/, (route) => route.fulfill({ status: 503, json: {} }))
  await widget.search.fill('grafana')
  const failed = widget.root.locator('[part~="foot"]')
  await expect(failed.getByRole('alert')).toContainText('not available right now')
  await expect(widget.search).toHaveValue('grafana')
  await page.unroute(/[?&]q=grafana&/)
  await failed.getByRole('button', { name: 'Try again', exact: true }).click()
  await expect(failed.getByRole('button', { name: 'Try again', exact: true })).toHaveCount(0)
  await expect(widget.rows).toHaveCount(1)
})

test('keys that expire soon are announced above the list, shown by one click, and put away by another', async ({ widget }) => {
  const banner = widget.root.locator('[part~="banner"]')
  await expect(banner).toContainText('1 key expires within 7 days.')
  await banner.getByRole('button', { name: 'Review', exact: true }).click()
  await expect(widget.rows).toHaveCount(1)
  await expect(widget.row('terraform')).toBeVisible()
  await expect(banner).toHaveCount(0)
  await widget.show('Current keys')
  await banner.getByRole('button', { name: 'Dismiss', exact: true }).click()
  await expect(banner).toHaveCount(0)
})

test('an expired key is kept apart, and made again with its settings', async ({ widget, demo }) => {
  await expect(widget.row('intern-2025')).toHaveCount(0)
  await widget.root.getByRole('button', { name: '1 expired key', exact: true }).click()
  await expect(widget.rows).toHaveCount(1)
  await widget.act('intern-2025', 'Create again…')
  const form = widget.dialog('Create API key')
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('intern-2025')
  const deployments = widget.access(form, 'Deployments')
  await expect(deployments.getByRole('radio', { name: 'Read', exact: true })).toBeChecked()
  await expect(widget.access(form, 'Members').getByRole('radio', { name: 'None', exact: true })).toBeChecked()
  // It was made to live for 92 days, which is no preset.
  await expect(form.getByRole('radio', { name: 'Date…', exact: true })).toBeChecked()
  await expect(form).toContainText('Works until')
  await form.getByRole('button', { name: 'Create key', exact: true }).click()
  const secret = await widget.takeSecret('Your new key')
  const read = { representation: 'deployments', create: false, read: true, update: false, del: false }
  expect(await demo.verdict(secret, read)).toBe('VALID')
  expect(await demo.verdict(secret, { ...read, update: true })).toBe('INVALID_SCOPES')
})

test('any key is made again, with a preset where it had one', async ({ widget }) => {
  await widget.create({ name: 'template', access: { Metrics: 'Write' }, expires: '30 days' })
  await widget.act('template', 'Create again…')
  const form = widget.dialog('Create API key')
  await expect(form.getByRole('radio', { name: '30 days', exact: true })).toBeChecked()
  await expect(widget.access(form, 'Metrics').getByRole('radio', { name: 'Write', exact: true })).toBeChecked()
  await widget.page.keyboard.press('Escape')
  await widget.act('grafana', 'Create again…')
  await expect(form.getByRole('radio', { name: 'Never', exact: true })).toBeChecked()
})
