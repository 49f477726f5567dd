/*
 * What a page may rely on inside the shadow root: the parts of docs/embedding.md, each where the table there says and none
 * besides, and the slots.
 */
import { readFileSync } from 'node:fs'
import type { Locator, Page } from '@playwright/test'

import { addScopes, expect, test, type Demo } from './fixtures.js'
import { openHostPage } from './host-page.js'
import { views } from './views.js'
import { Widget } from './widget.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

const quoted = (text: string) => [...text.matchAll(/`([a-z_-]+)`/g)].map(([, name = '']) => name)

/** The rows of the table in the docs: `row in body`, or `button in anywhere`. */
function documented(): string[] {
  const [, section = ''] = read('docs/embedding.md').split('### Parts')
  const lines = [...section.matchAll(/^\| (`.+?) \| (.+?) \|/gm)]
  return lines.flatMap(([, parts = '', places = '']) => {
    const where = quoted(places).length > 0 ? quoted(places) : [places]
    return quoted(parts).flatMap((part) => where.map((place) => `${part} in ${place}`))
  })
}

/** Every part that is there now, with the nearest part around it. */
function standing(widget: Widget): Promise<string[]> {
  return widget.root.evaluate((element) => {
    const parted = [...(element.shadowRoot?.querySelectorAll('[part]') ?? [])]
    return parted.flatMap((it) => {
      const around = it.parentElement?.closest('[part]')?.getAttribute('part') ?? '–'
      return (it.getAttribute('part') ?? '').split(' ').map((part) => `${part} in ${around}`)
    })
  })
}

/** What is not among the demonstration's own views, and the way to each. */
const more: Record<string, (widget: Widget, demo: Demo, page: Page) => Promise<void>> = {
  'failed switch': async (widget, _, page) => {
    await page.route('**/api-key/ak_*', (route) => route.fulfill({ status: 503, json: {} }))
    await widget.act('ci-deploy', 'Disable')
    await expect(widget.root.locator('[part="notice"]').first()).toBeVisible()
  },
  'a date of one’s own': async (widget) => {
    const form = await widget.fill({ name: 'until then', expires: 'Date…' })
    await expect(form.getByLabel('Expiry date', { exact: true })).toBeVisible()
  },
  'many permissions': async (widget, demo, page) => {
    await addScopes(demo, Array.from({ length: 10 }, (_, at) => `Scope ${at}`))
    await page.reload()
    await widget.loaded()
    const form = await widget.fill({ name: 'of many' })
    await expect(form.getByRole('searchbox')).toBeVisible()
  },
  loading: async (widget, _, page) => {
    await page.route(/\/api-key\?/, () => {})
    await page.reload()
    await expect(widget.root.getByText('Loading API keys').first()).toBeAttached()
  },
  error: async (widget, _, page) => {
    await page.route(/\/api-key\?/, (route) => route.fulfill({ status: 503, json: {} }))
    await page.reload()
    await expect(widget.root.getByText('Your keys could not be loaded')).toBeVisible()
  },
}

test('every part that the docs name is where they say, and there is no other', async ({ widget, demo, page }) => {
  test.slow()
  const seen = new Set<string>()
  for (const open of [...Object.values(views), ...Object.values(more)]) {
    await open(widget, demo, page)
    for (const part of await standing(widget)) seen.add(part)
    await page.unrouteAll()
    await page.reload()
    await widget.loaded()
  }

  const known = documented()
  const anywhere = known.filter((it) => it.endsWith(' in anywhere'))
  const isAnywhere = (part: string) => anywhere.includes(part.replace(/ in .*/, ' in anywhere'))
  expect([...seen].filter((part) => !known.includes(part) && !isAnywhere(part)).sort(), 'parts that the docs do not know').toEqual([])
  const isSeen = (part: string) => seen.has(part) || [...seen].some((it) => it.replace(/ in .*/, ' in anywhere') === part)
  expect(known.filter((part) => !isSeen(part)).sort(), 'documented parts that no view has').toEqual([])
})

test('the class of the element names the same parts', () => {
  const comment = read('www/widget/element.ts').split('@csspart').slice(1).join('`').split('@cssproperty')[0] ?? ''
  const named = [...comment.matchAll(/` ([a-z-]+) -|`([a-z_-]+)`/g)].map(([, first, other]) => first ?? other)
  const inDocs = documented().map((it) => it.replace(/ in .*/, ''))
  expect([...new Set(['root', ...named])].sort()).toEqual([...new Set(inDocs)].sort())
})

/** Where something stands in the window. */
async function place(of: Locator): Promise<{ top: number; bottom: number; left: number; right: number }> {
  await expect(of).toBeVisible()
  const box = await of.boundingBox()
  if (!box) throw new Error(`${of} is nowhere`)
  return { top: box.y, bottom: box.y + box.height, left: box.x, right: box.x + box.width }
}

test('what a page puts into the slots stands where the docs say', async ({ page, demo }) => {
  const { apiKeys } = await demo.oneloop.getApiKeys(demo.workspaceId)
  const key = apiKeys.find(({ name }: { name: string }) => name === 'grafana')
  const light = `<a slot="header" href="/docs">How to authenticate</a><p slot="footer">Ask security@acme.example</p>
    <button slot="row-actions:${key.id}">Dashboard</button><p slot="empty">Or import some.</p>`
  const widget = await openHostPage(page, demo, { body: `<main class="host"><oneloop-keys id="keys">${light}</oneloop-keys></main>` })
  await widget.loaded()
  const part = (name: string) => widget.root.locator(`[part~="${name}"]`).first()

  const [link, intro, header] = [await place(page.getByRole('link', { name: 'How to authenticate' })), await place(part('intro')), await place(part('header'))]
  expect(link.top).toBeGreaterThanOrEqual(intro.bottom)
  expect(link.bottom).toBeLessThanOrEqual(header.bottom)

  const [own, row, menu] = [
    await place(page.getByRole('button', { name: 'Dashboard' })),
    await place(widget.row('grafana')),
    await place(widget.root.getByRole('button', { name: 'Actions for grafana', exact: true })),
  ]
  expect(own.top >= row.top && own.bottom <= row.bottom).toBe(true)
  expect(own.right).toBeLessThanOrEqual(menu.left)

  const [footer, list] = [await place(page.getByText('Ask security@acme.example')), await place(part('foot'))]
  expect(footer.top).toBeGreaterThanOrEqual(list.bottom)
  await expect(page.getByText('Or import some.')).toBeHidden()

  for (const { id } of apiKeys) await demo.oneloop.deleteApiKey(demo.workspaceId, id)
  await page.reload()
  await expect(widget.root.getByText('No API keys yet', { exact: true })).toBeVisible()
  const [empty, button, placeholder] = [await place(page.getByText('Or import some.')), await place(widget.createButton), await place(part('placeholder'))]
  expect(empty.top).toBeGreaterThanOrEqual(button.bottom)
  expect(empty.bottom).toBeLessThanOrEqual(placeholder.bottom)
})
