/* Whatever goes wrong with whatever is tried: words for it, what was typed is kept, and trying again works. */
import type { Locator, Page, Route } from '@playwright/test'

import { expect, test } from './fixtures.js'
import type { Widget } from './widget.js'

interface Fault {
  /** What a person is told. */
  readonly says: string
  cause(route: Route): Promise<void> | void
  /** What the browser itself knows. */
  readonly offline?: true
}

const refusal = (status: number, reason: string, message = 'no') => ({ status, json: { error: { code: status, message, reason } } })
const answer = (says: string, response: Parameters<Route['fulfill']>[0]): Fault => ({ says, cause: (route) => route.fulfill(response) })

const FAULTS: Readonly<Record<string, Fault>> = {
  'a refusal': answer('The key service refused this: not on Sundays.', refusal(400, 'bad_request', 'not on Sundays')),
  'an ended session': answer('Your session has ended.', refusal(401, 'link_token_expired')),
  'a missing permission': answer('You are not allowed to do this.', refusal(403, 'permission_missing')),
  'an address that is not there': answer('Check base-url.', { status: 404, body: 'nginx' }),
  'a body too large': answer('That is more than the key service accepts.', refusal(413, 'body_too_large')),
  'too many requests': answer('Wait 7 seconds.', { ...refusal(429, 'rate_limited'), headers: { 'retry-after': '7' } }),
  'an internal error': answer('The key service failed.', refusal(500, 'internal')),
  'a bad gateway': answer('not available right now', { status: 502, contentType: 'text/html', body: '<h1>502</h1>' }),
  'an answer that is no JSON': answer('an answer that cannot be read', { status: 200, body: '{"apiKey":' }),
  'an answer that is something else': answer('an answer that cannot be read', { status: 200, json: { hello: 'world' } }),
  'a broken connection': { says: 'could not be reached', cause: (route) => route.abort('connectionreset') },
  'no answer in time': { says: 'did not answer in time', cause: () => {} },
  'no network': { says: 'You are offline.', cause: (route) => route.abort('internetdisconnected'), offline: true },
}

test.beforeEach(async ({ page }) => {
  // The widget waits 20 seconds for an answer; the browser's own timer is made to run faster, the widget is as it is.
  await page.addInitScript(() => {
    const timeout = AbortSignal.timeout.bind(AbortSignal)
    AbortSignal.timeout = (milliseconds) => timeout(milliseconds / 40)
  })
})

/** Causes each fault in turn, runs `attempt`, and expects its words in `place`. */
async function throughAll(
  page: Page,
  url: string,
  attempt: () => Promise<void>,
  place: Locator,
  kept: () => Promise<void>,
  faults = FAULTS,
) {
  for (const [name, fault] of Object.entries(faults)) {
    await test.step(name, async () => {
      await page.route(url, (route) => (route.request().method() === 'GET' ? route.fallback() : fault.cause(route)))
      if (fault.offline) await page.context().setOffline(true)
      await attempt()
      await expect(place, name).toContainText(fault.says)
      await kept()
      await page.context().setOffline(false)
      await page.unroute(url)
    })
  }
}

const send = (form: Locator, name: string) => () =>
  form.getByRole('button', { name: new RegExp(`^(${name}|Try again)$`) }).click()

test('create', async ({ widget, page, demo }) => {
  test.slow()
  const before = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.length
  const form = await widget.fill({ name: 'stubborn', access: { Metrics: 'Read' }, expires: '30 days' })
  await throughAll(page, '**/api/v1/api-key', send(form, 'Create key'), form.getByRole('alert').last(), async () => {
    await expect(widget.dialog('Your new key')).toBeHidden()
    await expect(form.getByLabel('Name', { exact: true })).toHaveValue('stubborn')
    await expect(form.getByRole('radio', { name: '30 days', exact: true })).toBeChecked()
    await expect(widget.access(form, 'Metrics').getByRole('radio', { name: 'Read', exact: true })).toBeChecked()
  })
  await send(form, 'Create key')()
  expect(await demo.verdict(await widget.takeSecret('Your new key'))).toBe('VALID')
  expect((await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.length).toBe(before + 1)
})

test('edit', async ({ widget, page }) => {
  test.slow()
  await widget.act('grafana', 'Edit…')
  const form = widget.dialog('Edit key')
  const name = form.getByLabel('Name', { exact: true })
  await name.fill('grafana 2')
  await throughAll(page, '**/api-key/ak_*', send(form, 'Save changes'), form.getByRole('alert').last(), () =>
    expect(name).toHaveValue('grafana 2'),
  )
  await send(form, 'Save changes')()
  await expect(widget.row('grafana 2')).toBeVisible()
})

test('rotate', async ({ widget, page, demo }) => {
  test.slow()
  const secret = await widget.create({ name: 'turning' })
  await widget.act('turning', 'Rotate…')
  const form = widget.dialog('Rotate key')
  await form.getByRole('radio', { name: 'In 7 days', exact: true }).check()
  await throughAll(page, '**/rotate', send(form, 'Rotate key'), form.getByRole('alert').last(), async () => {
    await expect(widget.dialog('The new secret')).toBeHidden()
    await expect(form.getByRole('radio', { name: 'In 7 days', exact: true })).toBeChecked()
  })
  await send(form, 'Rotate key')()
  expect(await demo.verdict(await widget.takeSecret('The new secret'))).toBe('VALID')
  expect(await demo.verdict(secret)).toBe('VALID')
})

test('delete and switch', async ({ widget, page }) => {
  test.slow()
  await widget.create({ name: 'doomed' })
  const notice = widget.root.locator('[part~="root"] > [role="alert"]')
  await throughAll(page, '**/api-key/ak_*', () => widget.act('doomed', 'Disable'), notice, () =>
    expect(widget.row('doomed')).toContainText('Active'),
  )
  await widget.act('doomed', 'Delete…')
  const form = widget.dialog('Delete key')
  // Of a deletion nothing is read but that it succeeded.
  const { 'an answer that is something else': _, ...faults } = FAULTS
  await throughAll(
    page,
    '**/api-key/ak_*',
    send(form, 'Delete key'),
    form.getByRole('alert').last(),
    () => expect(form).toBeVisible(),
    faults,
  )
  await send(form, 'Delete key')()
  await expect(widget.row('doomed')).toHaveCount(0)
})

test('load', async ({ page, widget }) => {
  test.slow()
  const list = /\/api\/v1\/workspace\/[^/]+\/api-key(\?.*)?$/
  for (const [name, fault] of Object.entries(FAULTS)) {
    // A page that is offline cannot be reloaded; that the list cannot be had is said all the same.
    if (fault.offline) continue
    await test.step(name, async () => {
      await page.route(list, (route) => fault.cause(route))
      await page.reload()
      // Said in words of its own there.
      const says = name === 'an ended session' ? 'Your session has ended' : fault.says
      await expect(widget.root.getByRole('alert').filter({ hasText: says })).toBeVisible()
      await page.unroute(list)
      await widget.root.getByRole('button', { name: /^(Try again|Continue)$/ }).click()
      await widget.loaded()
    })
  }
})

/** The request is carried out, and its answer is lost on the way. */
async function loseTheAnswer(page: Page, url: string): Promise<void> {
  await page.route(url, async (route) => {
    await route.fetch()
    await route.abort('connectionreset')
  })
}

test('a create whose answer was lost is tried again without making a second key', async ({ widget, page, demo }) => {
  const before = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.length
  await loseTheAnswer(page, '**/api/v1/api-key')
  const form = await widget.fill({ name: 'only once' })
  await send(form, 'Create key')()
  await expect(form.getByRole('alert').last()).toContainText('never creates a second key')
  expect((await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.length).toBe(before + 1)
  await page.unroute('**/api/v1/api-key')
  await send(form, 'Create key')()
  expect(await demo.verdict(await widget.takeSecret('Your new key'))).toBe('VALID')
  expect((await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.length).toBe(before + 1)
  await expect(widget.row('only once')).toHaveCount(1)
})

test('changed after a lost answer, it is another request', async ({ widget, page, demo }) => {
  await loseTheAnswer(page, '**/api/v1/api-key')
  const form = await widget.fill({ name: 'first thought' })
  await send(form, 'Create key')()
  await expect(form.getByRole('alert').last()).toBeVisible()
  await page.unroute('**/api/v1/api-key')
  await form.getByLabel('Name', { exact: true }).fill('second thought')
  await send(form, 'Create key')()
  await widget.takeSecret('Your new key')
  const names = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys.map(({ name }: { name: string }) => name)
  expect(names.slice(0, 2)).toEqual(['second thought', 'first thought'])
})

test('a rotation whose answer was lost is tried again without replacing the secret twice', async ({ widget, page, demo }) => {
  const secret = await widget.create({ name: 'turned once' })
  await widget.act('turned once', 'Rotate…')
  const form = widget.dialog('Rotate key')
  await loseTheAnswer(page, '**/rotate')
  await send(form, 'Rotate key')()
  await expect(form.getByRole('alert').last()).toContainText('it is replaced only once')
  await page.unroute('**/rotate')
  await send(form, 'Rotate key')()
  expect(await demo.verdict(await widget.takeSecret('The new secret'))).toBe('VALID')
  // Replaced twice, the overlap would be that of the second rotation, and the first secret over.
  expect(await demo.verdict(secret)).toBe('VALID')
})

const FIELDS: readonly [string, string, (widget: Widget, form: Locator) => Locator][] = [
  ['name', 'name_too_long', (_, form) => form.getByRole('textbox', { name: 'Name', exact: true })],
  ['scopes[0].representation', 'unknown_scope', (_, form) => form.getByRole('group', { name: 'Permissions', exact: true })],
]

for (const [field, reason, target] of FIELDS) {
  test(`what the server says of ${field} is said at that field`, async ({ widget, page }) => {
    await page.route('**/api/v1/api-key', (route) =>
      route.fulfill({ status: 400, json: { error: { code: 400, message: 'no', reason, field } } }),
    )
    const form = await widget.fill({ name: 'at fault' })
    await send(form, 'Create key')()
    const described = target(widget, form)
    await expect(described).toHaveAccessibleDescription(/\w{3}/)
  })
}
