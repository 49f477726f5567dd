/* Without a mouse: every step is reached by Tab and arrows, and pressed with Enter or Space. */
import { expect, test } from './fixtures.js'
import type { Locator, Page } from '@playwright/test'

/** Tabs until `target` has the focus; fails if it cannot be reached. */
async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await isFocused(target)) return
    await page.keyboard.press(key)
  }
  throw new Error(`${target} was not reached by ${key}`)
}

async function isFocused(target: Locator): Promise<boolean> {
  return (await target.count()) === 1 && target.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element)
}

test('create, copy, rotate, delete', async ({ widget, page, context, demo }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: demo.url })
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
  const press = async (target: Locator) => {
    await tabTo(page, target)
    await page.keyboard.press('Enter')
  }

  // Create.
  await press(widget.createButton)
  const form = widget.dialog('Create API key')
  const name = form.getByLabel('Name', { exact: true })
  await expect(name).toBeFocused()
  await page.keyboard.type('by hand')
  const deployments = widget.access(form, 'Deployments')
  await tabTo(page, deployments.getByRole('radio', { name: 'None', exact: true }))
  await page.keyboard.press('ArrowRight')
  await expect(deployments.getByRole('radio', { name: 'Read', exact: true })).toBeChecked()
  await press(form.getByRole('button', { name: 'Create key', exact: true }))

  // Copy.
  const reveal = widget.dialog('Your new key')
  await expect(reveal).toBeVisible()
  await press(reveal.getByRole('button', { name: 'Copy key', exact: true }))
  await expect(reveal.getByText('Copied', { exact: true }).first()).toBeVisible()
  const secret = await clipboard()
  expect(await demo.verdict(secret)).toBe('VALID')
  await press(reveal.getByRole('button', { name: 'Done', exact: true }))
  await expect(reveal).toBeHidden()
  await expect(widget.createButton).toBeFocused()

  // Rotate, by the row's menu.
  const actions = widget.root.getByRole('button', { name: 'Actions for by hand', exact: true })
  await press(actions)
  const item = (name: string) => widget.root.getByRole('menuitem', { name, exact: true })
  await expect(item('Edit…')).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(item('Rotate…')).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(actions).toBeFocused()
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  const rotate = widget.dialog('Rotate key')
  await expect(rotate).toBeVisible()
  await tabTo(page, rotate.getByRole('radio', { name: 'In 24 hours', exact: true }))
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowUp')
  await expect(rotate.getByRole('radio', { name: 'Now', exact: true })).toBeChecked()
  await press(rotate.getByRole('button', { name: 'Rotate key', exact: true }))
  const renewed = widget.dialog('The new secret')
  await expect(renewed).toBeVisible()
  await press(renewed.getByRole('button', { name: 'Copy key', exact: true }))
  await expect(renewed.getByText('Copied', { exact: true }).first()).toBeVisible()
  const rotated = await clipboard()
  expect(await demo.verdict(secret)).toBe('INVALID')
  await press(renewed.getByRole('button', { name: 'Done', exact: true }))
  await expect(renewed).toBeHidden()

  // Delete: the last item of the menu, reached with End.
  await expect(actions).toBeFocused()
  await page.keyboard.press('Enter')
  await page.keyboard.press('End')
  await expect(item('Delete…')).toBeFocused()
  await page.keyboard.press('Enter')
  const gone = widget.dialog('Delete key')
  await expect(gone).toBeVisible()
  const field = gone.getByRole('textbox')
  if (await field.isVisible()) {
    await tabTo(page, field)
    await page.keyboard.type('by hand')
  }
  await press(gone.getByRole('button', { name: 'Delete key', exact: true }))
  await expect(widget.row('by hand')).toHaveCount(0)
  expect(await demo.verdict(rotated)).toBe('DELETED')

  // The focus is somewhere a person can go on from, and not on a row that is gone.
  const focused = await page.evaluate(() => document.activeElement?.localName)
  expect(focused).toBe('oneloop-keys')
})

test('both secrets of a rotation, and the end of the old one', async ({ widget, page, demo }) => {
  const before = await widget.create({ name: 'by hand' })
  const after = await widget.rotate('by hand', 'In 24 hours')
  const actions = widget.root.getByRole('button', { name: 'Actions for by hand', exact: true })
  await tabTo(page, actions)
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await expect(widget.root.getByRole('menuitem', { name: 'End the old secret…', exact: true })).toBeFocused()
  await page.keyboard.press('Enter')
  const end = widget.dialog('End the old secret now')
  await expect(end.getByRole('button', { name: 'Cancel', exact: true })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(end).toBeHidden()
  await expect(actions).toBeFocused()
  expect(await demo.verdict(before)).toBe('VALID')

  await page.keyboard.press('ArrowUp')
  for (let items = 0; items < 3; items += 1) await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await tabTo(page, end.getByRole('button', { name: 'End the old secret now', exact: true }))
  await page.keyboard.press('Enter')
  await expect(end).toBeHidden()
  await expect(actions).toBeFocused()
  expect([await demo.verdict(before), await demo.verdict(after)]).toEqual(['INVALID', 'VALID'])
})

test('a dialog keeps the focus inside, and gives it back', async ({ widget, page }) => {
  await tabTo(page, widget.createButton)
  await page.keyboard.press('Enter')
  const form = widget.dialog('Create API key')
  await expect(form).toBeVisible()
  const inside = () =>
    page.evaluate(() => {
      const root = document.querySelector('oneloop-keys')?.shadowRoot
      return document.activeElement === document.body || Boolean(root?.activeElement?.closest('dialog'))
    })
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab')
    expect(await inside()).toBe(true)
  }
  await page.keyboard.press('Escape')
  await expect(form).toBeHidden()
  await expect(widget.createButton).toBeFocused()
})
