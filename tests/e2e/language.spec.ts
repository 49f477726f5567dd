/* The language of the page is the widget's: texts, numbers, dates and direction. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, test } from './fixtures.js'
import { openHostPage } from './host-page.js'

const place = (attributes: string) => `<div class="host"><oneloop-keys id="keys" ${attributes}></oneloop-keys></div>`

test('it speaks what the page says it speaks, and loads that catalogue alone', async ({ page, demo }) => {
  const loaded: string[] = []
  page.on('request', (request) => request.url().includes('/locales/') && loaded.push(request.url()))
  const { root } = await openHostPage(page, demo, { lang: 'de-AT' })
  await expect(root.getByRole('heading', { name: 'API-Schlüssel', exact: true })).toBeVisible()
  await expect(root.getByRole('button', { name: 'Schlüssel erstellen', exact: true })).toBeVisible()
  await expect(root.getByRole('row').filter({ hasText: 'terraform' })).toContainText(/Läuft in [23] Tagen ab/)
  await expect(root.locator('[part~="root"]').locator('..')).toHaveAttribute('lang', 'de')
  expect(loaded).toHaveLength(1)
  expect(loaded[0]).toMatch(/\/widget\/[0-9a-f]+\/locales\/de\.json$/)

  await root.getByRole('button', { name: 'Schlüssel erstellen', exact: true }).click()
  const form = root.getByRole('dialog', { name: 'API-Schlüssel erstellen', exact: true })
  await expect(form.getByRole('radio', { name: '1 Jahr', exact: true })).toBeVisible()
  await expect(form.getByText(/Gilt bis \d+\. \p{L}+ \d{4}/u)).toBeVisible()
})

test('its own lang counts more than the page’s, and may change', async ({ page, demo }) => {
  const { root } = await openHostPage(page, demo, { lang: 'fr', body: place('lang="de"') })
  await expect(root.getByRole('heading', { name: 'API-Schlüssel', exact: true })).toBeVisible()
  await root.evaluate((element) => element.setAttribute('lang', 'en'))
  await expect(root.getByRole('heading', { name: 'API keys', exact: true })).toBeVisible()
})

for (const [what, lang] of [['a language we do not have', 'mi'], ['no language', '']] as const) {
  test(`on a page in ${what} it speaks English, and says so to screen readers`, async ({ page, demo }) => {
    const { root } = await openHostPage(page, demo, { lang })
    await expect(root.getByRole('heading', { name: 'API keys', exact: true })).toBeVisible()
    await expect(root.locator('[part~="root"]').locator('..')).toHaveAttribute('lang', 'en')
  })
}

test('a catalogue that cannot be fetched costs the language, not the widget', async ({ page, demo }) => {
  await page.route('**/locales/*.json', (route) => route.fulfill({ status: 500 }))
  const widget = await openHostPage(page, demo, { lang: 'de' })
  await widget.loaded()
})

test('the failure to load is said in the language of the page too', async ({ page, demo, complaints }) => {
  await page.route('**/*.wasm', (route) => route.abort())
  const { root } = await openHostPage(page, demo, { lang: 'de' })
  await expect(root.getByRole('alert')).toContainText('API-Schlüssel konnten nicht geladen werden.')
  await expect(root.getByRole('button', { name: 'Neu laden' }).or(root.getByRole('button', { name: 'Erneut versuchen' }))).toBeVisible()
  complaints.length = 0
})

const folder = fileURLToPath(new URL('../../www/widget/locales/', import.meta.url))

test('every catalogue is loaded, read and shown, in the direction of its script', async ({ page, demo }) => {
  test.slow()
  const languages = readdirSync(folder).map((name) => name.replace('.json', ''))
  expect(languages).toHaveLength(20)
  for (const lang of languages) {
    const texts = JSON.parse(readFileSync(`${folder}${lang}.json`, 'utf8')) as Record<string, string>
    const { root } = await openHostPage(page, demo, { lang })
    await expect(root.getByRole('heading', { name: texts['list.title'] ?? '', exact: true }), lang).toBeVisible()
    await expect(root.getByText(texts['list.status_disabled'] ?? '', { exact: true }).first(), lang).toBeVisible()
    const direction = await root.locator('[part~="root"]').evaluate((element) => getComputedStyle(element).direction)
    expect(direction, lang).toBe(['ar', 'he'].includes(lang) ? 'rtl' : 'ltr')
    await page.unrouteAll()
  }
})
