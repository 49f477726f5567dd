/* The demonstration's own page: the panel, the theme, and a strict policy that nothing on it breaks. */
import { expect, test } from './fixtures.js'
import { TryPanel } from './try-panel.js'

test('it is served with the strict policy, and breaks it nowhere', async ({ page, demo, complaints }) => {
  const response = await page.goto(demo.url)
  const policy = response?.headers()['content-security-policy'] ?? ''
  for (const part of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "connect-src 'self'"]) {
    expect(policy).toContain(part)
  }
  expect(policy).not.toContain('unsafe-inline')
  await page.waitForLoadState('networkidle')

  // The ear works: a policy that is broken on purpose is heard.
  expect(complaints).toEqual([])
  await page.evaluate(() => document.body.setAttribute('style', 'color: red'))
  await expect.poll(() => complaints.join()).toContain('policy violated: style-src')
  await expect.poll(() => complaints.join()).toContain('Applying inline style')
  complaints.length = 0
})

test('the panel needs a key, and says so', async ({ page, widget }) => {
  const panel = new TryPanel(page)
  await panel.root.getByRole('button', { name: 'Send request', exact: true }).click()
  await expect(panel.root.getByRole('status')).toContainText('Paste a key first.')
  await expect(panel.root.getByLabel('API key', { exact: true })).toBeFocused()
  await panel.paste('two words')
  await panel.root.getByRole('button', { name: 'Send request', exact: true }).click()
  await expect(panel.root.getByRole('status')).toContainText('That is not a key')
  await expect(widget.rows.first()).toBeVisible()
})

test('VALID, then INVALID_SCOPES, then DELETED, step by step', async ({ page, widget }) => {
  const panel = new TryPanel(page)
  await panel.paste(await widget.create({ name: 'newcomer', access: { Deployments: 'Read' } }))
  await panel.send('List deployments')
  await panel.expectAnswer('VALID', 200)
  await expect(panel.step('VALID')).toContainText('(seen)')

  await panel.send('Start a deployment')
  await panel.expectAnswer('INVALID_SCOPES', 403)
  await expect(panel.root.getByRole('status')).toContainText('needs Deployments: create')
  await expect(panel.step('INVALID_SCOPES')).toContainText('(seen)')

  await widget.delete('newcomer')
  await panel.send('List deployments')
  await panel.expectAnswer('DELETED', 401)
  const earlier = panel.root.getByRole('list', { name: 'Earlier answers' }).getByRole('listitem')
  await expect(earlier).toHaveCount(2)
  await expect(earlier.first()).toContainText('INVALID_SCOPES')
})

test('a server that is gone is named as such', async ({ page, widget }) => {
  const panel = new TryPanel(page)
  await panel.paste('acme_anything')
  await page.route('**/demo/api/**', (route) => route.abort('connectionrefused'))
  await panel.root.getByRole('button', { name: 'Send request', exact: true }).click()
  await expect(panel.root.getByRole('status')).toContainText('Is the server still running?')
  await expect(widget.rows.first()).toBeVisible()
})

test('the theme is one switch for page and widget, and is remembered', async ({ page, widget }) => {
  const surface = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const light = await surface()
  await page.getByRole('radio', { name: 'Dark', exact: true }).check({ force: true })
  await expect(widget.root).toHaveAttribute('theme', 'dark')
  const dark = await surface()
  expect(dark).not.toBe(light)
  await page.reload()
  await widget.loaded()
  expect(await surface()).toBe(dark)
  await expect(page.getByRole('radio', { name: 'Dark', exact: true })).toBeChecked()
  await page.getByRole('radio', { name: 'System', exact: true }).check({ force: true })
  await expect(widget.root).toHaveAttribute('theme', 'auto')
  expect(await surface()).toBe(light)
})

test('nothing that cannot be opened pretends to be a link', async ({ page, widget }) => {
  const nav = page.getByRole('navigation', { name: 'Settings', exact: true })
  await expect(nav.getByRole('link')).toHaveCount(1)
  await expect(nav.getByRole('link', { name: 'API keys', exact: true })).toHaveAttribute('aria-current', 'page')
  await expect(widget.rows.first()).toBeVisible()
})

test('a widget that was not built is said, instead of a hole', async ({ page, demo, complaints }) => {
  await page.route('**/widget/**', (route) => route.fulfill({ status: 404 }))
  await page.goto(demo.url)
  await expect(page.getByRole('alert').filter({ hasText: 'could not be loaded' })).toBeVisible()
  complaints.length = 0
})

test('three ready looks, each accessible in both schemes', async ({ page, widget, expectAccessible }) => {
  const accent = () =>
    widget.createButton.evaluate((button) => {
      const { backgroundColor, borderTopLeftRadius } = getComputedStyle(button)
      return `${backgroundColor} ${borderTopLeftRadius}`
    })
  const seen = new Set([await accent()])
  for (const look of ['Graphite', 'Meadow', 'Clear']) {
    await page.getByLabel('Look of the key list', { exact: true }).selectOption(look)
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme })
      seen.add(await accent())
      await expectAccessible(`${look}, ${scheme}`)
    }
  }
  expect(seen.size).toBe(7)
})
