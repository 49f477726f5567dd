// `npm test`: sets up what the tests need and runs all of them; `npm test -- rust e2e` runs some of the suites.
//
// Every suite runs even if one before it failed, so that one run tells all. The last line counts what the
// runners counted.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { tested } from './build.mjs'
import * as counts from './counts.mjs'
import { start } from './databases.mjs'
import * as failures from './failures.mjs'
import * as needs from './needs.mjs'
import { Problem, collect, main, root, seconds, step } from './steps.mjs'

/** Each suite: what it needs before it starts, what it runs, and whose output that is. */
const suites = {
  rust: {
    title: 'unit, property, story, layering and doc tests',
    needs: [server, databases, beginPackaging],
    command: () => ['cargo', 'test', '--workspace', '--locked', '--no-fail-fast'],
    runner: 'cargo',
  },
  scripts: {
    title: 'these scripts',
    needs: [],
    command: () => nodeTests('scripts/tests'),
    runner: 'node',
  },
  conformance: {
    title: 'the published TypeScript SDK against the server',
    needs: [server, dist],
    command: () => nodeTests('tests/conformance'),
    runner: 'node',
  },
  python: {
    title: 'the published Python SDK, and Schemathesis, against the server',
    needs: [server, interpreter],
    command: () => [env.PYTHON_BIN, '-m', 'pytest', '--quiet', '--config-file=tests/python/pytest.ini', 'tests/python'],
    runner: 'pytest',
  },
  nodes: {
    title: 'several servers on one PostgreSQL, which is restarted under them',
    needs: [server, databases],
    command: () => nodeTests('tests/nodes'),
    runner: 'node',
  },
  migration: {
    title: 'keys of real legacy systems, from their own tables to keys that work here',
    needs: [server, databases, legacy],
    command: () => nodeTests('tests/migration'),
    runner: 'node',
  },
  e2e: {
    title: 'Chromium through the widget against the server',
    needs: [server, dist, browser, needs.publishedReact],
    command: () => [
      process.execPath,
      'node_modules/@playwright/test/cli.js',
      ...['test', '--config=tests/e2e/playwright.config.ts', '--reporter=list'],
    ],
    runner: 'playwright',
  },
}

/** The suites to run. */
let names = Object.keys(suites)

/** What the suites are told: where the server, the browser, the Python and the databases are. */
const env = { FORCE_COLOR: undefined, NO_COLOR: '1' }

/** What is compiled for the browser, while the Rust suite runs: a linker that sees the whole program has one thread. */
let packaging

/** Ends what `databases` started. */
let stopDatabases = () => {}

await main(async () => {
  const chosen = process.argv.slice(2)
  const unknown = chosen.filter((name) => !(name in suites))
  if (unknown.length > 0) {
    throw new Problem(`no such suite: ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`)
  }
  if (chosen.length > 0) names = chosen

  needs.node()
  await Promise.all([needs.rust(), needs.cCompiler(), needs.nodePackages()])

  const results = []
  for (const name of names) results.push(await run(name))
  await stopDatabases()
  report(results)
})

/** Node's own runner on the test files of a folder, named one by one: what a folder means to it changes with Node. */
function nodeTests(folder) {
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('.test.mjs'))
  return [process.execPath, '--test', '--test-reporter=spec', ...files.map((name) => `${folder}/${name}`)]
}

/** Runs one suite; a set-up that fails is a failure of the suite, not the end of the others. */
async function run(name) {
  const { title, needs, command, runner } = suites[name]
  const start = Date.now()
  process.stderr.write(`\n── ${name}: ${title}\n`)
  const result = { name, passed: 0, failed: 0, skipped: 0, ok: false, said: '' }
  try {
    for (const need of needs) await need()
    const { all, code } = await collect(command(), { show: true, env })
    Object.assign(result, counts[runner](all))
    result.ok = code === 0 && result.failed === 0 && result.skipped === 0
    // A runner that found no tests proves nothing.
    if (result.passed === 0) result.ok = false
    if (!result.ok) result.said = failures.said(all, failures[runner])
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    process.stderr.write(`\nerror: ${error.message}\n`)
    result.said = `error: ${error.message}`
  }
  return { ...result, duration: seconds(start) }
}

/** What failed, in its own words, and then a line a suite. */
function report(results) {
  for (const { name, ok, said } of results) {
    if (!ok) process.stdout.write(`\n── ${name}: failed\n\n${said}\n`)
  }
  process.stdout.write('\n')
  for (const { name, ok, passed, failed, skipped, duration } of results) {
    const skips = skipped > 0 ? `, ${skipped} skipped` : ''
    const line = `${ok ? '✓' : '✗'} ${name.padEnd(12)} ${passed} passed, ${failed} failed${skips} in ${duration}`
    process.stdout.write(`${line}\n`)
  }
  const broken = results.filter((result) => !result.ok)
  if (broken.length > 0) {
    process.exitCode = 1
    process.stdout.write(`failed: ${broken.map((result) => result.name).join(', ')}\n`)
  }
  // A suite that broke without naming a test, or skipped some, still counts as a failure.
  const failed = results.reduce((sum, { ok, failed }) => sum + (ok ? 0 : Math.max(failed, 1)), 0)
  const passed = results.reduce((sum, result) => sum + result.passed, 0)
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
}

/** The binary that the Rust suite tests too. */
async function server() {
  if (env.ONELOOP_BIN && existsSync(env.ONELOOP_BIN)) return
  env.ONELOOP_BIN = (await tested()).oneloop
}

/** Begins it, if a suite to come needs it; whoever needs it waits for it, and is told of a failure. */
function beginPackaging() {
  if (names.some((name) => suites[name].needs.includes(dist))) {
    packaging ??= packageAll()
    packaging.catch(() => {})
  }
}

/** `dist/` as it is shipped, and an application that uses the widget as a library. */
async function packageAll() {
  const { xtask } = await tested()
  await step('package the widget', [xtask, 'package'])
  await step('build the Leptos application', [xtask, 'example'])
}

/** Both of them. */
async function dist() {
  await (packaging ??= packageAll())
}

/** PostgreSQL, MariaDB and Redis: named by the environment, or of our own. */
async function databases() {
  // Once, however many suites need them.
  if (env.ONELOOP_TEST_POSTGRES_URL) return
  const started = await start()
  stopDatabases = started.stop
  Object.assign(env, started.env)
}

async function interpreter() {
  env.PYTHON_BIN = await needs.python()
}

/** The libraries whose tables are brought along, and what fills tables of others. */
async function legacy() {
  env.ONELOOP_TEST_DJANGO = await needs.django()
  env.ONELOOP_TEST_PSQL = await needs.psql()
  await needs.betterAuth()
}

async function browser() {
  env.CHROME_BIN = await needs.chromium()
}
