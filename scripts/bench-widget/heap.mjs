// What stays in memory after dialogs were opened and closed many times.

/** How many keys are created and deleted again. */
const REVEALS = 50

/** JavaScript's heap after a full collection, and the wasm's memory, which never shrinks; in bytes. */
async function memory(page, cdp) {
  for (let round = 0; round < 3; round += 1) await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  const wasm = await page.evaluate(() => window.wasmMemory?.buffer.byteLength ?? 0)
  const { nodes, jsEventListeners } = await cdp.send('Memory.getDOMCounters')
  return { heap: usedSize, wasm, nodes, listeners: jsEventListeners }
}

const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`

function compared(what, before, after) {
  return [
    `${what}: heap ${kib(before.heap)} → ${kib(after.heap)}, wasm ${kib(before.wasm)} → ${kib(after.wasm)}, ` +
      `nodes ${before.nodes} → ${after.nodes}, listeners ${before.listeners} → ${after.listeners}`,
    `ratio ${what}: ${(after.heap / before.heap).toFixed(3)} of the heap, ` +
      `${(after.wasm / before.wasm).toFixed(3)} of the wasm's memory (aim: 1.05 at most)`,
  ]
}

/**
 * Creates keys through their reveal and deletes them again. Runs in the page as a whole: what Playwright keeps there of
 * every step that it takes would be counted as the widget's.
 */
async function createAndDelete({ times, called }) {
  const root = document.querySelector('oneloop-keys').shadowRoot
  const eventually = async (what, look) => {
    for (const end = Date.now() + 10_000; Date.now() < end; ) {
      const found = look()
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`10 s without ${what}`)
  }
  /** Waits for what matches the selector and has this label or text. */
  const find = (selector, name) => {
    const isIt = (it) => name === undefined || it.getAttribute('aria-label') === name || it.textContent === name
    return eventually(`${selector} called ${name}`, () => [...root.querySelectorAll(selector)].find(isIt))
  }
  const press = async (selector, name) => (await find(selector, name)).click()
  const closed = () => eventually('a closed dialog', () => !root.querySelector('dialog'))
  for (let turn = 0; turn < times; turn += 1) {
    const name = `${called} ${turn}`
    await press('.header button', 'Create key')
    const field = await find('dialog input[type="text"], dialog input:not([type])')
    field.value = name
    field.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }))
    await press('dialog button', 'Create key')
    await press('dialog input[type="checkbox"]')
    await press('dialog button', 'Done')
    await closed()
    await press('button', `Actions for ${name}`)
    await press('[role="menuitem"]', 'Delete…')
    await press('dialog[role="alertdialog"] button', 'Delete key')
    await closed()
  }
}

/** Opens and closes a dialog a thousand times, and creates keys through their reveal, which are then deleted. */
export async function measureHeap(page, cdp) {
  const cycle = (times) =>
    page.evaluate(async (times) => {
      const root = document.querySelector('oneloop-keys').shadowRoot
      const settled = () => new Promise((resolve) => setTimeout(resolve))
      for (let turn = 0; turn < times; turn += 1) {
        const create = [...root.querySelectorAll('button')].find((it) => it.textContent === 'Create key')
        create.click()
        await settled()
        await settled()
        root.querySelector('dialog .dialog-close').click()
        await settled()
        await settled()
        if (root.querySelector('dialog')) throw new Error('the dialog is still open')
      }
    }, times)
  await cycle(50)
  const before = await memory(page, cdp)
  await cycle(1000)
  const after = await memory(page, cdp)

  await page.evaluate(createAndDelete, { times: 10, called: 'warm' })
  const first = await memory(page, cdp)
  await page.evaluate(createAndDelete, { times: REVEALS, called: 'again' })
  const last = await memory(page, cdp)
  return [
    ...compared('1,000 times create dialog opened and closed', before, after),
    ...compared(`${REVEALS} keys created, revealed and deleted`, first, last),
  ]
}
