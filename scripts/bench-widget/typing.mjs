// From a keystroke to the frame that shows what came of it.

/** Presses keys one by one; answers with the milliseconds of each until the next frame was drawn. */
async function keystrokes(page, text) {
  await page.evaluate(() => {
    window.strokes = []
    window.stroke?.abort()
    window.stroke = new AbortController()
    const drawn = (start) => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => window.strokes.push(performance.now() - start)
      // The frame is drawn between the two.
      requestAnimationFrame(() => port2.postMessage(0))
    }
    const { signal } = window.stroke
    addEventListener('keydown', (event) => drawn(event.timeStamp), { capture: true, signal })
  })
  for (const key of text) {
    await page.keyboard.press(key)
    await page.waitForTimeout(300)
  }
  return page.evaluate(() => window.strokes)
}

/** The most that a keystroke may take until it is drawn, in milliseconds. */
const AIM = 50

const worst = (numbers) => Math.max(...numbers)
const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

function compared(what, numbers) {
  return [
    `${what}: median ${middle(numbers).toFixed(0)} ms, longest ${worst(numbers).toFixed(0)} ms`,
    `ratio ${what}: ${(worst(numbers) / AIM).toFixed(2)} of ${AIM} ms for the longest (aim: below 1)`,
  ]
}

/** Filters the list; `state` says how far it was read, and how the browser goes. */
export async function measureSearch(page, state) {
  const search = page.locator('oneloop-keys').getByRole('searchbox').first()
  await search.focus()
  const strokes = await keystrokes(page, ['d', 'e', 'p', 'l', 'o', 'y', 'Backspace', 'Backspace', 'Backspace'])
  await search.fill('')
  await page.waitForTimeout(1000)
  return compared(`keystroke in the search of the list, ${state}, until it is drawn`, strokes)
}

/** Filters the scopes of the create dialog; `speed` says how the browser goes. */
export async function measureScopes(page, speed) {
  const widget = page.locator('oneloop-keys')
  await widget.getByRole('button', { name: 'Create key' }).first().click()
  await widget.getByRole('dialog').getByRole('searchbox').focus()
  const strokes = await keystrokes(page, ['s', 'c', 'o', 'p', 'e', ' ', '1', '2', 'Backspace', 'Backspace', 'Backspace'])
  await page.keyboard.press('Escape')
  return compared(`keystroke in the search of 256 scopes, ${speed}, until it is drawn`, strokes)
}
