/* Creating a key: what is refused, what fails, and what is kept. */
import { expect, test } from './fixtures.js'

const CREATE = '**/api/v1/api-key'
const submit = { name: 'Create key', exact: true } as const

test('a failed create never opens a reveal, keeps what was typed, and can be tried again', async ({ widget, page, demo }) => {
  await page.route(CREATE, (route) =>
    route.fulfill({ status: 500, json: { error: { code: 500, message: 'Internal Server Error', reason: 'internal' } } }),
  )
  const form = await widget.fill({ name: 'unlucky', access: { Deployments: 'Read' }, expires: '7 days' })
  await form.getByRole('button', submit).click()
  await expect(form.getByRole('alert')).toContainText('The key service failed.')
  await expect(form).toBeVisible()
  await expect(widget.dialog('Your new key')).toBeHidden()
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('unlucky')
  await expect(form.getByRole('radio', { name: '7 days', exact: true })).toBeChecked()
  const access = widget.access(form, 'Deployments')
  await expect(access.getByRole('radio', { name: 'Read', exact: true })).toBeChecked()

  await page.unroute(CREATE)
  await form.getByRole('button', { name: /^(Create key|Try again)$/ }).click()
  const secret = await widget.takeSecret('Your new key')
  expect(await demo.verdict(secret)).toBe('VALID')
  await expect(widget.row('unlucky')).toHaveCount(1)
})

test('a create that got no answer does not claim that nothing was created', async ({ widget, page }) => {
  await page.route(CREATE, (route) => route.abort('connectionreset'))
  const form = await widget.fill({ name: 'lost' })
  await form.getByRole('button', submit).click()
  await expect(form.getByRole('alert')).toContainText('may exist')
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('lost')
})

test('a name is asked for, before anything is sent', async ({ widget, page }) => {
  let sent = 0
  page.on('request', (request) => (sent += Number(request.method() === 'POST' && request.url().endsWith('/api-key'))))
  const form = await widget.fill({ name: '' })
  await form.getByRole('button', submit).click()
  await expect(form).toContainText('Give the key a name')
  await expect(form.getByLabel('Name', { exact: true })).toBeFocused()
  expect(sent).toBe(0)
})

test('what the server says of a field stands at the field', async ({ widget, page }) => {
  await page.route(CREATE, (route) =>
    route.fulfill({
      status: 400,
      json: { error: { code: 400, message: 'name has 256 characters', reason: 'name_too_long', field: 'name' } },
    }),
  )
  const form = await widget.fill({ name: 'refused by the server' })
  await form.getByRole('button', submit).click()
  await expect(form).toContainText('A name may have 255 characters at most.')
  const name = form.getByLabel('Name', { exact: true })
  await expect(name).toHaveAttribute('aria-invalid', 'true')
})

test('one sentence says what the key may do and until when', async ({ widget }) => {
  const form = await widget.fill({
    name: 'ci-deploy 2',
    access: { Deployments: ['Create', 'Read'], Metrics: 'Read' },
    expires: 'Never',
  })
  await expect(form).toContainText(
    'ci-deploy 2 may create and read Deployments, and read Metrics, with no end date.',
  )
})

test('a date of one’s own ends with that day', async ({ widget, demo }) => {
  const form = await widget.fill({ name: 'until new year' })
  await form.getByRole('radio', { name: 'Date…', exact: true }).check()
  const year = new Date().getFullYear() + 1
  await form.getByLabel('Expiry date', { exact: true }).fill(`${year}-12-31`)
  await form.getByRole('button', submit).click()
  await widget.takeSecret('Your new key')
  const [stored] = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys
  expect(stored.name).toBe('until new year')
  const end = await widget.page.evaluate((year) => new Date(year + 1, 0, 1).getTime(), year)
  expect(Math.abs(stored.expiresAt - end)).toBeLessThanOrEqual(1_000)
})

test('names of every script arrive as they were typed, and never as markup', async ({ widget, demo }) => {
  const name = '<img src=x onerror=alert(1)> デプロイ 🚀 مفتاح'
  await widget.create({ name })
  await expect(widget.row(name)).toBeVisible()
  await expect(widget.root.locator('img')).toHaveCount(0)
  expect((await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys[0].name).toBe(name)
})

test('Create is sent once, however often it is pressed', async ({ widget, page, demo }) => {
  const before = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.length
  await page.route(CREATE, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 400))
    await route.continue()
  })
  const form = await widget.fill({ name: 'only one' })
  await form.getByLabel('Name', { exact: true }).press('Enter')
  await form.getByLabel('Name', { exact: true }).press('Enter')
  await widget.takeSecret('Your new key')
  expect((await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.length).toBe(before + 1)
})

test('Cancel and Escape create nothing', async ({ widget, page, demo }) => {
  const before = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.length
  const form = await widget.fill({ name: 'never mind' })
  await form.getByRole('button', { name: 'Cancel', exact: true }).click()
  await expect(form).toBeHidden()
  await widget.createButton.click()
  await expect(form).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(form).toBeHidden()
  await expect(widget.createButton).toBeFocused()
  expect((await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.length).toBe(before)
})
