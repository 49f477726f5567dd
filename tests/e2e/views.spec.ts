/*
 * Each view in each scheme: no accessibility violation, nothing wider than the page, and a picture for people to look
 * at in `test-results/views/`.
 */
import { fileURLToPath } from 'node:url'

import { expect, fillUp, test, type Demo } from './fixtures.js'
import type { Widget } from './widget.js'

const pictures = fileURLToPath(new URL('../../test-results/views/', import.meta.url))

/** How to get to each view from the loaded list. */
const views: Record<string, (widget: Widget, demo: Demo) => Promise<void>> = {
  list: async () => {},
  menu: async (widget) => {
    await widget.root.getByRole('button', { name: 'Actions for ci-deploy', exact: true }).click()
    await expect(widget.root.getByRole('menuitem').first()).toBeVisible()
  },
  'no match': async (widget, demo) => {
    await fillUp(demo)
    await widget.page.reload()
    await widget.loaded()
    await widget.search.fill('zzz')
    await expect(widget.root.getByText('No key matches.')).toBeVisible()
  },
  create: async (widget) => {
    await widget.fill({ name: 'ci-deploy 2', access: { Deployments: 'Write', Billing: ['Read', 'Update'] } })
  },
  'create refused': async (widget) => {
    const form = await widget.fill({ name: '' })
    await form.getByRole('button', { name: 'Create key', exact: true }).click()
    await expect(form).toContainText('Give the key a name')
  },
  reveal: async (widget) => {
    const form = await widget.fill({ name: 'ci-deploy 2', access: { Deployments: 'Write' } })
    await form.getByRole('button', { name: 'Create key', exact: true }).click()
    await expect(widget.dialog('Your new key')).toBeVisible()
  },
  discard: async (widget, demo) => {
    await views['reveal']?.(widget, demo)
    await widget.page.keyboard.press('Escape')
    await expect(widget.root.getByText('Discard the only copy?')).toBeVisible()
  },
  edit: async (widget) => {
    await widget.act('ci-deploy', 'Edit…')
    await expect(widget.dialog('Edit key')).toBeVisible()
  },
  rotate: async (widget) => {
    await widget.act('ci-deploy', 'Rotate…')
    await expect(widget.dialog('Rotate key')).toBeVisible()
  },
  delete: async (widget) => {
    await widget.act('ci-deploy', 'Delete…')
    await expect(widget.dialog('Delete key')).toBeVisible()
  },
}

for (const scheme of ['light', 'dark'] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme })
    for (const [name, open] of Object.entries(views)) {
      test(name, async ({ widget, demo, page, expectAccessible }) => {
        await open(widget, demo)
        await expectAccessible(`${name}, ${scheme}`)
        await page.screenshot({ path: `${pictures}${name}-${scheme}.png` })
      })
    }

    for (const width of [768, 360]) {
      for (const name of ['list', 'create', 'reveal']) {
        test(`${name} at ${width}`, async ({ widget, demo, page, expectAccessible }) => {
          await page.setViewportSize({ width, height: 780 })
          await views[name]?.(widget, demo)
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
          expect(overflow, 'the page scrolls sideways').toBeLessThanOrEqual(0)
          await expectAccessible(`${name} at ${width}, ${scheme}`)
          await page.screenshot({ path: `${pictures}${name}-${width}-${scheme}.png`, fullPage: name === 'list' })
        })
      }
    }
  })
}

test('empty, failed and expired views have no violation either', async ({ page, demo, expectAccessible }) => {
  const list = '**/api/v1/workspace/*/api-key'
  const answers = [
    [200, { apiKeys: [] }, 'No API keys yet'],
    [503, {}, 'Your keys could not be loaded'],
    [401, { error: { code: 401, message: 'x', reason: 'link_token_expired' } }, 'Your session has ended'],
  ] as const
  for (const [status, json, text] of answers) {
    await page.route(list, (route) => route.fulfill({ status, json }))
    await page.goto(demo.url)
    await expect(page.locator('oneloop-keys').getByText(text).first()).toBeVisible()
    await expectAccessible(text)
    await page.screenshot({ path: `${pictures}${status}.png` })
    await page.unroute(list)
  }
})
