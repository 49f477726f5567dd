import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as failures from '../failures.mjs'

test('cargo: the words and the names of every binary with a failure, nothing of the others', () => {
  const output = `
test a::works ... ok
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.09s
test a::breaks ... FAILED

failures:

---- a::breaks stdout ----

thread 'a::breaks' panicked at crates/a/src/lib.rs:3:5:
left is not right


failures:
    a::breaks

test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.09s

error: test failed, to rerun pass \`-p a --lib\`
     Running tests/other.rs
test fine ... ok
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.09s
`
  const said = failures.cargo(output)
  assert.match(said, /left is not right/)
  assert.match(said, /^ {4}a::breaks$/m)
  assert.doesNotMatch(said, /works|fine|other\.rs/)
})

test('cargo: what does not compile', () => {
  const said = failures.cargo('   Compiling a\nerror[E0425]: cannot find x\n --> src/lib.rs:1:1\n\nwarning: unused\n\n')
  assert.match(said, /cannot find x\n --> src/)
  assert.doesNotMatch(said, /unused/)
})

test('node: what the runner itself prints of a failed test', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneloop-failures-'))
  try {
    const file = join(folder, 'one.test.mjs')
    writeFileSync(
      file,
      `import test from 'node:test'
       test('holds', () => {})
       test('breaks', () => { throw new Error('the reason') })`,
    )
    // The runner that this test runs in would take the inner one for a part of itself.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
    const { stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', file], { encoding: 'utf8', env })
    const said = failures.node(stdout)
    assert.match(said, /breaks/)
    assert.match(said, /the reason/)
    assert.doesNotMatch(said, /holds/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('playwright: from the first failure to the names', () => {
  const output = `
  ✓  1 a.spec.ts:1:1 › holds (1.2s)
  ✘  2 a.spec.ts:9:1 › breaks (8.0s)


  1) a.spec.ts:9:1 › breaks ───────────

    Error: expect(locator).toBeVisible() failed

  1 failed
    a.spec.ts:9:1 › breaks ───────────
  41 passed (12.3s)
`
  const said = failures.playwright(output)
  assert.match(said, /^ {2}1\) a\.spec\.ts:9:1/)
  assert.match(said, /toBeVisible/)
  assert.match(said, /1 failed\n {4}a\.spec/)
  assert.doesNotMatch(said, /holds/)
})

test('pytest: its failures and its list of them', () => {
  const output = `..F
=================================== FAILURES ===================================
______________________________ test_breaks ______________________________
E       assert 1 == 2
=========================== short test summary info ============================
FAILED tests/python/test_a.py::test_breaks - assert 1 == 2
1 failed, 2 passed in 0.05s
`
  assert.match(failures.pytest(output), /^=+ FAILURES =+\n[\s\S]*FAILED tests\/python\/test_a\.py::test_breaks/)
})

test('a runner that names no test is quoted by its end, and one that says too much by both ends', () => {
  const died = Array.from({ length: 200 }, (_, at) => `line ${at}`).join('\n')
  const said = failures.said(died, failures.node)
  assert.match(said, /line 199$/)
  assert.doesNotMatch(said, /line 100\n/)

  const much = `✖ failing tests:\n${died}`
  assert.match(failures.node(much), /^✖ failing tests:\nline 0\n[\s\S]*more lines …[\s\S]*line 199$/)
  assert.ok(failures.node(much).split('\n').length < 100)
})
