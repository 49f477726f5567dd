// `npm start`: builds the server and the widget, then runs the demo.
//
//   npm start                          the demo on http://127.0.0.1:8787
//   npm start -- --verbose             the same, with all that the compilers say
//   npm start -- --listen 127.0.0.1:0  any option of `oneloop serve`
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from './build.mjs'
import * as needs from './needs.mjs'
import { Problem, main, root, seconds } from './steps.mjs'

const began = Date.now()
const options = process.argv.slice(2).filter((option) => option !== '--verbose')
const show = process.argv.includes('--verbose')

await main(async () => {
  needs.node()
  await Promise.all([needs.rust(), needs.cCompiler(), needs.nodePackages()])
  const oneloop = await build({ show })
  await serve(oneloop)
})

/** Runs the demo until it ends or is told to. */
async function serve(oneloop) {
  const folder = mkdtempSync(join(tmpdir(), 'oneloop-start-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const readyFile = join(folder, 'ready.json')

  const server = spawn(oneloop, ['serve', '--demo', '--ready-file', readyFile, ...options], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = new Promise((resolve) => server.once('close', (code, signal) => resolve({ code, signal })))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill('SIGTERM'))

  const ready = await Promise.race([waitFor(readyFile), ended.then(() => undefined)])
  if (ready) welcome(ready.url)
  const { code, signal } = await ended
  if (code !== 0) throw new Problem(`the server ended with ${signal ?? `exit code ${code}`}`)
}

async function waitFor(file) {
  while (!existsSync(file)) await sleep(20)
  return JSON.parse(readFileSync(file, 'utf8'))
}

function welcome(url) {
  process.stderr.write(`
  Ready in ${seconds(began)}: ${url}

  1. Create key, with Deployments: Read. Copy it, paste it beside, Send: VALID.
  2. Edit the key, set Deployments to None, Send: INVALID_SCOPES.
  3. Delete the key, Send: DELETED.

  Ctrl-C stops it; the keys stay until the database file is removed.

`)
}
