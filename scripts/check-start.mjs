// Checks what README promises of `npm start`: it ends in a page with the widget, Ctrl-C stops it cleanly, once
// everything is built it is ready in under five seconds, and where it cannot start it says so and ends.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { main, root } from './steps.mjs'

/** How soon a warm start is ready, in milliseconds. */
const WARM_LIMIT = 5_000

await main(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneloop-check-start-'))
  try {
    const database = `sqlite:${join(folder, 'demo.db')}`
    const first = await start(database)
    console.log(`first start: ready in ${first} ms`)
    const warm = await start(database)
    console.log(`warm start: ready in ${warm} ms`)
    assert.ok(warm < WARM_LIMIT, `a warm start took ${warm} ms, more than ${WARM_LIMIT}`)
    await startWhereAnotherListens(database)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function npmStart(listen, database) {
  const command = ['start', '--', '--listen', listen, '--database', database]
  // A process group of its own, so that it can be interrupted as a terminal does it: all of the group at once.
  const child = spawn('npm', command, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'], detached: true })
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
  return { child, ended }
}

/** Starts the demo, looks at it, stops it; answers with the milliseconds until it was ready. */
async function start(database) {
  const began = Date.now()
  const { child, ended } = npmStart('127.0.0.1:0', database)
  let said = ''
  const url = await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      process.stderr.write(text)
      said += text
      const ready = /Ready in .*: (http\S+)/.exec(said)
      if (ready) resolve(ready[1])
    })
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`npm start ended with ${code} before it was ready`)))
  })
  const elapsed = Date.now() - began

  const page = await (await fetch(url)).text()
  assert.match(page, /<oneloop-keys/)
  const entry = await fetch(new URL('/widget/oneloop-keys.js', url))
  assert.equal(entry.status, 200)

  process.kill(-child.pid, 'SIGINT')
  const { code, signal } = await ended
  // npm passes the signal on as its own end.
  assert.ok(code === 0 || signal === 'SIGINT', `Ctrl-C ended it with ${signal ?? code}`)
  await assertGone(url)
  assert.doesNotMatch(said, /Stopped before/, 'Ctrl-C cut off requests under way')
  return elapsed
}

async function startWhereAnotherListens(database) {
  const other = createServer()
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${other.address().port}`
  const { child, ended } = npmStart(address, database)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text))
  const late = sleep(WARM_LIMIT, 'still running', { ref: false })
  const end = await Promise.race([ended.then(({ code }) => code), late])
  if (end === 'still running') process.kill(-child.pid, 'SIGKILL')
  other.close()
  assert.equal(end, 1, `npm start on a taken address: ${said}`)
  assert.ok(said.includes(`cannot listen on ${address}`), said)
}

/** The server finishes what it was doing, and then nothing listens there any more. */
async function assertGone(url) {
  const deadline = Date.now() + 5_000
  while (Date.now() < deadline) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    )
    if (!answered) return
    await sleep(50)
  }
  assert.fail('Ctrl-C left the server running')
}
