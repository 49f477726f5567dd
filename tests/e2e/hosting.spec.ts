/* The widget as a guest: several on a page, moved about, and confined to its customer and to its shadow root. */
import { expect, test } from './fixtures.js'
import { openHostPage } from './host-page.js'
import { Widget } from './widget.js'

test('two widgets on one page work side by side', async ({ page, widget }) => {
  await page.evaluate(() => {
    const first = document.querySelector('oneloop-keys')
    const second = document.createElement('oneloop-keys')
    second.id = 'second'
    Object.assign(second, { getToken: (first as unknown as { getToken: unknown }).getToken })
    first?.after(second)
  })
  const first = new Widget(page, page.locator('oneloop-keys#keys'))
  const second = new Widget(page, page.locator('oneloop-keys#second'))
  await second.loaded()
  await second.create({ name: 'from the second' })
  await expect(second.row('from the second')).toBeVisible()
  await first.create({ name: 'from the first' })
  await expect(first.row('from the first')).toBeVisible()
  // Ids inside a shadow root belong to it: labels of one do not reach the other.
  await first.act('ci-deploy', 'Edit…')
  await expect(first.dialog('Edit key')).toBeVisible()
  await expect(second.dialog('Edit key')).toBeHidden()
  expect(widget.root).toBeTruthy()
})

test('one wasm is loaded, however many widgets there are', async ({ page, demo }) => {
  const loads: string[] = []
  page.on('request', (request) => request.url().endsWith('.wasm') && loads.push(request.url()))
  await page.goto(demo.url)
  const first = new Widget(page, page.locator('oneloop-keys#keys'))
  await first.loaded()
  await page.evaluate(() => document.querySelector('main')?.append(document.createElement('oneloop-keys')))
  await page.waitForTimeout(300)
  expect(loads).toHaveLength(1)
})

test('moved, it goes on; removed, it stops; put back, it starts again', async ({ page, widget }) => {
  await page.evaluate(() => {
    const element = document.querySelector('oneloop-keys')
    if (element) document.querySelector('.title')?.append(element)
  })
  await widget.loaded()
  await expect(page.locator('oneloop-keys')).toHaveCount(1)
  await expect(widget.root.getByRole('heading', { name: 'API keys', exact: true })).toHaveCount(1)

  await page.evaluate(() => {
    const element = document.querySelector('oneloop-keys')
    element?.remove()
    Object.assign(window, { kept: element })
  })
  await expect(page.locator('oneloop-keys')).toHaveCount(0)
  let requests = 0
  page.on('request', () => (requests += 1))
  await page.waitForTimeout(500)
  expect(requests, 'a removed widget asks for nothing').toBe(0)

  await page.evaluate(() => {
    document.querySelector('.keys')?.append((window as unknown as { kept: Element }).kept)
  })
  await widget.loaded()
  const secret = await widget.create({ name: 'after all that' })
  expect(secret).toMatch(/^acme_/)
})

test('removed while it loads, it says nothing and mounts nothing', async ({ page, demo }) => {
  let go = () => {}
  const held = new Promise<void>((resolve) => (go = resolve))
  await page.route('**/*.wasm', async (route) => {
    await held
    await route.continue()
  })
  const loading = page.waitForRequest('**/*.wasm')
  await page.goto(demo.url)
  await loading
  await page.evaluate(() => {
    const element = document.querySelector('oneloop-keys')
    element?.remove()
    Object.assign(window, { kept: element })
  })
  let asked = 0
  page.on('request', (request) => (asked += Number(!request.url().endsWith('.wasm'))))
  const loaded = page.waitForResponse('**/*.wasm')
  go()
  await loaded
  await page.waitForTimeout(500)
  expect(asked).toBe(0)
  const left = await page.evaluate(() => (window as unknown as { kept: Element }).kept.shadowRoot?.childElementCount)
  expect(left).toBe(0)
})

test('removed by the page in whatever event it hears, nothing of it goes on', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo, {
    before: `window.heard = []
      const keys = document.querySelector('oneloop-keys')
      for (const name of ['ready', 'key-created', 'key-updated', 'key-deleted', 'error']) {
        keys.addEventListener('oneloop-' + name, () => {
          window.heard.push(name)
          if (window.removeOn === name) keys.remove()
        })
      }
      window.removeOn = 'ready'
      window.putBack = () => document.querySelector('main').append(keys)\n`,
  })
  const awaitRemoval = () => expect(page.locator('oneloop-keys')).toHaveCount(0)
  const putBack = async (removeOn: string) => {
    await page.evaluate((removeOn) => Object.assign(window, { removeOn }), removeOn)
    await page.evaluate(() => (window as unknown as { putBack(): void }).putBack())
    await widget.loaded()
  }
  await awaitRemoval()
  await putBack('key-created')
  const form = await widget.fill({ name: 'seen by nobody' })
  await form.getByRole('button', { name: 'Create key', exact: true }).click()
  await awaitRemoval()
  await putBack('key-updated')
  await widget.act('grafana', 'Disable')
  await awaitRemoval()
  await putBack('error')
  await page.route('**/api-key/ak_*', (route) => route.fulfill({ status: 503, json: {} }))
  await widget.act('grafana', 'Enable')
  await awaitRemoval()
  await page.unroute('**/api-key/ak_*')
  await putBack('key-deleted')
  await widget.act('seen by nobody', 'Delete…')
  await widget.dialog('Delete key').getByRole('button', { name: 'Delete key', exact: true }).click()
  await awaitRemoval()
  await putBack('')
  await expect(widget.row('seen by nobody')).toHaveCount(0)
})

test('removed while a request is under way, it leaves that alone', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo)
  await widget.loaded()
  await page.evaluate(() => Object.assign(window, { kept: document.querySelector('oneloop-keys') }))
  const remove = () => page.evaluate(() => document.querySelector('oneloop-keys')?.remove())
  const putBack = () => page.evaluate(() => document.querySelector('main')?.append((window as unknown as { kept: Element }).kept))
  const press = (dialog: string, button: string) =>
    widget.dialog(dialog).getByRole('button', { name: button, exact: true }).click()
  const steps: readonly [RegExp, () => Promise<void>][] = [
    [/\/usage\?/, async () => void (await widget.details('grafana'))],
    [/\/activity\?/, async () => void (await widget.details('grafana'))],
    [/\/api-key\/ak_[^/]+$/, () => widget.act('grafana', 'Disable')],
    [/\/rotate$/, async () => (await widget.act('grafana', 'Rotate…'), press('Rotate key', 'Rotate key'))],
    [/\/api-key$/, async () => (await widget.fill({ name: 'on its way' }), press('Create API key', 'Create key'))],
    [/sort=name/, async () => void (await widget.root.getByRole('columnheader', { name: 'Name', exact: true }).getByRole('button').click())],
    [/\/link-token\//, async () => (await remove(), putBack())],
    [/\/scopes$/, async () => (await remove(), putBack())],
  ]
  for (const [url, act] of steps) {
    let letGo = () => {}
    const released = new Promise<void>((resolve) => (letGo = resolve))
    await page.route(url, async (route) => {
      await released
      await route.continue().catch(() => {})
    })
    const sent = page.waitForRequest(url)
    await act()
    await sent
    await remove()
    letGo()
    await page.unroute(url)
    await putBack()
    await widget.loaded()
  }
})

test('another customer’s keys are never shown, asked for or reached', async ({ page, demo, widget }) => {
  const all = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys as { id: string; name: string; customerId: string }[]
  const others = all.filter(({ customerId }) => customerId !== demo.customerId)
  expect(others.length, 'the demonstration has some').toBeGreaterThan(0)
  const bodies: string[] = []
  page.on('response', async (response) => {
    if (response.url().includes('/api/')) bodies.push(await response.text().catch(() => ''))
  })
  await page.reload()
  await widget.loaded()
  // One of them is expired, and kept apart.
  await expect(widget.rows).toHaveCount(all.length - others.length - 1)
  await page.waitForLoadState('networkidle')
  expect(bodies.length).toBeGreaterThan(1)
  for (const { id, name } of others) {
    await expect(widget.root.getByText(name, { exact: true })).toHaveCount(0)
    expect(bodies.join('')).not.toContain(id)
  }
})

test('it asks nobody but its own server, with no cookie, no Authorization and no referrer', async ({ page, demo, context }) => {
  await context.addCookies([{ name: 'host', value: 'session', url: demo.url }])
  const requests: { url: string; headers: Record<string, string> }[] = []
  page.on('request', async (request) => requests.push({ url: request.url(), headers: await request.allHeaders() }))
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await widget.loaded()
  await widget.create({ name: 'looked at' })
  const api = requests.filter(({ url }) => url.includes('/api/v1/'))
  expect(api.length).toBeGreaterThan(2)
  for (const { url, headers } of api) {
    expect(new URL(url).origin).toBe(demo.url)
    expect(headers).toHaveProperty('x-link-token')
    expect(decodeURIComponent(url)).not.toContain(headers['x-link-token'])
    expect(headers).not.toHaveProperty('authorization')
    expect(headers).not.toHaveProperty('cookie')
    expect(headers).not.toHaveProperty('referer')
  }
  for (const { url } of requests) expect(new URL(url).origin).toBe(demo.url)
})

test('it leaves the page outside its shadow root alone', async ({ page, demo }) => {
  await page.goto(demo.url)
  const outside = () =>
    page.evaluate(() => ({
      head: document.head.innerHTML,
      bodyChildren: [...document.body.children].map(({ localName }) => localName),
      styleSheets: document.adoptedStyleSheets.length,
      url: location.href,
      stored: localStorage.length + sessionStorage.length,
      light: document.querySelector('oneloop-keys')?.innerHTML,
    }))
  const before = await outside()
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await widget.loaded()
  await widget.create({ name: 'tidy' })
  expect(await outside()).toEqual(before)
})

test('without getToken it says so instead of waiting for ever', async ({ page, demo, complaints }) => {
  await page.route('**/demo.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: "import '/widget/oneloop-keys.js'" }),
  )
  await page.goto(demo.url)
  await expect(page.locator('oneloop-keys')).toContainText('could not start a session')
  complaints.length = 0
})

// The private properties were once called `--radius` and `--primary`: a page with tokens of those names that passed
// them on made them refer to themselves, and the browser dropped both.
test('a page may pass on tokens of its own, whatever they are called', async ({ widget }) => {
  await widget.root.evaluate((element) => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(`
      :root { --radius: 13px; --primary: rgb(1, 2, 3); }
      oneloop-keys { --oneloop-radius: var(--radius); --oneloop-color-primary: var(--primary); }
    `)
    element.ownerDocument.adoptedStyleSheets.push(sheet)
  })
  const create = widget.root.getByRole('button', { name: 'Create key', exact: true })
  await expect(create).toHaveCSS('border-top-left-radius', '13px')
  await expect(create).toHaveCSS('background-color', 'rgb(1, 2, 3)')
})
