// How fast the widget is in a browser, beside the published React one: `cargo xtask bench widget`.
//
// Chromium with its CPU slowed down four times, one real server with 100 and with 10,000 keys, both widgets by turns in
// one run. Prints numbers, and a line that begins with `ratio` for each that has an aim. Needs a release
// `dist/`, an `oneloop` binary, and the published widget: `npm ci --prefix tests/react`. With names of parts (`start`,
// `typing`, `scrolling`, `heap`) only those.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { chromium } from '@playwright/test'

import { makeHome } from '../tests/fixtures/server.mjs'
import { measureHeap } from './bench-widget/heap.mjs'
import { fillServer } from './bench-widget/keys.mjs'
import { measureScrolling } from './bench-widget/scrolling.mjs'
import { measureScopes, measureSearch } from './bench-widget/typing.mjs'

const SLOWDOWN = 4
const SIZES = [100, 10_000]
/** How often, by turns. */
const ROUNDS = { 100: 5, 10_000: 3 }
/** How long a widget is waited for, in milliseconds: of one that takes longer it is said that it does, and it is not asked again. */
const LIMIT = 120_000

if (!readFileSync(new URL('../dist/.stamp', import.meta.url), 'utf8').startsWith('release ')) {
  throw new Error('dist/ holds no release build: run `cargo xtask package`')
}

const PARTS = ['start', 'typing', 'scrolling', 'heap']
const asked = process.argv.slice(2)
const unknown = asked.find((part) => !PARTS.includes(part))
if (unknown !== undefined) throw new Error(`there is no part "${unknown}": ${PARTS.join(', ')}`)
const isAsked = (part) => asked.length === 0 || asked.includes(part)

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const line = (text) => process.stdout.write(`${text}\n`)

/** Two pages: the React widget in a bundle of its own, and the element as a page would embed it. */
async function servePages(server) {
  const { outputFiles } = await build({
    entryPoints: ['tests/react/page.jsx'],
    bundle: true,
    minify: true,
    write: false,
    jsx: 'automatic',
    outdir: 'out',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  const files = new Map(outputFiles.map(({ path, text }) => [path.split('/').at(-1), text]))
  files.set('react', '<!doctype html><link rel="stylesheet" href="page.css"><div id="root"></div><script src="page.js"></script>')
  const ours = `
    const keys = document.createElement('oneloop-keys')
    keys.setAttribute('base-url', window.oneloop.server)
    keys.getToken = async () => window.oneloop.token
    document.body.append(keys)`
  const page = () =>
    `<!doctype html><body><script type="module" src="${server()}/widget/oneloop-keys.js"></script><script type="module">${ours}</script>`
  const web = createServer((request, response) => {
    const name = request.url.slice(1)
    const type = name.endsWith('.js') ? 'text/javascript' : name.endsWith('.css') ? 'text/css' : 'text/html'
    const text = name === 'oneloop' ? page() : files.get(name)
    response.writeHead(text === undefined ? 404 : 200, { 'Content-Type': `${type}; charset=utf-8` }).end(text)
  })
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${web.address().port}`, close: () => web.close() }
}

/** Keeps the memory of the wasm that a page loads. Runs in the page. */
function keepMemory() {
  const { instantiateStreaming } = WebAssembly
  WebAssembly.instantiateStreaming = async (...given) => {
    const made = await instantiateStreaming.apply(WebAssembly, given)
    window.wasmMemory = Object.values(made.instance.exports).find((it) => it instanceof WebAssembly.Memory)
    return made
  }
}

/**
 * Milliseconds from the navigation until the newest key's name is in the page, drawn, and the page answers again.
 * Runs in the page, from its first script on.
 */
function watch({ name }) {
  const holds = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot && holds(element.shadowRoot)) return true
    }
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) if (walker.currentNode.data.includes(name)) return true
    return false
  }
  window.interactive = new Promise((resolve) => {
    const look = () => {
      if (!document.body || !holds(document)) return requestAnimationFrame(look)
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))
    }
    look()
  })
}

/**
 * Opens a page in a browser of its own; `time` is undefined if nothing was there within `LIMIT`. `close` ends the process: a
 * page that is busy for minutes answers no request to close, and neither does a browser that waits for it.
 */
async function open(url, { server, token, newest }) {
  const launched = await chromium.launchServer({
    executablePath: process.env.CHROME_BIN ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info', '--js-flags=--expose-gc'],
  })
  const browser = await chromium.connect(launched.wsEndpoint())
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN })
  await page.addInitScript((oneloop) => Object.assign(window, { oneloop }), { server, token })
  await page.addInitScript(keepMemory)
  await page.addInitScript(watch, { name: newest })
  await page.goto(url, { waitUntil: 'commit' })
  // Waited for out here: such a page has no time to look at a clock either.
  const time = await Promise.race([page.evaluate(() => window.interactive), sleep(LIMIT, undefined, { ref: false })])
  return { page, cdp, time, close: () => launched.kill() }
}

/** Both widgets by turns until their list is there, and how they compare. */
async function measureStart(size, origin, at) {
  const times = { react: [], oneloop: [] }
  const late = new Set()
  for (let round = 0; round < ROUNDS[size]; round += 1) {
    for (const [which, taken] of Object.entries(times)) {
      if (late.has(which)) continue
      const { time, close } = await open(`${origin}/${which}`, at)
      await close()
      if (time === undefined) late.add(which)
      taken.push(time ?? LIMIT)
    }
  }
  const said = (which) => `${late.has(which) ? 'more than ' : ''}${median(times[which]).toFixed(0)} ms`
  const ratio = median(times.oneloop) / median(times.react)
  line(`${size} keys: React ${said('react')}, oneloop-keys ${said('oneloop')} until interactive`)
  line(`ratio ${size} keys until interactive: ${late.has('react') ? 'less than ' : ''}${ratio.toFixed(3)} (aim: 0.5 at most)`)
}

const home = await makeHome()
const shown = await servePages(() => started.url)
const started = await home.serve('--demo', '--allowed-origins', shown.origin)
const opened = []
const show = async (...given) => {
  const page = await open(...given)
  opened.push(page)
  return page
}
try {
  const filled = await fillServer(started, SIZES)
  const at = (size) => ({ server: started.url, ...filled[size] })
  const [few, many] = SIZES
  if (isAsked('start')) for (const size of SIZES) await measureStart(size, shown.origin, at(size))

  const count = many.toLocaleString('en')
  const report = (lines) => lines.forEach(line)
  for (const rate of isAsked('typing') || isAsked('scrolling') ? [SLOWDOWN, 1] : []) {
    const speed = rate === 1 ? 'not slowed down' : `${rate} times slower`
    const { page, cdp } = await show(`${shown.origin}/oneloop`, at(many))
    await cdp.send('Emulation.setCPUThrottlingRate', { rate })
    if (isAsked('typing')) {
      report(await measureSearch(page, `100 of ${count} keys read, ${speed}`))
      report(await measureScopes(page, speed))
    }
    // Reads all keys, too.
    report(await measureScrolling(page, speed))
    if (isAsked('typing')) report(await measureSearch(page, `all ${count} keys read, ${speed}`))
  }
  if (isAsked('heap')) {
    const { page, cdp } = await show(`${shown.origin}/oneloop`, at(few))
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    report(await measureHeap(page, cdp))
  }
} finally {
  for (const { close } of opened) await close()
  shown.close()
  await started.stop()
  await home.remove()
}
