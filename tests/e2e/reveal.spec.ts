/* The one moment a secret is shown: it is neither lost nor left behind. */
import { readFile } from 'node:fs/promises'

import { expect, test } from './fixtures.js'
import { placesOf, recordEvents } from './secrets.js'
import { Widget } from './widget.js'

/** Creates a key and leaves its reveal open. */
async function openReveal(widget: Widget, name = 'revealed') {
  const form = await widget.fill({ name, access: { Metrics: 'Read' } })
  await form.getByRole('button', { name: 'Create key', exact: true }).click()
  const reveal = widget.dialog('Your new key')
  await expect(reveal).toBeVisible()
  const button = (name: string) => reveal.getByRole('button', { name, exact: true })
  return { reveal, button }
}

test('hidden at first, shown on request, hidden again', async ({ widget, page }) => {
  const { reveal, button } = await openReveal(widget)
  await expect(reveal).toContainText('This is the only time it is shown.')
  const secret = await widget.secretOf(reveal)
  expect(secret).toMatch(/^acme_[0-9A-Za-z]{49}$/)
  const shown = () => page.evaluate(() => document.body.innerText)
  await expect(button('Show')).toBeVisible()
  expect(await shown()).not.toContain(secret)
  const tree = await reveal.ariaSnapshot()
  expect(tree).not.toContain(secret)
  expect(tree).toContain(secret.slice(-4))
})

test('copied is said only when it is true, and then leaving is free', async ({ widget, page, context, demo }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: demo.url })
  const { reveal, button } = await openReveal(widget)
  await expect(reveal.getByText('Copied', { exact: true })).toHaveCount(0)
  await expect(button('Done')).toBeDisabled()
  await button('Copy key').click()
  await expect(reveal.getByText('Copied', { exact: true }).first()).toBeVisible()
  await expect(button('Done')).toBeEnabled()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await widget.secretOf(reveal))
})

for (const how of ['the browser refuses', 'there is no clipboard, as on plain HTTP']) {
  test(`when ${how}, it says so, stays open, and selects the key`, async ({ page, demo, widget }) => {
    await page.evaluate((refused) => {
      if (refused) navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'))
      else Object.defineProperty(navigator, 'clipboard', { value: undefined })
    }, how === 'the browser refuses')
    const { reveal, button } = await openReveal(widget)
    // The older way of copying is refused too.
    await page.evaluate(() => (document.execCommand = () => false))
    await button('Copy key').click()
    await expect(reveal).toContainText('The browser did not allow copying.')
    await expect(reveal.getByText('Copied', { exact: true })).toHaveCount(0)
    await expect(reveal).toBeVisible()
    await expect(button('Done')).toBeDisabled()

    const field = reveal.getByRole('textbox', { name: 'Secret', exact: true })
    await expect(field).toBeFocused()
    const selected = await field.evaluate((element) => {
      const { value, selectionStart, selectionEnd } = element as HTMLInputElement
      return value.slice(selectionStart ?? 0, selectionEnd ?? 0)
    })
    expect(selected).toMatch(/^acme_[0-9A-Za-z]{49}$/)
    expect(await demo.verdict(selected)).toBe('VALID')
  })
}

test('Escape asks before the only copy is thrown away', async ({ widget, page }) => {
  const { reveal } = await openReveal(widget)
  const secret = await widget.secretOf(reveal)
  const question = widget.root.getByText('Discard the only copy?', { exact: true })

  await page.keyboard.press('Escape')
  await expect(question).toBeVisible()
  await widget.root.getByRole('button', { name: 'Keep it open', exact: true }).click()
  await expect(question).toBeHidden()
  await expect(reveal).toBeVisible()
  expect(await widget.secretOf(reveal)).toBe(secret)

  // Again and again: a browser lets a second Escape close a dialog whose first one was stopped.
  for (let presses = 0; presses < 4; presses += 1) await page.keyboard.press('Escape')
  await expect(question.or(reveal).first()).toBeVisible()
  if (!(await question.isVisible())) await page.keyboard.press('Escape')
  await widget.root.getByRole('button', { name: 'Discard', exact: true }).click()
  await expect(reveal).toBeHidden()
  expect(await placesOf(page, secret)).toEqual([])
  await expect(widget.row('revealed')).toBeVisible()
})

test('once it is stored, Escape just leaves', async ({ widget, page }) => {
  const { reveal } = await openReveal(widget)
  await reveal.getByRole('checkbox', { name: 'I have stored it', exact: true }).check()
  await page.keyboard.press('Escape')
  await expect(reveal).toBeHidden()
})

test('lines that cannot be copied are shown as they are to be copied by hand, until the page is hidden', async ({ widget, page }) => {
  await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'))))
  const { reveal, button } = await openReveal(widget)
  const secret = await widget.secretOf(reveal)
  const lines = reveal.locator('[part~="snippet"]')
  await reveal.getByRole('radio', { name: '.env', exact: true }).check()
  await expect(lines).toContainText('•')
  await button('Copy lines').click()
  await expect(reveal).toContainText('The browser did not allow copying. Select the lines')
  await expect(lines).toContainText(secret)
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))
  await expect(lines).not.toContainText(secret)
  await expect(button('Done')).toBeDisabled()
})

test('a click beside it does not close it', async ({ widget, page }) => {
  const { reveal } = await openReveal(widget)
  await page.mouse.click(8, 300)
  await expect(reveal).toBeVisible()
})

test('the .env file has the key and nothing else', async ({ widget, page }) => {
  const { reveal, button } = await openReveal(widget)
  const secret = await widget.secretOf(reveal)
  const download = page.waitForEvent('download')
  await button('Download .env').click()
  const file = await download
  expect(file.suggestedFilename()).toMatch(/\.env$/)
  const text = await readFile((await file.path()) ?? '', 'utf8')
  expect(text.trim()).toMatch(new RegExp(`^[A-Z][A-Z0-9_]*="?${secret}"?$`))
  // No browser says whether it was saved: a frame may forbid it, and a person may give it up.
  await expect(button('Done')).toBeDisabled()
  await reveal.getByRole('checkbox', { name: 'I have stored it', exact: true }).check()
  await expect(button('Done')).toBeEnabled()
})

test('after Done no trace of the secret is left in the page', async ({ page, demo }) => {
  const events = await recordEvents(page)
  await page.goto(demo.url)
  const widget = new Widget(page, page.locator('oneloop-keys'))
  await widget.loaded()
  await openReveal(widget)
  const secret = await widget.takeSecret('Your new key')
  expect(await demo.verdict(secret)).toBe('VALID')
  expect(await placesOf(page, secret)).toEqual([])
  expect(JSON.stringify(await events())).not.toContain(secret)

  // The search itself finds one that is there.
  await page.evaluate((secret) => document.body.setAttribute('data-planted', secret), secret)
  expect(await placesOf(page, secret)).toEqual(['document <body data-planted>'])
})
