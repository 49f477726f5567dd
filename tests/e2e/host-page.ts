/*
 * A page of somebody else's around the widget: its own styles, its own policy, its own words. Served in place of a path
 * of the server under test, so that the widget and its server are the real ones.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'

import type { Demo } from './fixtures.js'
import { Widget } from './widget.js'

const PATH = '/host-page/'

/** What differs from one host to the next. */
export interface HostPage {
  /** Style sheets of the page, in their order, before the page's own. */
  readonly styles?: readonly string[]
  /** What stands in `<body>`; the widget has the id `keys`. */
  readonly body?: string
  /** `lang` and `dir` of the document. */
  readonly lang?: string
  readonly dir?: 'ltr' | 'rtl'
  /** The Content-Security-Policy; strict by default. */
  readonly policy?: string
  /** A script that runs before the widget's module, as a module of its own. */
  readonly before?: string
  /** What the link token is minted with, besides workspace and customer; the demonstration's own session when absent. */
  readonly token?: Readonly<Record<string, unknown>>
  /** Attributes of the element. */
  readonly attributes?: string
}

/** What issue and docs promise to be enough. */
export const STRICT =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; font-src 'self'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'"

const file = (path: string) => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url))

/** The text of a style sheet among the packages. */
export const sheet = (path: string) => readFileSync(file(path), 'utf8')

/** One font for every machine, so that pictures can be compared. */
const FONTS: Readonly<Record<string, string>> = {
  'inter.woff2': file('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'),
  'arabic.woff2': file('@fontsource-variable/noto-sans-arabic/files/noto-sans-arabic-arabic-wght-normal.woff2'),
}

const OWN_STYLE = `
@font-face { font-family: Pinned; src: url(inter.woff2); font-weight: 100 900; }
@font-face { font-family: Pinned Arabic; src: url(arabic.woff2); font-weight: 100 900; }
html { color-scheme: light dark; background: light-dark(#fff, #16181d); }
body { margin: 0; }
.host {
  display: block; box-sizing: border-box; padding: 24px; max-width: 1080px; margin: 0 auto;
  font: 400 14px/20px Pinned, "Pinned Arabic", sans-serif; color: light-dark(#1b1d23, #e9eaee);
}
.away { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
oneloop-keys { --oneloop-font-mono: Pinned; --oneloop-color-primary: light-dark(#3d4fd0, #98a5ff); }
`

const SCRIPT = `
for (const keys of document.querySelectorAll('oneloop-keys')) {
  keys.getToken ??= async () => (await fetch('/demo/session', { method: 'POST' })).json()
}
await import('/widget/oneloop-keys.js')
`

/** A script that gives the widget a token of its own kind. */
async function ownToken(demo: Demo, token: HostPage['token']): Promise<string> {
  if (!token) return ''
  const answer = await fetch(`${demo.url}/api/v1/link-token`, {
    method: 'POST',
    headers: { authorization: `Bearer ${demo.sdkKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ workspaceId: demo.workspaceId, customerId: demo.customerId, ...token }),
  })
  if (!answer.ok) throw new Error(`no link token: ${answer.status} ${await answer.text()}`)
  const minted = JSON.stringify(await answer.json())
  return `document.querySelector('oneloop-keys').getToken = async () => (${minted})\n`
}

/** Opens such a page; the widget on it may still be loading. */
export async function openHostPage(page: Page, demo: Demo, host: HostPage = {}): Promise<Widget> {
  const element = `<oneloop-keys id="keys" ${host.attributes ?? ''}></oneloop-keys>`
  const { styles = [], body = `<main class="host"><h1 class="away">Settings</h1>${element}</main>`, policy = STRICT } = host
  const before = (host.before ?? '') + (await ownToken(demo, host.token))
  const sheets = [...styles, OWN_STYLE]
  const links = sheets.map((_, at) => `<link rel="stylesheet" href="${at}.css" />`).join('')
  const html = `<!doctype html><html lang="${host.lang ?? 'en'}" dir="${host.dir ?? 'ltr'}"><head><meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" /><title>A host</title>${links}
    <script type="module" src="page.js"></script></head><body>${body}</body></html>`
  await page.route(`**${PATH}**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(PATH.length)
    const font = FONTS[name]
    if (font) return route.fulfill({ path: font, contentType: 'font/woff2' })
    if (name.endsWith('.css')) return route.fulfill({ body: sheets[Number.parseInt(name)] ?? '', contentType: 'text/css' })
    if (name === 'page.js') return route.fulfill({ body: before + SCRIPT, contentType: 'text/javascript' })
    return route.fulfill({ body: html, contentType: 'text/html', headers: { 'content-security-policy': policy } })
  })
  await page.goto(demo.url + PATH)
  return new Widget(page, page.locator('oneloop-keys#keys'))
}
