/*
 * What other widgets for API keys were found to do wrong, when they were driven in a browser as a person would. Each test
 * opens with what happened there. The one about installing is in npm-package.spec.ts.
 */
import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'

import { addScopes, expect, fillUp, test } from './fixtures.js'
import { placesOf } from './secrets.js'
import type { Widget } from './widget.js'

/** All that a regular expression would take for something else. */
const SPECIAL = String.raw`([{*+?^$|\.)]}`

async function openReveal(widget: Widget, name: string) {
  const form = await widget.fill({ name })
  await form.getByRole('button', { name: 'Create key', exact: true }).click()
  const reveal = widget.dialog('Your new key')
  await expect(reveal).toBeVisible()
  return reveal
}

/** Answers every request of `method` with a failure of the server. */
const fail = (page: Page, method: string) =>
  page.route(/\/api-key(\/|$)/, (route) => {
    return route.request().method() === method ? route.fulfill({ status: 500, json: {} }) : route.fallback()
  })

// 1: copying hung on `pointerup`. Enter on "Copy and close" closed the dialog with the clipboard as it was.
test('whatever copies does so by Enter and by Space, and nothing closes before it did', async ({ widget, page, context, demo }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: demo.url })
  const reveal = await openReveal(widget, 'by keys alone')
  const secret = await widget.secretOf(reveal)
  await page.evaluate(() => {
    for (const kind of ['pointerdown', 'pointerup', 'mousedown', 'mouseup']) {
      addEventListener(kind, () => console.error(`a ${kind}, without a mouse`), { capture: true })
    }
  })
  for (const name of ['Copy key', 'Copy lines']) {
    for (const key of ['Enter', 'Space']) {
      await page.evaluate(() => navigator.clipboard.writeText('as it was'))
      await reveal.getByRole('button', { name, exact: true }).focus()
      await page.keyboard.press(key)
      await expect.poll(() => page.evaluate(() => navigator.clipboard.readText()), `${name} by ${key}`).not.toBe('as it was')
      const copied = await page.evaluate(() => navigator.clipboard.readText())
      if (name === 'Copy key') expect(copied).toBe(secret)
      await expect(reveal).toBeVisible()
    }
  }
})

// 2: typed text was used as a pattern; a single `(` in the search of permissions replaced the widget by an error.
test('text that would be a broken pattern is only text, in every field', async ({ widget, page, demo }) => {
  await fillUp(demo)
  await page.reload()
  await widget.loaded()
  for (const text of ['(', SPECIAL]) {
    await widget.search.fill(text)
    await expect(widget.root.getByText('No key matches.')).toBeVisible()
  }
  await widget.search.fill('')
  await expect(widget.row('ci-deploy')).toBeVisible()

  const scopes = Array.from({ length: 12 }, (_, at) => (at === 7 ? `Odd ${SPECIAL}` : `Scope ${at}`))
  await addScopes(demo, scopes)
  await page.reload()
  await widget.loaded()
  const form = await widget.fill({ name: SPECIAL })
  const search = form.getByRole('searchbox')
  for (const text of ['(', SPECIAL]) {
    await search.fill(text)
    await expect(form.getByRole('group', { name: /^Access to / })).toHaveCount(1)
    await expect(widget.access(form, `Odd ${SPECIAL}`)).toBeVisible()
  }
  await form.getByRole('button', { name: 'Create key', exact: true }).click()
  await widget.takeSecret('Your new key')
  await widget.delete(SPECIAL)
})

// 3: the clipboard was refused; a `prompt()` came up with the secret in it, and the only view of it closed.
test('a refused clipboard neither closes the reveal nor shows the secret elsewhere', async ({ widget, page }) => {
  const prompts: string[] = []
  page.on('dialog', (dialog) => (prompts.push(dialog.message()), dialog.dismiss()))
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'))
    // The older way is refused too, as it is in a frame without the permission.
    document.execCommand = () => false
  })
  const reveal = await openReveal(widget, 'not copied')
  await reveal.getByRole('button', { name: 'Copy key', exact: true }).click()
  await expect(reveal).toContainText('The browser did not allow copying.')
  await expect(reveal.getByRole('textbox', { name: 'Secret', exact: true })).toHaveValue(/^acme_\w{49}$/)
  await expect(reveal.getByText('Copied', { exact: true })).toHaveCount(0)
  await expect(reveal.getByRole('button', { name: 'Done', exact: true })).toBeDisabled()
  await page.keyboard.press('Escape')
  await expect(reveal).toBeVisible()
  expect(prompts).toEqual([])
})

// 4: deleting was answered by 500; the dialog stayed as it was, without a word.
test('a deletion that failed says so where it was asked for', async ({ widget, page }) => {
  await fail(page, 'DELETE')
  await widget.act('grafana', 'Delete…')
  const dialog = widget.dialog('Delete key')
  const confirmation = dialog.getByRole('textbox')
  if (await confirmation.isVisible()) await confirmation.fill('grafana')
  await dialog.getByRole('button', { name: 'Delete key', exact: true }).click()
  await expect(dialog.getByRole('alert').filter({ hasText: 'The key service' })).toBeVisible()
  await expect(dialog.getByRole('button', { name: 'Try again', exact: true })).toBeVisible()
})

// 5: a create that failed opened "Your new API key" with an empty box; an expired token showed an empty table; and the
// token stood in the path of a request, and so in the log of every proxy.
test('a create that failed shows no reveal, an expired token no table, and no address or log holds a token', async ({ widget, page, demo }) => {
  const addresses: string[] = []
  const tokens = new Set<string>()
  page.on('request', async (request) => {
    addresses.push(decodeURIComponent(request.url()))
    const token = (await request.allHeaders())['x-link-token']
    if (token) tokens.add(token)
  })
  await fail(page, 'POST')
  const form = await widget.fill({ name: 'not made' })
  await form.getByRole('button', { name: 'Create key', exact: true }).click()
  await expect(form.getByRole('alert').filter({ hasText: /\w/ })).toBeVisible()
  await expect(widget.root.getByRole('dialog')).toHaveCount(1)
  await expect(widget.root.locator('[part~="secret"]')).toHaveCount(0)

  const expired = { error: { code: 401, message: 'expired', reason: 'link_token_expired' } }
  await page.route(/\/api-key\?/, (route) => route.fulfill({ status: 401, json: expired }))
  await page.reload()
  await expect(widget.root.getByText('Your session has ended').first()).toBeVisible()
  await expect(widget.root.getByRole('table')).toHaveCount(0)

  expect(tokens.size).toBeGreaterThan(0)
  for (const token of tokens) {
    expect(addresses.filter((address) => address.includes(token))).toEqual([])
    expect(demo.log()).not.toContain(token)
  }
})

// 6: importing its style sheet made the page's headings small and thin, and took its margin and its bullets.
test('headings, margins and bullets of a page without styles stay the browser’s', async ({ page, demo }) => {
  const html = `<!doctype html><title>Plain</title><h1>Settings</h1><ul><li>One</li></ul><oneloop-keys id="keys"></oneloop-keys>
    <script type="module" src="/plain.js"></script>`
  const script = `document.querySelector('oneloop-keys').getToken = async () => (await fetch('/demo/session', { method: 'POST' })).json()
    window.load = () => import('/widget/oneloop-keys.js')`
  await page.route('**/plain.html', (route) => route.fulfill({ body: html, contentType: 'text/html' }))
  await page.route('**/plain.js', (route) => route.fulfill({ body: script, contentType: 'text/javascript' }))
  await page.goto(`${demo.url}/plain.html`)
  const looks = () =>
    page.evaluate(() => {
      const of = (name: string) => getComputedStyle(document.querySelector(name) as Element)
      const { fontSize, fontWeight, marginTop } = of('h1')
      const sheets = document.styleSheets.length + document.adoptedStyleSheets.length
      return { fontSize, fontWeight, marginTop, margin: of('body').margin, bullet: of('ul').listStyleType, indent: of('ul').paddingLeft, sheets }
    })
  const plain = { fontSize: '32px', fontWeight: '700', marginTop: '21.44px', margin: '8px', bullet: 'disc', indent: '40px', sheets: 0 }
  expect(await looks()).toEqual(plain)
  await page.evaluate(() => (window as unknown as { load: () => Promise<unknown> }).load())
  await expect(page.locator('oneloop-keys').getByRole('table')).toBeVisible()
  expect(await looks()).toEqual(plain)
})

// 7: permissions were picked on `<span onClick>`, without role or tab stop, and the table had its library's example's name.
test('what can be pressed is a control that Tab or arrows reach, and the table has a name of its own', async ({ widget }) => {
  await expect(widget.root.getByRole('table', { name: 'API keys', exact: true })).toBeVisible()
  const form = await widget.fill({ name: 'pressed', access: { Deployments: ['Read'] } })
  const unreachable = await form.evaluate((dialog) => {
    const looksPressable = (it: Element) => getComputedStyle(it).cursor === 'pointer'
    const control = (it: Element) => it.closest<HTMLElement>('button, input, select, a[href], summary') ?? it.closest('label')?.control
    const pressable = [...dialog.querySelectorAll('*')].filter(looksPressable)
    if (pressable.length < 20) throw new Error(`only ${pressable.length} elements look as if they could be pressed`)
    return pressable.filter((it) => (control(it)?.tabIndex ?? -1) < 0).map((it) => it.outerHTML)
  })
  expect(unreachable).toEqual([])
})

// 9: Delete asked nothing, Escape left the menu open, a create that failed said nothing, and a revealed secret was copied
// into a `title`.
test('Delete asks first, Escape closes the menu, and a shown secret is text and nothing else', async ({ widget, page }) => {
  let deletions = 0
  page.on('request', (request) => (deletions += Number(request.method() === 'DELETE')))
  await widget.act('grafana', 'Delete…')
  await expect(widget.dialog('Delete key')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(widget.dialog('Delete key')).toBeHidden()
  await expect(widget.row('grafana')).toBeVisible()
  expect(deletions).toBe(0)

  await widget.root.getByRole('button', { name: 'Actions for grafana', exact: true }).click()
  await expect(widget.root.getByRole('menu')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(widget.root.getByRole('menu')).toBeHidden()

  const reveal = await openReveal(widget, 'shown')
  await reveal.getByRole('button', { name: 'Show', exact: true }).click()
  const secret = await reveal.locator('[part~="secret__text"]').innerText()
  expect(await placesOf(page, secret)).toEqual([expect.stringMatching(/#text$/)])
})

// 10: the form sent a field that its own server refuses from a browser, so that no create could succeed.
test('all that the create form can say is taken by the server, from the token of a browser', async ({ widget, page, demo }) => {
  const { paths, components } = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'))
  const { schema } = paths['/api/v1/api-key'].post.requestBody.content['application/json']
  const { properties } = components.schemas[schema.$ref.split('/').at(-1)]
  const levels = ['None', 'Read', 'Write', ['Create', 'Delete']] as const
  const form = await widget.fill({ name: 'choices' })
  const choices = await form.getByRole('group', { name: 'Expires', exact: true }).getByRole('radio').evaluateAll((radios) =>
    radios.map((radio) => (radio as HTMLInputElement).labels?.[0]?.textContent ?? ''),
  )
  expect(choices.length).toBeGreaterThan(3)
  await page.keyboard.press('Escape')

  for (const [at, expires] of choices.entries()) {
    const level = levels[at % levels.length] as (typeof levels)[number]
    const name = `choice ${at}`
    const filled = await widget.fill({ name, access: { Deployments: level, Billing: 'Read' }, expires })
    const date = filled.getByLabel('Expiry date', { exact: true })
    if (await date.isVisible()) await date.fill(`${new Date().getFullYear() + 1}-12-31`)
    const answered = page.waitForResponse((response) => response.request().method() === 'POST' && response.url().endsWith('/api/v1/api-key'))
    await filled.getByRole('button', { name: 'Create key', exact: true }).click()
    const response = await answered
    expect(response.ok(), `${expires}: ${response.status()}`).toBe(true)
    const body = response.request().postDataJSON()
    expect(Object.keys(body).filter((field) => !(field in properties))).toEqual([])
    expect(await demo.verdict(await widget.takeSecret('Your new key'))).toBe('VALID')
    const [stored] = (await demo.oneloop.getApiKeys(demo.workspaceId)).apiKeys
    expect(stored).toMatchObject({ name, expiresAt: body.expiresAt ?? null, scopes: body.scopes })
  }
})
