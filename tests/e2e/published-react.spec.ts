/*
 * The published React widget, unchanged, on a page of another origin, against our server: every call that it makes.
 * It blanks the page when a container is missing, so a row on the screen is a proof of the answer's shape.
 */
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

import { expect, test, type Page } from '@playwright/test'
import { build } from 'esbuild'

import { clientOf } from '../fixtures/sdk.mjs'
import { makeHome } from '../fixtures/server.mjs'

const folder = fileURLToPath(new URL('../react/', import.meta.url))

/** The page and its bundle, served from an origin of their own. */
async function servePage(): Promise<{ origin: string; server: Server }> {
  const { outputFiles } = await build({
    entryPoints: [`${folder}page.jsx`],
    bundle: true,
    write: false,
    jsx: 'automatic',
    outdir: 'out',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  const files = new Map(outputFiles.map(({ path, text }) => [path.split('/').at(-1), text]))
  const html = '<!doctype html><link rel="stylesheet" href="page.css"><div id="root"></div><script src="page.js"></script>'
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? ''
    const type = name.endsWith('.js') ? 'text/javascript' : name.endsWith('.css') ? 'text/css' : 'text/html'
    response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(files.get(name) ?? html)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** Opens its page; the answer collects what goes wrong on it. */
async function open(page: Page, origin: string, server: string, token: string): Promise<string[]> {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.addInitScript((oneloop) => Object.assign(window, { oneloop }), { server, token })
  await page.goto(origin)
  return errors
}

test('it lists, creates, edits, rotates and deletes', async ({ page }) => {
  const shown = await servePage()
  const home = await makeHome()
  const server = await home.serve('--demo', '--allowed-origins', shown.origin)
  try {
    const { workspaceId, customerId, sdkKey } = server.demo
    const oneloop = clientOf(server.url, sdkKey)
    const verdict = async (key: string) => (await oneloop.verifyApiKey({ key, requestedScopes: [] })).status
    const { token } = await oneloop.generateLinkToken({ workspaceId, customerId })
    const errors = await open(page, shown.origin, server.url, token)

    const row = (name: string) => page.getByRole('row').filter({ hasText: name })
    const dialog = page.getByRole('dialog')
    const press = (name: string) => dialog.getByRole('button', { name, exact: true }).click()
    const choose = async (name: string, item: string) => {
      // In the published markup the three dots are no button, and the menu is a dialog of plain text.
      await row(name).getByRole('gridcell').last().locator('svg').first().click()
      await dialog.getByText(item).click()
    }
    const revealed = async () => {
      const box = dialog.locator('pre')
      await expect(box).toHaveText(/^[A-Za-z0-9]+_[0-9A-Za-z]{49}$/)
      const key = (await box.textContent()) ?? ''
      await press('Done')
      await expect(dialog).toBeHidden()
      return key
    }

    await expect(row('ci-deploy')).toBeVisible()

    await page.getByRole('button', { name: 'Create secret key' }).click()
    await dialog.getByPlaceholder('Enter a name for your key').fill('from React')
    await dialog.getByText('Read', { exact: true }).first().click()
    await press('Create')
    const first = await revealed()
    await expect(row('from React')).toBeVisible()
    expect(await verdict(first)).toBe('VALID')

    await choose('from React', 'Edit Key')
    await dialog.getByRole('textbox').first().fill('renamed')
    await press('Update Key')
    await expect(row('renamed')).toBeVisible()

    await choose('renamed', 'Rotate Key')
    await press('Rotate Key')
    const second = await revealed()
    expect(await verdict(first)).toBe('INVALID')
    expect(await verdict(second)).toBe('VALID')

    await choose('renamed', 'Delete Key')
    await press('Delete Key')
    await expect(row('renamed')).toBeHidden()
    expect(await verdict(second)).toBe('DELETED')
    expect(errors).toEqual([])
  } finally {
    await server.stop()
    await home.remove()
    shown.server.close()
  }
})
