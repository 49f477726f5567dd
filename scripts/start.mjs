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

/** How long after a signal another one is the same, in milliseconds. */
const ECHO = 500

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
    // Out of reach of the terminal's Ctrl-C, which this process hears and passes on: to a server that hears two, the
    // second means "at once".
    detached: true,
  })
  const ended = new Promise((resolve) => server.once('close', (code, signal) => resolve({ code, signal })))
  let told = -Infinity
  const stop = () => {
    // npm passes on what the terminal has sent here already.
    if (performance.now() - told < ECHO) return
    told = performance.now()
    server.kill('SIGTERM')
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)

  const ready = await readyOf(server, readyFile)
  if (ready) welcome(ready.url)
  const { code, signal } = await ended
  if (code !== 0) throw new Problem(`the server ended with ${signal ?? `exit code ${code}`}`)
}

/** What a server says of itself once it is ready; nothing if it ends before. */
async function readyOf(server, file) {
  const isRunning = () => server.exitCode === null && server.signalCode === null
  while (isRunning() && !existsSync(file)) await sleep(20)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
}

/** The server has said what to click; this is what only the one who started it knows. */
function welcome(url) {
  process.stderr.write(`
  Ready in ${seconds(began)}: ${url}
  The keys stay until the database file is removed.

`)
}
