/* The whole way once: a key made in the browser is verified by the published client, until it is gone. */
import { scope } from '../fixtures/sdk.mjs'
import { expect, test } from './fixtures.js'
import { placesOf, recordEvents } from './secrets.js'
import { TryPanel } from './try-panel.js'
import { Widget } from './widget.js'

const read = scope('deployments', 'read')
const create = scope('deployments', 'create')

test('made, copied, verified, narrowed, switched off, rotated, deleted', async ({ page, demo, context, complaints }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: demo.url })
  const events = await recordEvents(page)
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await widget.loaded()
  const panel = new TryPanel(page)

  // Create, and take the secret from the clipboard: the way a person does it.
  const form = await widget.fill({
    name: 'release bot',
    access: { Deployments: 'Write', Metrics: 'Read' },
    expires: '30 days',
  })
  await form.getByRole('button', { name: 'Create key', exact: true }).click()
  const reveal = widget.dialog('Your new key')
  await expect(reveal).toBeVisible()
  const done = reveal.getByRole('button', { name: 'Done', exact: true })
  await expect(done).toBeDisabled()
  await reveal.getByRole('button', { name: 'Copy key', exact: true }).click()
  await expect(reveal.getByText('Copied', { exact: true }).first()).toBeVisible()
  const key = await page.evaluate(() => navigator.clipboard.readText())
  expect(key).toMatch(/^acme_[0-9A-Za-z]{49}$/)
  await done.click()
  await expect(reveal).toBeHidden()
  await page.evaluate(() => navigator.clipboard.writeText(''))
  expect(await placesOf(page, key)).toEqual([])

  const row = widget.row('release bot')
  await expect(row).toContainText(`acme_****${key.slice(-4)}`)
  await expect(row).toContainText('Deployments: write, +1')
  await expect(row).toContainText('Active')
  const [stored] = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys
  expect(stored).toMatchObject({ name: 'release bot', customerId: demo.customerId, enabled: true })
  const month = 30 * 86_400_000
  expect(Math.abs(stored.expiresAt - Date.now() - month)).toBeLessThan(120_000)

  // VALID, for the published client and for the panel beside the widget.
  expect(await demo.verdict(key, read, create)).toBe('VALID')
  expect(await demo.verdict(key, scope('billing', 'read'))).toBe('INVALID_SCOPES')
  await panel.paste(key)
  await panel.send('List deployments')
  await panel.expectAnswer('VALID', 200)
  await panel.send('Start a deployment')
  await panel.expectAnswer('VALID', 200)

  // A scope is taken away.
  await widget.act('release bot', 'Edit…')
  const edit = widget.dialog('Edit key')
  await widget.grant(edit, 'Deployments', 'None')
  await edit.getByRole('button', { name: 'Save changes', exact: true }).click()
  await expect(edit).toBeHidden()
  await expect(row).toContainText('Metrics: read')
  expect(await demo.verdict(key, read)).toBe('INVALID_SCOPES')
  expect(await demo.verdict(key, scope('metrics', 'read'))).toBe('VALID')
  await panel.send('List deployments')
  await panel.expectAnswer('INVALID_SCOPES', 403)

  // Off and on again.
  await widget.act('release bot', 'Disable')
  await expect(row).toContainText('Disabled')
  expect(await demo.verdict(key)).toBe('DISABLED')
  await panel.send('Read metrics')
  await panel.expectAnswer('DISABLED', 401)
  await widget.act('release bot', 'Enable')
  await expect(row).toContainText('Active')
  expect(await demo.verdict(key)).toBe('VALID')

  // A new secret; the old one stops at once.
  const rotated = await widget.rotate('release bot', 'Now')
  expect(rotated).toMatch(/^acme_[0-9A-Za-z]{49}$/)
  expect(await demo.verdict(key)).toBe('INVALID')
  expect(await demo.verdict(rotated)).toBe('VALID')
  await expect(row).toContainText(`acme_****${rotated.slice(-4)}`)
  await panel.send('Read metrics')
  await panel.expectAnswer('INVALID', 401)

  // Gone.
  await widget.delete('release bot')
  expect(await demo.verdict(rotated)).toBe('DELETED')
  await panel.paste(rotated)
  await panel.send('Read metrics')
  await panel.expectAnswer('DELETED', 401)
  await expect(panel.step('DELETED')).toContainText('(seen)')

  // All that other scripts of the page could have seen of it.
  await panel.paste('')
  const seen = await events()
  expect(seen.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['oneloop-ready', 'oneloop-key-created', 'oneloop-key-rotated', 'oneloop-key-deleted']),
  )
  for (const secret of [key, rotated]) {
    expect(await placesOf(page, secret)).toEqual([])
    expect(JSON.stringify(seen)).not.toContain(secret)
    expect(demo.log()).not.toContain(secret)
  }
  expect(complaints).toEqual([])
})

test('rotating with an overlap keeps the old secret until then', async ({ widget, demo }) => {
  const before = await widget.create({ name: 'overlapping', access: { Metrics: 'Read' } })
  const after = await widget.rotate('overlapping', 'In 24 hours')
  expect(await demo.verdict(before)).toBe('VALID')
  expect(await demo.verdict(after)).toBe('VALID')
  await expect(widget.row('overlapping')).toContainText(/Rotating, (1 day|23 h) left/)
})

test('custom bits are granted one by one', async ({ widget, demo }) => {
  const key = await widget.create({ name: 'picky', access: { Deployments: ['Create', 'Delete'] }, expires: 'Never' })
  expect(await demo.verdict(key, scope('deployments', 'create', 'del'))).toBe('VALID')
  expect(await demo.verdict(key, scope('deployments', 'read'))).toBe('INVALID_SCOPES')
  const [stored] = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys
  expect(stored.expiresAt).toBeNull()
})
