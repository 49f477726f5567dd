/* For everybody: narrow and zoomed pages, fingers, no motion, and what a screen reader is told. */
import { expect, test } from './fixtures.js'
import { targetsBelow, views } from './views.js'

// 320 px is what is left of 1280 at 400 % zoom.
for (const [name, open] of Object.entries(views)) {
  test(`${name} needs no sideways scrolling at 320 pixels`, async ({ widget, demo, page, expectAccessible }) => {
    await page.setViewportSize({ width: 320, height: 640 })
    await open(widget, demo)
    const overflow = await widget.root.evaluate((element) => {
      const boxes = [...(element.shadowRoot?.querySelectorAll<HTMLElement>('.root, dialog[open], dialog[open] *') ?? [])]
      const wide = boxes.filter((box) => box.getBoundingClientRect().right > innerWidth + 1 && !box.closest('.hidden'))
      return wide.map(({ className, localName }) => `${localName}.${className}`)
    })
    expect(overflow).toEqual([])
    await expectAccessible(`${name} at 320`)
  })
}

// And 256 px of 1,024, where head and foot of a dialog would leave nothing between them.
test('at 400 % a dialog scrolls as a whole, and what it is about is readable', async ({ widget, page }) => {
  await page.setViewportSize({ width: 320, height: 256 })
  const form = await widget.fill({ name: 'zoomed' })
  const send = form.getByRole('button', { name: 'Create key', exact: true })
  await send.scrollIntoViewIfNeeded()
  await send.click()
  const reveal = widget.dialog('Your new key')
  const secret = reveal.locator('[part~="secret"]')
  await secret.scrollIntoViewIfNeeded()
  await expect(secret).toBeInViewport({ ratio: 1 })
  await page.keyboard.press('Escape')
  await expect(reveal.getByRole('button', { name: 'Keep it open', exact: true })).toBeInViewport({ ratio: 1 })
})

test.describe('targets for fingers', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 800 } })
  for (const [name, open] of Object.entries(views)) {
    test(name, async ({ widget, demo }) => {
      await open(widget, demo)
      expect(await targetsBelow(widget, 44)).toEqual([])
    })
  }
})

test.describe('with reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } })
  test('nothing moves', async ({ widget, page }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await widget.createButton.click()
    const moving = await widget.root.evaluate((element) => {
      const all = [...(element.shadowRoot?.querySelectorAll('*') ?? [])]
      return all.flatMap((one) => {
        const { animationName, transitionDuration } = getComputedStyle(one)
        const still = animationName === 'none' && transitionDuration.split(', ').every((time) => Number.parseFloat(time) === 0)
        return still ? [] : [one.className.toString()]
      })
    })
    expect(moving).toEqual([])
  })
})

test('what happens is announced, politely, and what failed assertively', async ({ widget, page }) => {
  const said = widget.root.locator('[part~="root"] > [role="status"]')
  await expect(said).toHaveText('6 API keys')
  await widget.act('grafana', 'Disable')
  await expect(said).toHaveText('grafana is disabled')
  await widget.act('grafana', 'Edit…')
  await widget.dialog('Edit key').getByLabel('Name', { exact: true }).fill('graph')
  await widget.dialog('Edit key').getByRole('button', { name: 'Save changes', exact: true }).click()
  await expect(said).toHaveText('graph is saved')
  await widget.create({ name: 'short-lived' })
  await widget.delete('short-lived')
  await expect(said).toHaveText('short-lived is deleted')
  await page.route('**/api-key/ak_*', (route) => route.fulfill({ status: 503, json: {} }))
  await widget.act('graph', 'Enable')
  await expect(widget.root.locator('[part~="root"] > [role="alert"]')).toContainText('graph: ')
})

test('a dialog gives the focus back to what opened it', async ({ widget, page }) => {
  const actions = widget.root.getByRole('button', { name: 'Actions for grafana', exact: true })
  for (const item of ['Edit…', 'Rotate…', 'Delete…'] as const) {
    await widget.act('grafana', item)
    await page.keyboard.press('Escape')
    await expect(actions).toBeFocused()
  }
})
