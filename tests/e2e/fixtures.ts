/*
 * What every test starts from: a fresh server with the demonstration's data, its page open, and an ear on everything
 * that a browser complains about.
 */
import { test as base, expect, type Page } from '@playwright/test'
import AxeBuilder from '@axe-core/playwright'

import { clientOf } from '../fixtures/sdk.mjs'
import { makeHome } from '../fixtures/server.mjs'
import { Widget } from './widget.js'

/** The server of one test. */
export interface Demo {
  readonly url: string
  readonly workspaceId: string
  readonly customerId: string
  readonly sdkKey: string
  /** The published client, unchanged, with the demonstration's SDK key. */
  readonly oneloop: ReturnType<typeof clientOf>
  /** The verdict that the published client is given for `key`. */
  verdict(key: string, ...requestedScopes: Scope[]): Promise<string>
  /** All that the server has logged, at debug level. */
  log(): string
}

/** A scope as the published client names it. */
export interface Scope {
  representation: string
  create: boolean
  read: boolean
  update: boolean
  del: boolean
}

interface Fixtures {
  /** Options of `oneloop serve` besides the usual ones. */
  serveWith: string[]
  demo: Demo
  /** What the browser complained about: script errors, failed policies. A test that ends with any of them fails. */
  complaints: string[]
  /** The widget on the demonstration's page, opened and loaded. */
  widget: Widget
  /** Fails on any accessibility violation in what is now on the page. */
  expectAccessible: (what: string) => Promise<void>
}

export const test = base.extend<Fixtures>({
  serveWith: [[], { option: true }],

  demo: async ({ serveWith }, use, testInfo) => {
    const home = await makeHome()
    const server = await home.serve('--demo', ...serveWith)
    const { workspaceId, customerId, sdkKey } = server.demo
    const oneloop = clientOf(server.url, sdkKey)
    await use({
      url: server.url,
      workspaceId,
      customerId,
      sdkKey,
      oneloop,
      verdict: async (key, ...requestedScopes) => (await oneloop.verifyApiKey({ key, requestedScopes })).status,
      log: server.log,
    })
    if (testInfo.status !== testInfo.expectedStatus) tell(server.log())
    await server.stop()
    await home.remove()
  },

  complaints: async ({}, use) => {
    const complaints: string[] = []
    await use(complaints)
    expect(complaints, 'what the browser complained about').toEqual([])
  },

  page: async ({ page, complaints }, use) => {
    listen(page, complaints)
    await use(page)
  },

  widget: async ({ page, demo }, use) => {
    await page.goto(demo.url)
    const widget = new Widget(page, page.locator('oneloop-keys'))
    await widget.loaded()
    await use(widget)
  },

  expectAccessible: async ({ page }, use) => {
    await use(async (what) => {
      // A dialog that is still fading in has colours that nobody is asked to read.
      await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)))
      const { violations } = await new AxeBuilder({ page }).analyze()
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
      expect(found, what).toEqual([])
    })
  },
})

export { expect }

/** Gives the customer as many keys more as it takes for the list to be searchable. */
export async function fillUp({ oneloop, workspaceId, customerId }: Demo): Promise<void> {
  for (const name of ['backup', 'crawler', 'billing sync', 'status page']) {
    await oneloop.createApiKey({ name, workspaceId, customerId, enabled: true, scopes: [] })
  }
}

/** What the server said in a test that failed: all that it complained of, and its last words. */
function tell(log: string): void {
  const lines = log.trimEnd().split('\n')
  const told = lines.filter((line, at) => /\b(?:WARN|ERROR)\b|panicked/.test(line) || at >= lines.length - 20)
  console.log(['the server of the failed test:', ...told].join('\n'))
}

/** Gives the workspace these permissions more. */
export async function addScopes({ url, workspaceId, sdkKey }: Demo, names: readonly string[]): Promise<void> {
  for (const [at, name] of names.entries()) {
    const answer = await fetch(`${url}/api/v1/workspace/${workspaceId}/scope`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sdkKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, representation: `more-${at}` }),
    })
    if (!answer.ok) throw new Error(`no scope ${name}: ${answer.status} ${await answer.text()}`)
  }
}

/** Keeps every script error and every policy violation. Failed requests are no complaint: tests cause them on purpose. */
function listen(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    const failedRequest = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !failedRequest) complaints.push(`console: ${message.text()}`)
  })
  void page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
      console.error(`policy violated: ${violatedDirective} ${blockedURI} at ${sourceFile}:${lineNumber}`)
    })
  })
}
