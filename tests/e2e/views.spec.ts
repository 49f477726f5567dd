/*
 * Each view in each scheme and in forced colours: no accessibility violation, no target too small to be hit, nothing wider
 * than the page, and a picture for people to look at in `test-results/views/`.
 */
import { fileURLToPath } from 'node:url'

import { expect, test } from './fixtures.js'
import { targetsBelow, views } from './views.js'

const pictures = fileURLToPath(new URL('../../test-results/views/', import.meta.url))

const MODES = {
  light: { colorScheme: 'light', forcedColors: 'none' },
  dark: { colorScheme: 'dark', forcedColors: 'none' },
  'forced colours': { colorScheme: 'light', forcedColors: 'active' },
  'forced colours, dark': { colorScheme: 'dark', forcedColors: 'active' },
} as const

for (const [name, open] of Object.entries(views)) {
  test(name, async ({ widget, demo, page, expectAccessible }) => {
    await open(widget, demo)
    expect(await targetsBelow(widget, 24)).toEqual([])
    for (const [mode, media] of Object.entries(MODES)) {
      // Without motion: a colour on its way from one scheme to the next is one that nobody is asked to read.
      await page.emulateMedia({ ...media, reducedMotion: 'reduce' })
      await expectAccessible(`${name}, ${mode}`)
      await page.screenshot({ path: `${pictures}${name}-${mode}.png` })
    }
  })
}

for (const width of [768, 360]) {
  for (const name of ['list', 'create', 'reveal']) {
    test(`${name} at ${width}`, async ({ widget, demo, page, expectAccessible }) => {
      await page.setViewportSize({ width, height: 780 })
      await views[name]?.(widget, demo)
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow, 'the page scrolls sideways').toBeLessThanOrEqual(0)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await expectAccessible(`${name} at ${width}, ${colorScheme}`)
        await page.screenshot({ path: `${pictures}${name}-${width}-${colorScheme}.png`, fullPage: name === 'list' })
      }
    })
  }
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
