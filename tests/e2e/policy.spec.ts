/* Content Security Policy and Trusted Types: a whole run under the strictest, and words where WebAssembly is blocked. */
import { expect, test } from './fixtures.js'
import { openHostPage, STRICT } from './host-page.js'

test('a whole run breaks no rule of the strictest policy', async ({ page, demo, context, complaints }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: demo.url })
  const widget = await openHostPage(page, demo)
  await widget.loaded()
  const secret = await widget.create({ name: 'by the rules', access: { Deployments: ['Create'] }, expires: 'Never' })
  expect(await demo.verdict(secret)).toBe('VALID')
  await widget.act('by the rules', 'Edit…')
  const edit = widget.dialog('Edit key')
  await edit.getByLabel('Name', { exact: true }).fill('by all the rules')
  await edit.getByRole('button', { name: 'Save changes', exact: true }).click()
  await expect(edit).toBeHidden()
  await widget.rotate('by all the rules', 'Now')
  await widget.act('by all the rules', 'Disable')
  await expect(widget.row('by all the rules')).toContainText('Disabled')
  await widget.delete('by all the rules')
  expect(complaints).toEqual([])

  // The ear works: what the policy forbids is heard.
  await page.evaluate(() => {
    try {
      document.createElement('div').innerHTML = '<b>x</b>'
    } catch {
      // Refused, and reported.
    }
  })
  await expect.poll(() => complaints.join()).toContain('require-trusted-types-for')
  complaints.length = 0
})

test('where WebAssembly is blocked, it says which source is missing, to the person and to the page', async ({ page, demo, complaints }) => {
  const widget = await openHostPage(page, demo, {
    policy: STRICT.replace(" 'wasm-unsafe-eval'", ''),
    before: `window.errors = []
      addEventListener('oneloop-error', ({ detail }) => window.errors.push(detail))\n`,
  })
  const message = widget.root.getByRole('alert')
  await expect(message).toContainText('this page blocks WebAssembly')
  await expect(message).toContainText("script-src 'wasm-unsafe-eval'")
  await expect(message.getByRole('button', { name: 'Try again', exact: true })).toBeVisible()
  const errors = await page.evaluate(() => (window as unknown as { errors: { code: string; message: string }[] }).errors)
  expect(errors).toHaveLength(1)
  expect(errors[0]?.code).toBe('wasm_blocked')
  expect(errors[0]?.message).toContain("script-src 'wasm-unsafe-eval'")
  complaints.length = 0
})

test('a script that cannot be fetched is a failure in words, and can be tried again', async ({ page, demo, complaints }) => {
  await page.route('**/*.wasm', (route) => route.abort())
  const widget = await openHostPage(page, demo)
  await expect(widget.root.getByRole('alert')).toContainText('API keys could not be loaded.')
  await page.unroute('**/*.wasm')
  await widget.root.getByRole('button', { name: 'Try again', exact: true }).click()
  await widget.loaded()
  complaints.length = 0
})
