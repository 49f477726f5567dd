/* What a link token allows: the rest is absent or says why, and the server holds it up all the same. */
import { expect, test, type Demo } from './fixtures.js'
import { openHostPage } from './host-page.js'

const DAY = 86_400_000

test.describe('permissions', () => {
  const cases: readonly [string[], { create: boolean; items: string[] }][] = [
    [['list'], { create: false, items: [] }],
    [['list', 'create'], { create: true, items: ['Create again…'] }],
    [['list', 'update'], { create: false, items: ['Edit…', 'Disable'] }],
    [['list', 'rotate'], { create: false, items: ['Rotate…'] }],
    [['list', 'delete'], { create: false, items: ['Delete…'] }],
    [
      ['list', 'create', 'update', 'rotate', 'delete'],
      { create: true, items: ['Edit…', 'Rotate…', 'Disable', 'Create again…', 'Delete…'] },
    ],
  ]
  for (const [permissions, { create, items }] of cases) {
    test(`${permissions.join(', ')}: what is not allowed is absent`, async ({ page, demo }) => {
      const { root, createButton } = await openHostPage(page, demo, { token: { permissions } })
      await expect(root.getByText('grafana', { exact: true })).toBeVisible()
      await expect(createButton).toHaveCount(create ? 1 : 0)
      const menu = root.getByRole('button', { name: 'Actions for grafana', exact: true })
      await expect(menu).toHaveCount(items.length > 0 ? 1 : 0)
      if (items.length === 0) return
      await menu.click()
      await expect(root.getByRole('menuitem')).toHaveText(items)
    })
  }

  test('a page that shows more than is allowed is refused by the server', async ({ demo }) => {
    const token = await mint(demo, { permissions: ['list'] })
    const headers = { 'x-link-token': token, 'content-type': 'application/json' }
    const base = `${demo.url}/api/v1`
    const [key] = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys
    const one = `${base}/workspace/${demo.workspaceId}/api-key/${key.id}`
    const body = JSON.stringify({ name: 'x', workspaceId: demo.workspaceId, customerId: demo.customerId, scopes: [], enabled: true })
    const answers = await Promise.all([
      fetch(`${base}/api-key`, { method: 'POST', headers, body }),
      fetch(one, { method: 'PATCH', headers, body: '{"enabled":false}' }),
      fetch(`${one}/rotate`, { method: 'POST', headers }),
      fetch(one, { method: 'DELETE', headers }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403])
  })
})

async function mint(demo: Demo, extra: object): Promise<string> {
  const answer = await fetch(`${demo.url}/api/v1/link-token`, {
    method: 'POST',
    headers: { authorization: `Bearer ${demo.sdkKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ workspaceId: demo.workspaceId, customerId: demo.customerId, ...extra }),
  })
  return ((await answer.json()) as { token: string }).token
}

test.describe('scopes', () => {
  const bits = (representation: string, ...held: string[]) => {
    const has = (bit: string) => held.includes(bit)
    return { representation, create: has('create'), read: has('read'), update: has('update'), del: has('del') }
  }
  const grantableScopes = [bits('deployments', 'read'), bits('metrics', 'create', 'read', 'update', 'del')]

  test('what may not be granted is shown, cannot be picked, and says why', async ({ page, demo }) => {
    const widget = await openHostPage(page, demo, { token: { grantableScopes } })
    const form = await widget.fill({ name: 'limited' })
    const radio = (scope: string, level: string) => widget.access(form, scope).getByRole('radio', { name: level, exact: true })
    await expect(radio('Deployments', 'Read')).toBeEnabled()
    await expect(radio('Deployments', 'Write')).toBeDisabled()
    await expect(widget.access(form, 'Deployments')).toContainText('You may grant: read')
    await expect(radio('Metrics', 'Write')).toBeEnabled()
    await expect(radio('Billing', 'Read')).toBeDisabled()
    await expect(widget.access(form, 'Billing')).toContainText('You may not grant this permission.')

    // Neither do the shortcuts reach further.
    await form.getByRole('button', { name: 'Read everything', exact: true }).click()
    await expect(radio('Deployments', 'Read')).toBeChecked()
    await expect(radio('Billing', 'None')).toBeChecked()
    await form.getByRole('button', { name: 'Create key', exact: true }).click()
    await widget.takeSecret('Your new key')
    const [stored] = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys
    expect(stored.scopes.map(({ representation }: { representation: string }) => representation).sort()).toEqual(['deployments', 'metrics'])
  })

  test('the page’s templates are one click, and say what they give before anything is sent', async ({ page, demo }) => {
    const widget = await openHostPage(page, demo, {
      before: `document.querySelector('oneloop-keys').scopeTemplates = [
        { name: 'Deploy bot', scopes: { deployments: 'write', metrics: 'read', webhooks: ['create'] } },
        { name: 'Monitoring, read-only', scopes: { metrics: 'read' } },
        { name: 'Billing export', scopes: { billing: 'read' } },
        { name: 'Everything but members', scopes: { deployments: 'write' } },
      ]\n`,
    })
    const form = await widget.fill({ name: 'bot', access: { Billing: 'Read' } })
    // However many they are, they stand under the legend and inside the dialog.
    const legend = await form.getByText('Permissions', { exact: true }).boundingBox()
    const frame = await form.boundingBox()
    for (const name of ['Deploy bot', 'Monitoring, read-only', 'Billing export', 'Everything but members']) {
      const box = await form.getByRole('button', { name, exact: true }).boundingBox()
      if (!box || !legend || !frame) throw new Error(`${name} is not on the screen`)
      expect(box.y, name).toBeGreaterThanOrEqual(legend.y + legend.height - 1)
      expect(box.x, name).toBeGreaterThanOrEqual(frame.x)
      expect(box.x + box.width, name).toBeLessThanOrEqual(frame.x + frame.width)
    }
    await form.getByRole('button', { name: 'Deploy bot', exact: true }).click()
    await expect(form).toContainText('bot may read and write Deployments, and read Metrics, and create Webhooks, until')
    await form.getByRole('button', { name: 'Create key', exact: true }).click()
    await widget.takeSecret('Your new key')
    await expect(widget.row('bot')).toContainText('Deployments: write, +2')
  })

  test('256 scopes: found by a plain text whose characters mean nothing, and all of them in reach', async ({ page, demo }) => {
    const known = 5
    for (let at = known; at < 256; at += 1) {
      await demo.oneloop.createWorkspaceScopes(demo.workspaceId, { name: `Scope (${at}) [*]`, representation: `scope:${at}` })
    }
    const widget = await openHostPage(page, demo)
    const form = await widget.fill({ name: 'many' })
    const find = form.getByRole('searchbox', { name: 'Find a permission', exact: true })
    const lines = form.locator('[part~="scope"]')
    // Of those that are found, the page holds the first ones.
    const first = 12
    await expect(lines).toHaveCount(first)
    for (const [text, count] of [['(17) [*', 1], ['\\', 0], ['.*', 0], ['SCOPE:25', 7], ['[', 251], ['$^', 0]] as const) {
      await find.fill(text)
      await expect(lines, text).toHaveCount(Math.min(count, first))
      await expect(form.getByRole('status').first()).toHaveText(`${count} of 256 shown`)
    }
    // Tab goes on where the page had no more of them, to what stands below the last one.
    await find.fill('SCOPE:2')
    await expect(form.getByRole('status').first()).toHaveText('66 of 256 shown')
    for (let stops = 0; stops < 66; stops += 1) await page.keyboard.press('Tab')
    await expect(lines).toHaveCount(66)
    await expect(widget.access(form, 'Scope (255) [*]').getByRole('radio', { name: 'None' })).toBeFocused()
    await page.keyboard.press('Tab')
    await expect(form.getByRole('radio', { name: '90 days', exact: true })).toBeFocused()
  })
})

test.describe('expiry', () => {
  test('the page’s presets, and a date with its time and zone', async ({ page, demo }) => {
    const widget = await openHostPage(page, demo, { attributes: 'expiry-presets="14 60"' })
    const form = await widget.fill({ name: 'on the minute', access: { Metrics: 'Read' } })
    await expect(form.getByRole('group', { name: 'Expires', exact: true }).getByRole('radio')).toHaveCount(4)
    await expect(form.getByRole('radio', { name: '60 days', exact: true })).toBeChecked()
    await form.getByRole('radio', { name: 'Date…', exact: true }).check()
    await expect(form.locator('[part~="summary"]')).toContainText('until …')
    const year = new Date().getFullYear() + 1
    await form.getByLabel('Expiry date', { exact: true }).fill(`${year}-03-04`)
    await form.getByLabel('Time', { exact: true }).fill('05:06')
    await expect(form.getByText(/^Works until .* (UTC|GMT|[A-Z]{3,4})/)).toBeVisible()
    await form.getByRole('button', { name: 'Create key', exact: true }).click()
    await widget.takeSecret('Your new key')
    const [stored] = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys
    const expected = await page.evaluate((year) => new Date(year, 2, 4, 5, 6, 59, 999).getTime(), year)
    expect(stored.expiresAt).toBe(expected)
  })

  test('least, most and required are kept to before anything is sent', async ({ page, demo }) => {
    const keyPolicy = { expiryRequired: true, minLifetimeSeconds: 2 * 86_400, maxLifetimeSeconds: 40 * 86_400 }
    const widget = await openHostPage(page, demo, { token: { keyPolicy } })
    const form = await widget.fill({ name: 'bounded' })
    const choices = form.getByRole('group', { name: 'Expires', exact: true }).getByRole('radio')
    await expect(choices).toHaveCount(3)
    await expect(form.getByRole('radio', { name: '30 days', exact: true })).toBeChecked()
    await form.getByRole('radio', { name: 'Date…', exact: true }).check()
    const date = form.getByLabel('Expiry date', { exact: true })
    const day = (days: number) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10)
    let sent = 0
    page.on('request', (request) => (sent += Number(request.method() === 'POST' && request.url().endsWith('/api-key'))))
    for (const [days, says] of [[0, 'Too soon'], [60, 'Too late']] as const) {
      await date.fill(day(days))
      await expect(form).toContainText(says)
      await expect(date).toHaveAttribute('aria-invalid', 'true')
      await form.getByRole('button', { name: 'Create key', exact: true }).click()
      await expect(date).toBeFocused()
    }
    expect(sent).toBe(0)
    await date.fill(day(20))
    await form.getByRole('button', { name: 'Create key', exact: true }).click()
    await widget.takeSecret('Your new key')
  })
})

test.describe('rotation', () => {
  test('hours of one’s own, up to what the page allows', async ({ page, demo }) => {
    const widget = await openHostPage(page, demo, { token: { keyPolicy: { maxOverlapSeconds: 48 * 3_600 } } })
    const before = await widget.create({ name: 'own pace' })
    await widget.act('own pace', 'Rotate…')
    const form = widget.dialog('Rotate key')
    await expect(form.getByRole('radio')).toHaveCount(4)
    await form.getByRole('radio', { name: 'Custom…', exact: true }).check()
    const hours = form.getByLabel('Hours', { exact: true })
    for (const wrong of ['', '0', '49', '1.5']) {
      await hours.fill(wrong)
      await expect(hours).toHaveAttribute('aria-invalid', 'true')
      await expect(form).toContainText('From 1 to 48 hours, as a whole number.')
      await form.getByRole('button', { name: 'Rotate key', exact: true }).click()
      await expect(hours).toBeFocused()
    }
    await hours.fill('36')
    await form.getByRole('button', { name: 'Rotate key', exact: true }).click()
    const after = await widget.takeSecret('The new secret')
    const [stored] = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys
    expect(Math.abs(stored.previousKeyExpiresAt - Date.now() - 36 * 3_600_000)).toBeLessThan(60_000)
    await expect(widget.row('own pace')).toContainText('Rotating, 1 day left')
    expect([await demo.verdict(before), await demo.verdict(after)]).toEqual(['VALID', 'VALID'])

    await widget.act('own pace', 'End the old secret…')
    await widget.dialog('End the old secret now').getByRole('button', { name: 'End the old secret now', exact: true }).click()
    await expect(widget.row('own pace')).toContainText('Active')
    expect([await demo.verdict(before), await demo.verdict(after)]).toEqual(['INVALID', 'VALID'])
  })

  test('both secrets are shown, with the last use of the old one, which ends when that is asked for', async ({ widget, demo, page }) => {
    const [before, after] = [await widget.create({ name: 'two' }), await widget.rotate('two', 'In 24 hours')]
    const mask = (secret: string) => `acme_****${secret.slice(-4)}`
    for (const secret of [before, after]) await expect(widget.row('two')).toContainText(mask(secret))
    const end = widget.dialog('End the old secret now')
    const fact = (name: string) => end.locator('[part~="facts"] > div').filter({ hasText: new RegExp(`^${name}`) })
    await widget.act('two', 'End the old secret…')
    await expect(fact('Old secret')).toContainText(mask(before))
    await expect(fact('Expires')).toContainText(/in (1 day|24 hours|23 hours)|tomorrow/)
    await expect(fact('Last used')).toContainText('Not used since the rotation')
    await page.keyboard.press('Escape')

    // A use of the new one is none of the old one.
    expect(await demo.verdict(after)).toBe('VALID')
    const stored = async () => (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.find(({ name }: { name: string }) => name === 'two')
    await expect.poll(async () => (await stored()).lastUsedAt).toBeTruthy()
    expect(await stored()).toMatchObject({ previousMaskedKey: mask(before), previousLastUsedAt: null })
    expect(await demo.verdict(before)).toBe('VALID')
    await expect.poll(async () => (await stored()).previousLastUsedAt).toBeTruthy()
    await page.reload()
    await widget.loaded()
    await expect(await widget.details('two')).toContainText(`Old secret${mask(before)}`)
    await page.keyboard.press('Escape')

    // Rotating again would end it without asking: that is said before.
    await widget.act('two', 'Rotate…')
    await expect(widget.dialog('Rotate key')).toContainText(`${mask(before)}, from before the last rotation, stops working at once.`)
    await page.keyboard.press('Escape')

    await widget.act('two', 'End the old secret…')
    await expect(fact('Last used')).toContainText(/now|ago/)
    await expect(end.getByRole('button', { name: 'Cancel', exact: true })).toBeFocused()
    await page.route('**/end-overlap', (route) => route.fulfill({ status: 403, json: {} }))
    await end.getByRole('button', { name: 'End the old secret now', exact: true }).click()
    await expect(end.getByRole('alert')).toContainText('Nothing was changed.')
    await page.unroute('**/end-overlap')
    await end.getByRole('button', { name: 'Try again', exact: true }).click()
    await expect(end).toBeHidden()
    await expect(widget.row('two')).not.toContainText(mask(before))
    expect([await demo.verdict(before), await demo.verdict(after)]).toEqual(['INVALID', 'VALID'])
  })

  test('a leaked key is one step from its end', async ({ widget, demo }) => {
    const secret = await widget.create({ name: 'leaked' })
    await widget.act('leaked', 'Rotate…')
    await widget.dialog('Rotate key').getByRole('button', { name: 'Delete the key now', exact: true }).click()
    await widget.dialog('Delete key').getByRole('button', { name: 'Delete key', exact: true }).click()
    await expect(widget.row('leaked')).toHaveCount(0)
    expect(await demo.verdict(secret)).toBe('DELETED')
  })
})
