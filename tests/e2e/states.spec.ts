/* Loading, empty, failed, expired: each says what it is and what can be done. */
import { expect, test } from './fixtures.js'
import { Widget } from './widget.js'

const LIST = /\/api-key\?/

test.beforeEach(({ page }) => {
  // A test that forgets to await must not find the page of the one before.
  page.setDefaultTimeout(10_000)
})

test('the list says what it knows of each key', async ({ widget }) => {
  const row = (name: string) => widget.row(name)
  await expect(row('ci-deploy')).toContainText('Active')
  await expect(row('ci-deploy')).toContainText('Deployments: create, read, update')
  await expect(row('ci-deploy')).toContainText(/\d+ minutes? ago|min/)
  await expect(row('terraform')).toContainText(/Expires in [23] days/)
  await expect(row('old laptop')).toContainText('Disabled')
  await expect(row('staging webhook')).toContainText('Never')
  // Expired keys are kept apart.
  await expect(row('intern-2025')).toHaveCount(0)
  await widget.root.getByRole('button', { name: '1 expired key', exact: true }).click()
  await expect(row('intern-2025')).toContainText('Expired')
  await expect(widget.rows).toHaveCount(1)
})

test('while the list loads it says so, and keeps its place', async ({ page, demo }) => {
  let go = () => {}
  const held = new Promise<void>((resolve) => (go = resolve))
  await page.route(LIST, async (route) => {
    await held
    await route.continue()
  })
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await expect(widget.root.getByText('Loading API keys').first()).toBeAttached()
  await expect(widget.rows).toHaveCount(0)
  go()
  await widget.loaded()
  await expect(widget.root.getByText('Loading API keys')).toHaveCount(0)
})

test('without any key it says what a key is for', async ({ page, demo }) => {
  const { apiKeys } = await demo.oneloop.getApiKeys(demo.workspaceId)
  for (const { id } of apiKeys) await demo.oneloop.deleteApiKey(demo.workspaceId, id)
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await expect(widget.root.getByText('No API keys yet', { exact: true })).toBeVisible()
  await widget.create({ name: 'the first' })
  await expect(widget.row('the first')).toBeVisible()
  await expect(widget.root.getByText('No API keys yet', { exact: true })).toBeHidden()
})

test('a list that cannot be loaded says so, and loads when tried again', async ({ page, demo }) => {
  await page.route(LIST, (route) =>
    route.fulfill({ status: 503, json: { error: { code: 503, message: 'down', reason: 'unavailable' } } }),
  )
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await expect(widget.root.getByText('Your keys could not be loaded')).toBeVisible()
  await expect(widget.root).toContainText('The key service is not available right now.')
  await page.unroute(LIST)
  await widget.root.getByRole('button', { name: 'Try again', exact: true }).click()
  await widget.loaded()
})

test('an answer that is not ours is a failure, and no blank page', async ({ page, demo }) => {
  await page.route(LIST, (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Gateway</h1>' }))
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await expect(widget.root).toContainText('an answer that cannot be read')
  await expect(widget.root.getByRole('button', { name: 'Try again', exact: true })).toBeVisible()
})

test.describe('with sessions of two seconds', () => {
  test.use({ serveWith: ['--link-token-ttl', '2s'] })

  test('an expired token is replaced without a word', async ({ widget, page, demo }) => {
    await page.waitForTimeout(2_300)
    let sessions = 0
    page.on('request', (request) => (sessions += Number(request.url().endsWith('/demo/session'))))
    const secret = await widget.create({ name: 'after the break' })
    expect(await demo.verdict(secret)).toBe('VALID')
    expect(sessions).toBe(1)
  })

  test('a session that cannot be renewed is said, and what was typed is kept', async ({ widget, page, demo }) => {
    await page.route('**/demo/session', (route) => route.fulfill({ status: 401, json: {} }))
    const form = await widget.fill({ name: 'typed before the end' })
    await page.waitForTimeout(2_300)
    await form.getByRole('button', { name: 'Create key', exact: true }).click()
    await expect(form.getByRole('alert')).toBeVisible()
    await expect(widget.dialog('Your new key')).toBeHidden()
    await expect(form.getByLabel('Name', { exact: true })).toHaveValue('typed before the end')

    await page.unroute('**/demo/session')
    await form.getByRole('button', { name: /^(Create key|Try again)$/ }).click()
    expect(await demo.verdict(await widget.takeSecret('Your new key'))).toBe('VALID')
  })
})

test('a page whose server refuses every session says so, and continues when it can', async ({ page, demo }) => {
  await page.route(LIST, (route) =>
    route.fulfill({ status: 401, json: { error: { code: 401, message: 'expired', reason: 'link_token_expired' } } }),
  )
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await expect(widget.root.getByText('Your session has ended').first()).toBeVisible()
  await page.unroute(LIST)
  await widget.root.getByRole('button', { name: 'Continue', exact: true }).click()
  await widget.loaded()
})

test('a failed switch, rotation or deletion says so and changes nothing on screen', async ({ widget, page, demo }) => {
  const secret = await widget.create({ name: 'sturdy' })
  await page.route('**/api-key/ak_*', (route) => route.fulfill({ status: 503, json: {} }))
  await page.route('**/rotate', (route) => route.fulfill({ status: 503, json: {} }))

  await widget.act('sturdy', 'Disable')
  await expect(widget.root.getByRole('alert').first()).toContainText('not available right now')
  await expect(widget.row('sturdy')).toContainText('Active')

  await widget.act('sturdy', 'Rotate…')
  const rotate = widget.dialog('Rotate key')
  await rotate.getByRole('button', { name: 'Rotate key', exact: true }).click()
  await expect(rotate.getByRole('alert')).toBeVisible()
  await expect(widget.dialog('The new secret')).toBeHidden()
  await page.keyboard.press('Escape')

  await widget.act('sturdy', 'Delete…')
  const gone = widget.dialog('Delete key')
  await gone.getByRole('button', { name: 'Delete key', exact: true }).click()
  await expect(gone.getByRole('alert')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(widget.row('sturdy')).toBeVisible()
  expect(await demo.verdict(secret)).toBe('VALID')
})

test('a key that was used a moment ago is deleted only by its name', async ({ widget, page, demo }) => {
  const secret = await widget.create({ name: 'in use' })
  expect(await demo.verdict(secret)).toBe('VALID')
  const lastUsed = async () => (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys[0].lastUsedAt
  await expect.poll(lastUsed, { timeout: 5_000 }).not.toBeNull()
  await page.reload()
  await widget.loaded()

  await widget.act('in use', 'Delete…')
  const dialog = widget.dialog('Delete key')
  await expect(dialog).toContainText('Something still depends on it.')
  const field = dialog.getByRole('textbox', { name: 'Type in use to confirm', exact: true })
  await field.fill('in us')
  await dialog.getByRole('button', { name: 'Delete key', exact: true }).click()
  await expect(dialog).toContainText('That is not the key’s name.')
  expect(await demo.verdict(secret)).toBe('VALID')
  await field.fill('in use')
  await dialog.getByRole('button', { name: 'Delete key', exact: true }).click()
  await expect(widget.row('in use')).toHaveCount(0)
  expect(await demo.verdict(secret)).toBe('DELETED')
})

