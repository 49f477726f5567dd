// From a keystroke to the frame that shows what came of it, and frames while scrolling.

/** Presses keys one by one; answers with the milliseconds of each until the next frame was drawn. */
async function keystrokes(page, text) {
  await page.evaluate(() => {
    window.strokes = []
    const drawn = (start) => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => window.strokes.push(performance.now() - start)
      // The frame is drawn between the two.
      requestAnimationFrame(() => port2.postMessage(0))
    }
    addEventListener('keydown', (event) => drawn(event.timeStamp), { capture: true })
  })
  for (const key of text) {
    await page.keyboard.press(key)
    await page.waitForTimeout(300)
  }
  return page.evaluate(() => window.strokes)
}

const worst = (numbers) => Math.max(...numbers).toFixed(0)
const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)].toFixed(0)
const said = (what, numbers) => `${what}: median ${middle(numbers)} ms, longest ${worst(numbers)} ms (aim: below 50)`

/** Filters the list, and the scopes of the create dialog. */
export async function measureTyping(page) {
  const widget = page.locator('oneloop-keys')
  await widget.getByRole('searchbox').first().focus()
  const keys = await keystrokes(page, ['d', 'e', 'p', 'l', 'o', 'y', 'Backspace', 'Backspace', 'Backspace'])
  for (let left = 3; left > 0; left -= 1) await page.keyboard.press('Backspace')
  await widget.getByRole('button', { name: 'Create key' }).first().click()
  await widget.getByRole('dialog').getByRole('searchbox').focus()
  const scopes = await keystrokes(page, ['s', 'c', 'o', 'p', 'e', ' ', '1', '2', 'Backspace'])
  await page.keyboard.press('Escape')
  return [
    said('keystroke in the search of the list until it is drawn', keys),
    said('keystroke in the search of 256 scopes until it is drawn', scopes.slice(-9)),
  ]
}

/** Scrolls through the whole list with the wheel. */
export async function measureScrolling(page) {
  await page.evaluate(() => {
    window.frames_ = []
    let last = performance.now()
    const frame = (now) => {
      window.frames_.push(now - last)
      last = now
      window.scrolling = requestAnimationFrame(frame)
    }
    window.scrolling = requestAnimationFrame(frame)
  })
  const row = page.locator('oneloop-keys').getByRole('row').nth(3)
  await row.hover()
  for (let turn = 0; turn < 60; turn += 1) {
    await page.mouse.wheel(0, turn < 30 ? 900 : 20_000)
    await page.waitForTimeout(30)
  }
  const frames = await page.evaluate(() => {
    cancelAnimationFrame(window.scrolling)
    return window.frames_.slice(2)
  })
  return [`frames while scrolling: median ${middle(frames)} ms, longest ${worst(frames)} ms (aim: none over 50)`]
}
