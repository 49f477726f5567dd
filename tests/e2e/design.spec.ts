/*
 * The pictures of docs/design.md, and the test that the widget still looks like them. Everything that could differ from
 * one run or machine to the next is held still: the font comes with the page, the time stands still, and the keys are
 * written down here. `--update-snapshots` takes them anew.
 */
import type { Page } from '@playwright/test'

import { expect, test, type Demo } from './fixtures.js'
import { openHostPage, type HostPage } from './host-page.js'
import type { Widget } from './widget.js'

const NOW = Date.UTC(2027, 1, 21, 12, 0)
const HOUR = 3_600_000
const DAY = 24 * HOUR

const bits = (representation: string, held: string) => ({
  representation,
  create: held.includes('c'),
  read: held.includes('r'),
  update: held.includes('u'),
  del: held.includes('d'),
})

const key = (at: number, name: string, tail: string, more: { expiresAt?: number; enabled?: boolean } & Record<string, unknown> = {}) => ({
  id: `ak_${String(at).padStart(32, '0')}`,
  name,
  maskedKey: `ol_****${tail}`,
  prefix: null,
  expiresAt: null as number | null,
  totalUsageLeft: null,
  limitUsage: false,
  scopes: [bits('deployments', 'crud')],
  enabled: true,
  customerId: 'northwind',
  deleted: false,
  createdAt: new Date(NOW - (at + 1) * 40 * DAY).toISOString(),
  updatedAt: new Date(NOW - at * DAY).toISOString(),
  lastUsedAt: null,
  billingId: null,
  ...more,
})

const used = (ago: number) => ({ lastUsedAt: new Date(NOW - ago).toISOString() })

const overlap = {
  previousKeyExpiresAt: NOW + 22 * HOUR + 60_000,
  previousMaskedKey: 'ol_****m8zq',
  previousLastUsedAt: new Date(NOW - 3 * HOUR).toISOString(),
}

const KEYS = [
  key(0, 'ci-deploy', '9f3a', { ...used(2 * 60_000), expiresAt: NOW + 3 * DAY + HOUR }),
  key(1, 'grafana', '1c07', { scopes: [bits('metrics', 'r'), bits('deployments', 'r'), bits('billing', 'r')] }),
  key(2, 'release bot', 'x41k', { ...used(5 * HOUR), ...overlap }),
  key(3, 'staging webhook', 'a0b1', { scopes: [bits('webhooks', 'cr')], enabled: false }),
  key(4, 'old laptop', '77ab', { ...used(44 * DAY), expiresAt: NOW - 12 * DAY }),
]

type Key = ReturnType<typeof key>

/** Whether a key is among those that a question for a state finds, as the server has it. */
function stands({ expiresAt, enabled }: Key, status: string | null): boolean {
  const left = (expiresAt ?? Infinity) - NOW
  if (status === 'expired') return enabled && left <= 0
  if (status === 'expiring') return enabled && left > 0 && left <= 7 * DAY
  return !enabled || left > 0
}

/** Names and prefixes that need more room than there is, beside usual ones. */
const LONG_NAMES = [
  key(0, 'production-eu-central-1-billing-reconciliation-worker', '9f3a', {
    maskedKey: 'acme_live_production_****9f3a',
    scopes: ['deployments', 'metrics', 'billing', 'webhooks'].map((scope) => bits(scope, 'cru')),
  }),
  key(1, 'مفتاح الإنتاج', '1c07', { maskedKey: 'acme_****1c07', expiresAt: NOW + 3 * DAY + HOUR }),
  key(2, 'release bot', 'x41k', { ...used(5 * HOUR), ...overlap }),
]

/** Ten thousand keys of every kind. */
const MANY = Array.from({ length: 10_000 }, (_, at) => {
  const one = KEYS[at % 4] as Key
  const tail = (at * 7_919).toString(36).padStart(4, '0').slice(-4)
  return { ...one, id: `ak_${String(at).padStart(32, '0')}`, name: `${one.name} ${10_000 - at}`, maskedKey: `ol_****${tail}` }
})

/** Thirty days of a key that is used on working days. */
const DAYS = Array.from({ length: 30 }, (_, at) => {
  const total = (at + 5) % 7 < 2 ? 0 : 400 + ((at * 137) % 900)
  return { day: new Date(NOW - (29 - at) * DAY).toISOString().slice(0, 10), total, statuses: { VALID: total } }
})

const ACTIVITY = [
  { at: new Date(NOW - 9 * DAY).toISOString(), action: 'api_key.rotated', actor: { kind: 'link_token' }, detail: { overlapSeconds: 86_400 } },
  { at: new Date(NOW - 30 * DAY).toISOString(), action: 'api_key.updated', actor: { kind: 'link_token' }, detail: { scopes: [] } },
  { at: new Date(NOW - 40 * DAY).toISOString(), action: 'api_key.created', actor: { kind: 'sdk_key' }, detail: { name: 'ci-deploy' } },
]

/** Answers for the list and for a new key, the same for ever. Everything else comes from the server. */
async function holdStill(page: Page, keys: readonly object[]): Promise<void> {
  await page.clock.setFixedTime(NOW)
  await page.route(/\/api\/v1\/workspace\/[^/]+\/api-key\?/, (route) => {
    const { searchParams } = new URL(route.request().url())
    const limit = Number(searchParams.get('limit'))
    const from = Number(searchParams.get('cursor') ?? 0)
    const shown = (keys as Key[]).filter((one) => stands(one, searchParams.get('status')))
    const next = from + limit < shown.length ? String(from + limit) : null
    return route.fulfill({ json: { apiKeys: shown.slice(from, from + limit), nextCursor: next, total: shown.length } })
  })
  await page.route('**/usage?*', (route) => route.fulfill({ json: { usage: { apiKeyId: 'ak_', days: DAYS, routes: [] } } }))
  await page.route('**/activity?*', (route) => route.fulfill({ json: { activity: ACTIVITY, nextCursor: null } }))
  await page.route('**/api/v1/api-key', (route) =>
    route.fulfill({ json: { apiKey: { ...key(9, 'ci-deploy 2', 'Qw3r'), key: `ol_${'7hK2mPq9Zx'.repeat(4)}abcdeQw3r` } } }),
  )
}

async function settled(widget: Widget): Promise<void> {
  await widget.page.evaluate(() => document.fonts.ready)
  await widget.page.mouse.move(0, 0)
}

interface Picture {
  readonly open?: (widget: Widget) => Promise<void>
  readonly keys?: readonly object[]
  readonly scheme?: 'light' | 'dark'
  readonly forced?: boolean
  readonly width?: number
  readonly height?: number
  readonly host?: HostPage
}

const create = async (widget: Widget) => {
  await widget.fill({ name: 'ci-deploy 2', access: { Deployments: ['Create', 'Read'], Metrics: 'Read' } })
}

/** Without the words of a language: the first button of its kind, by its part. */
const byPart = (widget: Widget, part: string) => widget.root.locator(`[part~="${part}"]`).first()

const PICTURES: Readonly<Record<string, Picture>> = {
  list: {},
  'list-dark': { scheme: 'dark' },
  'list-wide': { keys: MANY.slice(0, 12), width: 1280, height: 640 },
  'list-narrow': { width: 360, height: 560 },
  'list-rtl': { host: { lang: 'ar', dir: 'rtl' } },
  'list-german': { host: { lang: 'de' } },
  'list-forced': { forced: true },
  'list-long-names': { keys: LONG_NAMES, height: 420 },
  'list-long-names-narrow': { keys: LONG_NAMES, width: 320, height: 560 },
  'list-10000': { keys: MANY, height: 640 },
  'list-10000-narrow': { keys: MANY, width: 360, height: 720 },
  expired: { open: async (widget) => widget.root.getByRole('button', { name: '1 expired key', exact: true }).click(), height: 300 },
  picked: { open: (widget) => widget.pick('grafana', 'staging webhook') },
  details: {
    open: async (widget) => {
      const details = await widget.details('ci-deploy')
      await expect(details.getByText('Rotated', { exact: true })).toBeVisible()
    },
    height: 800,
  },
  'delete-several': {
    open: async (widget) => {
      await widget.pick('ci-deploy', 'grafana', 'staging webhook')
      await widget.root.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Delete…', exact: true }).click()
      await expect(widget.dialog('Delete keys')).toBeVisible()
    },
    height: 560,
  },
  empty: { keys: [], height: 340 },
  create: { open: create, height: 860 },
  'create-dark': { open: create, scheme: 'dark', height: 860 },
  'create-narrow': { open: create, width: 360, height: 760 },
  'create-rtl': { open: async (widget) => byPart(widget, 'button-primary').click(), host: { lang: 'ar', dir: 'rtl' }, height: 860 },
  reveal: {
    open: async (widget) => {
      await create(widget)
      await widget.dialog('Create API key').getByRole('button', { name: 'Create key', exact: true }).click()
      await expect(widget.dialog('Your new key')).toBeVisible()
    },
    height: 640,
  },
  edit: { open: (widget) => widget.act('grafana', 'Edit…'), height: 760 },
  'end-overlap': { open: (widget) => widget.act('release bot', 'End the old secret…') },
  'end-overlap-dark': { open: (widget) => widget.act('release bot', 'End the old secret…'), scheme: 'dark', width: 360, height: 640 },
  'end-overlap-rtl': {
    open: async (widget) => {
      await widget.root.getByRole('row').filter({ hasText: 'release bot' }).locator('[part~="row__menu"] button').click()
      await widget.root.getByRole('menuitem').nth(2).click()
      await expect(byPart(widget, 'facts')).toContainText('ol_****m8zq')
    },
    host: { lang: 'ar', dir: 'rtl' },
  },
  rotate: { open: (widget) => widget.act('grafana', 'Rotate…') },
  delete: { open: (widget) => widget.act('ci-deploy', 'Delete…') },
}

async function open(page: Page, demo: Demo, picture: Picture): Promise<Widget> {
  await holdStill(page, picture.keys ?? KEYS)
  await page.emulateMedia({ colorScheme: picture.scheme ?? 'light', reducedMotion: 'reduce', forcedColors: picture.forced ? 'active' : 'none' })
  await page.setViewportSize({ width: picture.width ?? 960, height: picture.height ?? 480 })
  const widget = await openHostPage(page, demo, picture.host)
  await expect(widget.root.locator('[part~="table"], [part~="placeholder"]').first()).toBeVisible()
  await settled(widget)
  return widget
}

test.use({ timezoneId: 'Europe/Berlin', locale: 'en-GB' })

for (const [name, picture] of Object.entries(PICTURES)) {
  test(name, async ({ page, demo, expectAccessible }) => {
    const widget = await open(page, demo, picture)
    await picture.open?.(widget)
    await settled(widget)
    // With the colours that the widget makes up by itself; the demonstration's page sets most of its own.
    await expectAccessible(name)
    await expect(page).toHaveScreenshot(`${name}.png`)
  })
}

test('loading', async ({ page, demo }) => {
  await page.clock.setFixedTime(NOW)
  await page.setViewportSize({ width: 960, height: 320 })
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.route(/\/api-key(\?.*)?$/, () => {})
  const widget = await openHostPage(page, demo)
  await expect(byPart(widget, 'skeleton')).toBeVisible()
  await settled(widget)
  await expect(page).toHaveScreenshot('loading.png')
})

test('error', async ({ page, demo }) => {
  await page.setViewportSize({ width: 960, height: 340 })
  await page.route(/\/api-key(\?.*)?$/, (route) => route.fulfill({ status: 503, json: {} }))
  const widget = await openHostPage(page, demo)
  await expect(byPart(widget, 'placeholder')).toBeVisible()
  await settled(widget)
  await expect(page).toHaveScreenshot('error.png')
})
