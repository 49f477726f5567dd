/*
 * The npm package as somebody installs it: packed, put into a fresh folder, and shown on a page of another origin,
 * once by an import map alone and once through Vite.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test, type Page } from '@playwright/test'
import { build } from 'vite'

import { clientOf } from '../fixtures/sdk.mjs'
import { makeHome } from '../fixtures/server.mjs'

const run = promisify(execFile)
const packed = fileURLToPath(new URL('../../dist/npm/', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

const MODULE = `
import { OneloopKeysElement } from 'oneloop-keys'
import 'oneloop-keys/define'

const keys = new OneloopKeysElement()
keys.baseUrl = window.oneloop.server
keys.getToken = async () => window.oneloop.token
document.body.append(keys)
`

const IMPORTS = { 'oneloop-keys': '/node_modules/oneloop-keys/element.js', 'oneloop-keys/define': '/node_modules/oneloop-keys/define.js' }

let folder: string

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oneloop-npm-'))
  await run('npm', ['pack', packed, '--pack-destination', folder])
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? ''
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder })
  await writeFile(join(folder, 'page.js'), MODULE)
})

test.afterAll(() => rm(folder, { recursive: true, force: true }))

/** Serves a folder from an origin of its own. */
async function serveFolder(at: string): Promise<{ origin: string; server: Server }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const file = join(at, path === '/' ? 'index.html' : path)
    readFile(file).then(
      (body) => response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(body),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** Shows what a folder holds, and expects the demo's keys in it, in German. */
async function expectKeys(page: Page, at: string): Promise<void> {
  const shown = await serveFolder(at)
  const home = await makeHome()
  const server = await home.serve('--demo', '--allowed-origins', shown.origin)
  try {
    const { workspaceId, customerId, sdkKey } = server.demo
    const { token } = await clientOf(server.url, sdkKey).generateLinkToken({ workspaceId, customerId })
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.addInitScript((oneloop) => Object.assign(window, { oneloop }), { server: server.url, token })
    await page.goto(shown.origin)
    await expect(page.getByRole('row').filter({ hasText: 'ci-deploy' })).toBeVisible()
    // A language is a file of its own: it must have come along.
    await expect(page.getByRole('heading', { name: 'API-Schlüssel', level: 2 })).toBeVisible()
    expect(errors).toEqual([])
  } finally {
    await server.stop()
    await home.remove()
    shown.server.close()
  }
}

test('the package holds what its manifest names, and nothing of the repository', async () => {
  const installed = join(folder, 'node_modules', 'oneloop-keys')
  const names = await readdir(installed)
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
  for (const { types, default: script } of [manifest.exports['.'], manifest.exports['./define']]) {
    expect(names).toContain(types.slice(2))
    expect(names).toContain(script.slice(2))
  }
  expect(names).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'locales', 'oneloop_keys_bg.wasm']))
  expect(names.filter((name) => name.endsWith('.wasm'))).toHaveLength(1)
  expect(names.filter((name) => /\.(br|gz|map|rs|ts)$/.test(name) && !name.endsWith('.d.ts'))).toEqual([])
  // Importing it where there is no page neither fails nor registers anything.
  const { OneloopKeysElement } = await import(join(installed, 'element.js'))
  expect(typeof OneloopKeysElement.define).toBe('function')
})

// A package of this kind could not be installed without force, for the versions that it asked its users to have, and then
// brought 307 packages and 431 MB.
test('it is installed without force, and brings no other package', async () => {
  const installed = join(folder, 'node_modules')
  expect((await readdir(installed)).filter((name) => !name.startsWith('.'))).toEqual(['oneloop-keys'])
  const manifest = JSON.parse(await readFile(join(installed, 'oneloop-keys', 'package.json'), 'utf8'))
  expect(Object.keys(manifest).filter((field) => /dependencies/i.test(field))).toEqual([])
})

test('a page without a bundler shows the keys', async ({ page }) => {
  const site = join(folder, 'plain')
  await mkdir(site)
  await cp(join(folder, 'node_modules'), join(site, 'node_modules'), { recursive: true })
  await cp(join(folder, 'page.js'), join(site, 'page.js'))
  const map = JSON.stringify({ imports: IMPORTS })
  const html = `<!doctype html><html lang="de"><script type="importmap">${map}</script><script type="module" src="/page.js"></script>`
  await writeFile(join(site, 'index.html'), html)
  await expectKeys(page, site)
})

test('Vite takes the wasm and the languages along', async ({ page }) => {
  const html = '<!doctype html><html lang="de"><script type="module" src="/page.js"></script>'
  await writeFile(join(folder, 'index.html'), html)
  await build({ root: folder, logLevel: 'error', configFile: false })
  const assets = await readdir(join(folder, 'dist', 'assets'))
  expect(assets.filter((name) => name.endsWith('.wasm'))).toHaveLength(1)
  await expectKeys(page, join(folder, 'dist'))
})
