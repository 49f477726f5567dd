import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as counts from '../counts.mjs'

test('cargo: every binary and the doc tests are summed', () => {
  const output = `
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.09s
   Doc-tests oneloop_protocol
test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.09s
`
  assert.deepEqual(counts.cargo(output), { passed: 15, failed: 2, skipped: 1 })
  assert.deepEqual(counts.cargo('error: could not compile'), { passed: 0, failed: 0, skipped: 0 })
})

test('node: cancelled tests have failed, tests put off were skipped', () => {
  const output = 'ℹ tests 9\nℹ suites 0\nℹ pass 4\nℹ fail 1\nℹ cancelled 2\nℹ skipped 1\nℹ todo 1\nℹ duration_ms 88\n'
  assert.deepEqual(counts.node(output), { passed: 4, failed: 3, skipped: 2 })
})

test('playwright: a flaky test is not a passed one', () => {
  const output = '  1 failed\n    [chromium] › a.spec.ts:3:1 › 7 passed\n  1 flaky\n  2 did not run\n  41 passed (12.3s)\n'
  assert.deepEqual(counts.playwright(output), { passed: 41, failed: 2, skipped: 2 })
})

test('pytest: an error is a failure, and only the last line counts', () => {
  assert.deepEqual(counts.pytest('..\n9 passed in 3.21s\n'), { passed: 9, failed: 0, skipped: 0 })
  const output = '3 passed in 1.00s, says a test\n=== 2 failed, 9 passed, 1 skipped, 4 errors in 12.34s (0:00:12) ===\n'
  assert.deepEqual(counts.pytest(output), { passed: 9, failed: 6, skipped: 1 })
  assert.deepEqual(counts.pytest('no tests ran in 0.01s\n'), { passed: 0, failed: 0, skipped: 0 })
})
