/* What is known of one key, and the page's way to it. */
import { expect, test } from './fixtures.js'
import { openHostPage } from './host-page.js'

test('use and activity are what the server counted and recorded', async ({ widget, page, demo }) => {
  const secret = await widget.create({ name: 'observed' })
  for (let times = 0; times < 3; times += 1) expect(await demo.verdict(secret)).toBe('VALID')
  await widget.act('observed', 'Disable')
  await expect(widget.row('observed')).toContainText('Disabled')
  const id = ((await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys as { id: string; name: string }[])[0]?.id ?? ''
  const usage = async () => {
    const answer = await fetch(`${demo.url}/api/v1/workspace/${demo.workspaceId}/api-key/${id}/usage?days=1`, {
      headers: { authorization: `Bearer ${demo.sdkKey}` },
    })
    return ((await answer.json()) as { usage: { days: { total: number }[] } }).usage.days[0]?.total
  }
  await expect.poll(usage).toBe(3)
  await page.reload()
  await widget.loaded()

  const details = await widget.details('observed')
  const chart = details.locator('[part~="usage"]')
  await expect(chart).toContainText('3 requests')
  await expect(chart).toContainText(/Most on .+: 3/)
  // The key exists since today: one bar, and no line under days before it.
  expect(await chart.locator('path').last().getAttribute('d')).toBe('M236 40v-40')
  await expect(details.locator('[part~="activity"]').getByRole('listitem')).toHaveText([/^Disabledby a person/, /^Createdby a person/])
  const fact = (name: string) => details.locator('[part~="facts"] > div').filter({ hasText: new RegExp(`^${name}`) })
  await expect(fact('Last used')).toContainText(/now|ago/)
  await expect(fact('Created')).toContainText(String(new Date().getFullYear()))
  await expect(fact('Expires')).not.toContainText('Never')
  await page.keyboard.press('Escape')
  await expect(widget.row('observed').getByRole('button', { name: 'observed', exact: true })).toBeFocused()
})

test('what is not known is said to be unknown, with the reason, and never nought', async ({ widget, page }) => {
  await page.route('**/usage?*', (route) => route.fulfill({ status: 503, json: {} }))
  await page.route('**/activity?*', (route) => route.fulfill({ json: { hello: 'world' } }))
  const details = await widget.details('grafana')
  await expect(details).toContainText('Unknown The key service is not available right now.')
  await expect(details).toContainText('Unknown The key service gave an answer that cannot be read.')
  await expect(details).not.toContainText('No requests')
})

test('use that nobody counted is unknown, and no use is none', async ({ widget, page }) => {
  // The demonstration says of this key that it was used, and has counted nothing.
  await expect((await widget.details('grafana')).getByText('Unknown', { exact: true })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect((await widget.details('staging webhook')).getByText('No requests', { exact: true })).toBeVisible()
})

test('a key is made again from its details', async ({ widget }) => {
  const details = await widget.details('grafana')
  await details.getByRole('button', { name: 'Create again…', exact: true }).click()
  await expect(widget.dialog('Create API key').getByLabel('Name', { exact: true })).toHaveValue('grafana')
})

test('without permission to create nothing offers to create again', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo, { token: { permissions: ['list', 'update'] } })
  await widget.loaded()
  const details = await widget.details('grafana')
  await expect(details.getByRole('button', { name: 'Create again…' })).toHaveCount(0)
})

test.describe('a page asks for a key by a property', () => {
  const set = (id: string) => `document.querySelector('oneloop-keys').keyId = ${JSON.stringify(id)}\n`

  test('before the list is there', async ({ page, demo }) => {
    const { apiKeys } = await demo.oneloop.getApiKeys(demo.workspaceId)
    const { id } = apiKeys.find((key: { name: string }) => key.name === 'grafana')
    const widget = await openHostPage(page, demo, { before: set(id) })
    await expect(widget.dialog('Key details')).toContainText('grafana')
    await page.keyboard.press('Escape')
    await expect(widget.row('grafana')).toHaveClass(/row-marked/)
    expect(page.url()).not.toContain(id)
  })

  test('afterwards, also one that the list does not show', async ({ widget, page, demo }) => {
    const { apiKeys } = await demo.oneloop.getApiKeys(demo.workspaceId)
    const { id } = apiKeys.find((key: { name: string }) => key.name === 'intern-2025')
    await page.evaluate(set(id))
    await expect(widget.dialog('Key details')).toContainText('intern-2025')
    await expect(widget.dialog('Key details')).toContainText('Expired')
  })

  test('an unknown one is said so', async ({ widget, page, demo }) => {
    for (const id of ['ak_0', '"><b>', `ak_${'0'.repeat(32)}`]) {
      await page.evaluate(set(id))
      await expect(widget.root.getByRole('alert').first()).toHaveText(`There is no key ${id} here.`)
    }
    const others = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys as { id: string; customerId: string }[]
    const other = others.find(({ customerId }) => customerId !== demo.customerId)?.id ?? ''
    await page.evaluate(set(other))
    await expect(widget.root.getByRole('alert').first()).toHaveText(`There is no key ${other} here.`)
    await expect(widget.dialog('Key details')).toBeHidden()
  })

  test('a form that is being filled in stays', async ({ widget, page, demo }) => {
    const form = await widget.fill({ name: 'half typed' })
    const { apiKeys } = await demo.oneloop.getApiKeys(demo.workspaceId)
    await page.evaluate(set(apiKeys[0].id))
    await expect(form.getByLabel('Name', { exact: true })).toHaveValue('half typed')
    await expect(widget.dialog('Key details')).toBeHidden()
  })
})
