/* Several keys at once: what became of each is said, and only what failed is tried again. */
import { expect, test } from './fixtures.js'

const bar = 'Actions'

test('picked keys are disabled together', async ({ widget, demo }) => {
  const secret = await widget.create({ name: 'one of three' })
  await widget.pick('one of three', 'grafana', 'ci-deploy')
  const actions = widget.root.getByRole('group', { name: bar, exact: true })
  await expect(actions).toContainText('3 selected')
  await actions.getByRole('button', { name: 'Disable', exact: true }).click()
  const dialog = widget.dialog('Disable keys')
  await expect(dialog.getByRole('listitem')).toHaveText(['one of three', 'grafana', 'ci-deploy'])
  await dialog.getByRole('button', { name: 'Disable', exact: true }).click()
  await expect(dialog).toBeHidden()
  for (const name of ['one of three', 'grafana', 'ci-deploy']) await expect(widget.row(name)).toContainText('Disabled')
  await expect(widget.row('terraform')).not.toContainText('Disabled')
  expect(await demo.verdict(secret)).toBe('DISABLED')
  await expect(actions).toBeHidden()
})

test('deleting several needs a tick when some are in use, and the focus goes where one can go on', async ({ widget, demo, page }) => {
  const secret = await widget.create({ name: 'to go' })
  await widget.pick('to go', 'grafana')
  await widget.root.getByRole('group', { name: bar }).getByRole('button', { name: 'Delete…', exact: true }).click()
  const dialog = widget.dialog('Delete keys')
  const knows = dialog.getByRole('checkbox', { name: '1 of them was used within a day. Delete it all the same.', exact: true })
  await dialog.getByRole('button', { name: 'Delete keys', exact: true }).click()
  await expect(knows).toHaveAttribute('aria-invalid', 'true')
  expect(await demo.verdict(secret)).toBe('VALID')
  await knows.check()
  await dialog.getByRole('button', { name: 'Delete keys', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(widget.row('to go')).toHaveCount(0)
  await expect(widget.row('grafana')).toHaveCount(0)
  expect(await demo.verdict(secret)).toBe('DELETED')
  await expect(widget.root.getByRole('heading', { name: 'API keys', exact: true })).toBeFocused()
  expect(await page.evaluate(() => document.activeElement?.localName)).toBe('oneloop-keys')
})

test('what failed is named with its reason, and tried again alone', async ({ widget, page, demo }) => {
  const { apiKeys } = await demo.oneloop.getApiKeys(demo.workspaceId)
  const id = (name: string) => apiKeys.find((key: { name: string }) => key.name === name).id as string
  const asked: string[] = []
  page.on('request', (request) => request.method() === 'DELETE' && asked.push(request.url().split('/').at(-1) ?? ''))
  const stuck = `**/api-key/${id('old laptop')}`
  await page.route(stuck, (route) => route.fulfill({ status: 503, json: {} }))
  await widget.pick('old laptop', 'staging webhook')
  await widget.root.getByRole('group', { name: bar }).getByRole('button', { name: 'Delete…', exact: true }).click()
  const dialog = widget.dialog('Delete keys')
  await dialog.getByRole('button', { name: 'Delete keys', exact: true }).click()
  const line = (name: string) => dialog.getByRole('listitem').filter({ hasText: name })
  await expect(line('old laptop')).toContainText('not available right now')
  await expect(line('staging webhook')).toContainText('Done')
  await expect(dialog.getByRole('alert')).toContainText('What is done stays done.')

  await page.unroute(stuck)
  asked.length = 0
  await dialog.getByRole('button', { name: 'Try again', exact: true }).click()
  await expect(dialog).toBeHidden()
  expect(asked).toEqual([id('old laptop')])
  await expect(widget.row('old laptop')).toHaveCount(0)
  await expect(widget.row('staging webhook')).toHaveCount(0)
})

test('left after a part, the list shows what is done and keeps the rest picked', async ({ widget, page, demo }) => {
  const { apiKeys } = await demo.oneloop.getApiKeys(demo.workspaceId)
  const { id } = apiKeys.find((key: { name: string }) => key.name === 'old laptop')
  await page.route(`**/api-key/${id}`, (route) => route.abort('connectionreset'))
  await widget.pick('old laptop', 'staging webhook')
  await widget.root.getByRole('group', { name: bar }).getByRole('button', { name: 'Delete…', exact: true }).click()
  const dialog = widget.dialog('Delete keys')
  await dialog.getByRole('button', { name: 'Delete keys', exact: true }).click()
  await expect(dialog.getByRole('alert')).toContainText('could not be reached')
  await page.keyboard.press('Escape')
  await expect(widget.row('staging webhook')).toHaveCount(0)
  await expect(widget.row('old laptop')).toBeVisible()
  await expect(widget.root.getByText('1 selected', { exact: true })).toBeVisible()
})

test('one box picks all that was read', async ({ widget }) => {
  const all = widget.root.getByRole('checkbox', { name: 'Select all', exact: true })
  await widget.pick('grafana')
  expect(await all.evaluate((box: HTMLInputElement) => box.indeterminate)).toBe(true)
  await all.check()
  await expect(widget.root.getByText('6 selected', { exact: true })).toBeVisible()
  await widget.root.getByRole('group', { name: bar }).getByRole('button', { name: 'Clear', exact: true }).click()
  await expect(all).not.toBeChecked()
  await expect(widget.root.getByRole('checkbox', { name: 'Select grafana', exact: true })).not.toBeChecked()
})
