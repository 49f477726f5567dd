// Frames while a long list is scrolled to its end.

/** The most that a frame may take, in milliseconds. */
const AIM = 50

/** Scrolls with the wheel, first row by row and then as fast as the list is read, until its last row is in the page; `speed` says how the browser goes. */
export async function measureScrolling(page, speed) {
  await page.evaluate(() => {
    window.intervals = []
    let last = performance.now()
    const frame = (now) => {
      window.intervals.push(now - last)
      last = now
      window.scrolling = requestAnimationFrame(frame)
    }
    window.scrolling = requestAnimationFrame(frame)
  })
  const table = page.locator('oneloop-keys').getByRole('table')
  const rows = Number(await table.getAttribute('aria-rowcount'))
  await page.locator('oneloop-keys').getByRole('row').nth(3).hover()
  let most = { elements: 0, nodes: 0 }
  for (let turn = 0; turn < 600; turn += 1) {
    await page.mouse.wheel(0, turn < 40 ? 900 : 20_000)
    await page.waitForTimeout(30)
    if (turn % 10 > 0) continue
    const { elements, nodes, isAtEnd } = await page.evaluate(counted, rows)
    most = { elements: Math.max(most.elements, elements), nodes: Math.max(most.nodes, nodes) }
    if (isAtEnd) break
    if (turn === 599) throw new Error('600 turns of the wheel did not get to the end of the list')
  }
  const intervals = await page.evaluate(() => {
    cancelAnimationFrame(window.scrolling)
    return window.intervals.slice(2)
  })
  const sorted = intervals.toSorted((a, b) => a - b)
  const late = sorted.filter((interval) => interval > AIM)
  return [
    `${sorted.length} frames while scrolling through ${rows - 1} keys, ${speed}: median ${sorted[sorted.length >> 1].toFixed(0)} ms, ` +
      `99 of 100 within ${sorted[Math.floor(sorted.length * 0.99)].toFixed(0)} ms, ${late.length} over ${AIM} ms`,
    `ratio longest frame while scrolling, ${speed}: ${(sorted.at(-1) / AIM).toFixed(2)} of ${AIM} ms (aim: 1 at most)`,
    `elements of the widget at most, ${speed}: ${most.elements}; with texts and comments ${most.nodes}`,
    `ratio elements of the widget, ${speed}: ${(most.elements / 1500).toFixed(2)} of 1500 (aim: below 1)`,
  ]
}

/** What is in the widget, and whether the last row is. Runs in the page. */
function counted(rows) {
  const root = document.querySelector('oneloop-keys').shadowRoot
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL)
  let nodes = 0
  while (walker.nextNode()) nodes += 1
  const isAtEnd = root.querySelector(`[aria-rowindex="${rows}"]`) !== null
  return { elements: root.querySelectorAll('*').length, nodes, isAtEnd }
}
