/* A list of ten thousand keys: a few dozen rows in the page, and everything within reach. */
import { expect, test, type Demo } from './fixtures.js'
import { Widget } from './widget.js'

const MANY = 10_000

/** Fills the list up to so many current keys, by the API, some at a time. */
async function fill(demo: Demo, count: number): Promise<void> {
  let at = 0
  const total = count - 6
  const worker = async () => {
    while (at < total) {
      const name = `key ${String((at += 1)).padStart(5, '0')}`
      const answer = await fetch(`${demo.url}/api/v1/api-key`, {
        method: 'POST',
        headers: { authorization: `Bearer ${demo.sdkKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name, workspaceId: demo.workspaceId, customerId: demo.customerId, enabled: true, scopes: [] }),
      })
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
      await answer.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: 64 }, worker))
}

test('ten thousand keys are read to the end with few nodes, and keep what a screen reader and the keyboard need', async ({ page, demo }) => {
  test.slow()
  await fill(demo, MANY)
  await page.addInitScript(() => {
    const { instantiateStreaming } = WebAssembly
    WebAssembly.instantiateStreaming = async (...given) => {
      const made = await instantiateStreaming.apply(WebAssembly, given)
      const memory = Object.values(made.instance.exports).find((it) => it instanceof WebAssembly.Memory)
      return Object.assign(window, { wasmMemory: memory }), made
    }
  })
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await widget.loaded()
  const table = widget.root.getByRole('table', { name: 'API keys' })
  await expect(table).toHaveAttribute('aria-rowcount', String(MANY + 1))
  await expect(widget.root.getByText('100 of 10,000 shown')).toBeVisible()

  // Tab from row to row moves the list on: the next row is always there.
  const menus = widget.root.getByRole('button', { name: /^Actions for / })
  await menus.first().focus()
  for (let rows = 0; rows < 30; rows += 1) for (let stop = 0; stop < 3; stop += 1) await page.keyboard.press('Tab')
  const focused = () =>
    widget.root.evaluate((element) => {
      const row = element.shadowRoot?.activeElement?.closest('[role="row"]')
      return Number(row?.getAttribute('aria-rowindex'))
    })
  expect(await focused()).toBe(32)

  // The focused row stays, with its place, while others come and go.
  const seen = await widget.root.evaluate(async (element) => {
    const root = element.shadowRoot as ShadowRoot
    const body = root.querySelector('[part~="body"]') as HTMLElement
    const active = root.activeElement
    let most = 0
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    for (let still = 0; still < 200; still += 1) {
      const before = body.scrollHeight
      body.scrollTop = body.scrollHeight
      await frame()
      await frame()
      most = Math.max(most, root.querySelectorAll('*').length)
      if (body.scrollHeight > before) still = 0
      if (root.querySelector('[aria-rowindex="10001"]')) break
    }
    return { most, kept: root.activeElement === active, rows: root.querySelectorAll('[part~="row"]').length }
  })
  expect(seen.kept).toBe(true)
  expect(seen.most).toBeLessThan(1_500)
  expect(seen.rows).toBeLessThan(40)
  expect(await focused()).toBe(32)
  // The oldest key of the demonstration is the last one; nothing is left to be read.
  await expect(widget.row('old laptop')).toBeVisible()
  await expect(widget.row('old laptop')).toHaveAttribute('aria-rowindex', String(MANY + 1))
  await expect(widget.root.getByText('of 10,000 shown')).toHaveCount(0)

  // Rows that come and go leave nothing in the wasm's memory: what Leptos knew of them filled two kilobytes a row.
  const grown = await widget.root.evaluate(async (element) => {
    const body = element.shadowRoot?.querySelector('[part~="body"]') as HTMLElement
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
    const scroll = async (times: number) => {
      for (let time = 0; time < times; time += 1) {
        body.scrollTop = time % 2 ? 0 : body.scrollHeight / 2
        for (let frames = 0; frames < 3; frames += 1) await frame()
      }
      return (window as unknown as { wasmMemory: WebAssembly.Memory }).wasmMemory.buffer.byteLength
    }
    const before = await scroll(10)
    return (await scroll(60)) - before
  })
  expect(grown).toBeLessThan(1_000_000)

  // In a list that was read to its end, a key is found as quickly as in a short one.
  await widget.search.fill('key 09990')
  await expect(widget.rows).toHaveCount(1)
  await expect(widget.row('key 09990')).toBeVisible()
})

test('behind a jump, rows are there while the list moves on slowly, and not only when it stops', async ({ page, demo }) => {
  await fill(demo, 90)
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await widget.loaded()
  const inSight = await widget.root.evaluate(async (element) => {
    const body = (element.shadowRoot as ShadowRoot).querySelector('[part~="body"]') as HTMLElement
    const frame = () => new Promise(requestAnimationFrame)
    const seen = () => {
      const { top, bottom } = body.getBoundingClientRect()
      const isSeen = (row: Element) => row.getBoundingClientRect().bottom > top && row.getBoundingClientRect().top < bottom
      return [...body.querySelectorAll('[part~="row"]')].filter(isSeen).length
    }
    body.scrollTop = body.scrollHeight / 2
    for (let moves = 0; moves < 30; moves += 1) {
      await frame()
      body.scrollTop += 10
    }
    return seen()
  })
  expect(inSight).toBeGreaterThan(5)
})
