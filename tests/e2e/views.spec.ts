/*
 * Each view in each scheme: no accessibility violation, nothing wider than the page, and a picture for people to look
 * at in `test-results/views/`.
 */
import { fileURLToPath } from 'node:url'

import { expect, test } from './fixtures.js'
import { views } from './views.js'

const pictures = fileURLToPath(new URL('../../test-results/views/', import.meta.url))

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
  const list = /\/api-key\?/
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
