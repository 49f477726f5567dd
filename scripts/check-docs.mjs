// Runs the commands of README.md and docs/*.md, so that they stay true: `node scripts/check-docs.mjs`.
//
// The word behind the language says what becomes of a block:
//
//   ```sh run                     it is run; all blocks of a document run one after the other in one shell
//   ```sh shown: <the reason>     it is not, and why
//
// A shell block without one is refused. The shell works in a copy of the repository, finds `oneloop` on PATH, has a
// new team in its database (its id in TEAM, its SDK key in ONELOOP_SDK_KEY) unless the document makes one, and stops at the first command that
// fails; what it left running is ended with it. A document whose commands name `postgres:` has a PostgreSQL, and PGHOST
// and its like say where.
import { spawn, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { tested } from './build.mjs'
import { postgres } from './databases/postgres.mjs'
import { blocksOf } from './fences.mjs'
import * as needs from './needs.mjs'
import { Problem, main, root } from './steps.mjs'

/** How long the commands of one document may take, in milliseconds. */
const LIMIT = 300_000

/** Makes the team that a reader of the documents has by then. */
const TEAM = `
answer=$(oneloop admin team create Acme --json)
TEAM=$(node -p 'JSON.parse(process.argv[1]).team.id' "$answer")
ONELOOP_SDK_KEY=$(node -p 'JSON.parse(process.argv[1]).sdkKey.key' "$answer")
export TEAM ONELOOP_SDK_KEY
`

await main(async () => {
  const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  const found = documents
    .filter((name) => name.endsWith('.md') && existsSync(join(root, name)))
    .map((name) => ({ name, blocks: blocksOf(readFileSync(join(root, name), 'utf8')) }))

  const unmarked = found.flatMap(({ name, blocks }) =>
    blocks.filter((block) => block.fate === 'unmarked').map((block) => `${name}:${block.line}`),
  )
  if (unmarked.length > 0) {
    throw new Problem(`mark these blocks \`run\` or \`shown: <the reason>\`: ${unmarked.join(', ')}`)
  }

  let run = 0
  for (const { name, blocks } of found) {
    const chosen = blocks.filter((block) => block.fate === 'run')
    if (chosen.length > 0) await runDocument(name, chosen)
    run += chosen.length
  }
  const all = found.reduce((sum, { blocks }) => sum + blocks.length, 0)
  process.stdout.write(`${run} of ${all} shell blocks run, the others say why not\n`)
})

/** Runs the blocks of one document in a fresh copy of the repository. */
async function runDocument(name, blocks) {
  const oneloop = await binary()
  const folder = copy()
  const database = blocks.some(({ text }) => text.includes('postgres:')) ? await throwAway() : undefined
  try {
    // A document that makes one itself is run as a reader would.
    const team = blocks.some(({ text }) => text.includes('export TEAM=')) ? '' : TEAM
    const script = [team, ...blocks.map(({ line, text }) => `echo '── ${name}:${line}'\n${text}`)].join('\n')
    const code = await shell(script, folder, dirname(oneloop), database?.env)
    if (code !== 0) throw new Problem(`a command of ${name} failed (${code}), in the block named last above`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await database?.server.discard()
  }
}

/** A PostgreSQL, and the variables by which its clients find it. */
async function throwAway() {
  // `createdb`, `pg_dump` and `pg_restore` come with it.
  await needs.psql()
  const { server, url } = await postgres()
  const { hostname, port, username, password } = new URL(url)
  return { server, env: { PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password } }
}

async function binary() {
  return (await tested()).oneloop
}

/** The files of the repository as they stand, with what is built already. */
function copy() {
  const folder = mkdtempSync(join(tmpdir(), 'oneloop-docs-'))
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
  for (const file of files) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(folder, file))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  if (existsSync(join(root, 'dist'))) cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  return folder
}

/** Runs a script with all it starts in a process group of its own, and ends the group. */
function shell(script, folder, binaries, more = {}) {
  const env = {
    ...process.env,
    ...more,
    PATH: `${binaries}${delimiter}${process.env.PATH}`,
    CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? join(root, 'target'),
  }
  const options = { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true }
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], options)
  const timer = setTimeout(() => end(child), LIMIT)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      end(child)
      resolve(code ?? signal)
    })
  })
}

function end(child) {
  try {
    process.kill(-child.pid, 'SIGTERM')
  } catch (error) {
    // Nobody is left in the group.
    if (error.code !== 'ESRCH') throw error
  }
}
