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

  const widget = page.locator('oneloop-keys')
  const press = (within, name) => within.getByRole('button', { name, exact: true }).first().click()
  const createAndDelete = async (name) => {
    await press(widget, 'Create key')
    const dialog = widget.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill(name)
    await press(dialog, 'Create key')
    await dialog.getByRole('checkbox').check()
    await press(dialog, 'Done')
    await press(widget, `Actions for ${name}`)
    await widget.getByRole('menuitem', { name: 'Delete…', exact: true }).click()
    await press(widget.getByRole('alertdialog'), 'Delete key')
    await widget.getByRole('alertdialog').waitFor({ state: 'detached' })
  }
  for (let turn = 0; turn < 10; turn += 1) await createAndDelete(`warm ${turn}`)
  const first = await memory(page, cdp)
  for (let turn = 0; turn < REVEALS; turn += 1) await createAndDelete(`again ${turn}`)
  const last = await memory(page, cdp)
  return [
    ...compared('1,000 times create dialog opened and closed', before, after),
    ...compared(`${REVEALS} keys created, revealed and deleted`, first, last),
  ]
}
