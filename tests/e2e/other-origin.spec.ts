/*
 * A page of one origin with the widget of another: what most hosts are. The page is served by a server of its own, on
 * its own port; nothing between it and `oneloop serve` is intercepted.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, test, type Demo } from './fixtures.js'
import { Widget } from './widget.js'

/** A customer's page, on an origin that is known only once it listens. */
let page: Server
let origin: string

test.beforeAll(async () => {
  page = createServer()
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(page.address() as AddressInfo).port}`
})

test.afterAll(() => new Promise((resolve) => page.close(resolve)))

/** What the page is allowed: its own server for the token, the keys' server for the widget. */
const policyFor = (keys: string) =>
  `default-src 'none'; script-src 'self' ${keys} 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self' ${keys}; ` +
  "require-trusted-types-for 'script'; trusted-types 'none'"

/** Serves the page; its backend mints the token with the published client, as docs/embedding.md has it. */
function host(demo: Demo): void {
  page.removeAllListeners('request')
  page.on('request', async (request, response) => {
    if (request.url === '/api/link-token') {
      const { workspaceId, customerId } = demo
      const { token, expiresAt } = await demo.oneloop.generateLinkToken({ workspaceId, customerId })
      return response.setHeader('content-type', 'application/json').end(JSON.stringify({ token, expiresAt }))
    }
    if (request.url === '/page.js') {
      return response.setHeader('content-type', 'text/javascript').end(`
        document.querySelector('oneloop-keys').getToken =
          async () => (await fetch('/api/link-token', { method: 'POST' })).json()`)
    }
    if (request.url !== '/') return response.writeHead(204).end()
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policyFor(demo.url) })
    response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Settings</title>
      <script type="module" src="page.js"></script>
      <script type="module" src="${demo.url}/widget/oneloop-keys.js"></script>
      <oneloop-keys base-url="${demo.url}"></oneloop-keys></html>`)
  })
}

test.describe('an origin that the server allows', () => {
  // Options are settled before the server starts, so the origin is, too.
  test.use({ serveWith: async ({}, use) => use(['--allowed-origins', origin]) })

  test('makes, edits, rotates and deletes a key across origins', async ({ page, demo, context }) => {
    host(demo)
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
    await page.goto(origin)
    const widget = new Widget(page, page.locator('oneloop-keys'))
    await widget.loaded()
    const secret = await widget.create({ name: 'from afar', access: { Deployments: ['Create'] }, expires: 'Never' })
    expect(await demo.verdict(secret)).toBe('VALID')
    await widget.act('from afar', 'Disable')
    await expect(widget.row('from afar')).toContainText('Disabled')
    await widget.act('from afar', 'Enable')
    const second = await widget.rotate('from afar', 'Now')
    expect(await demo.verdict(secret)).toBe('INVALID')
    expect(await demo.verdict(second)).toBe('VALID')
    await widget.delete('from afar')
    expect(await demo.verdict(second)).toBe('DELETED')
  })
})

test('an origin that the server does not allow is told so, and shows no key', async ({ page, demo, complaints }) => {
  host(demo)
  await page.goto(origin)
  const widget = page.locator('oneloop-keys')
  await expect(widget.getByRole('alert')).toBeVisible()
  await expect(widget.getByRole('button', { name: /^(Try again|Continue)$/ })).toBeVisible()
  await expect(widget.getByRole('row')).toHaveCount(0)
  // What the browser says of a refused origin is for developers, and said there.
  expect(complaints.join()).toContain('CORS')
  complaints.length = 0
})
