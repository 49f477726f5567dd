// How many tests passed and failed, read from what each runner prints at its end.
import { stripVTControlCharacters } from 'node:util'

/** Cargo: one `test result: ok. 3 passed; 0 failed; 0 ignored; …` a test binary. */
export function cargo(output) {
  const line = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const [, passed, failed, ignored] of stripVTControlCharacters(output).matchAll(line)) {
    total.passed += Number(passed)
    total.failed += Number(failed)
    total.skipped += Number(ignored)
  }
  return total
}

/** `node --test`: `ℹ pass 3`, `ℹ fail 0`, `ℹ skipped 0` and more. Cancelled is failed, put off is skipped. */
export function node(output) {
  const count = (word) => last(output, new RegExp(`^ℹ ${word} (\\d+)$`, 'gm'))
  return {
    passed: count('pass'),
    failed: count('fail') + count('cancelled'),
    skipped: count('skipped') + count('todo'),
  }
}

/** Playwright: `3 passed (4.5s)`, `1 failed`. A test that passed only the second time has failed once. */
export function playwright(output) {
  const count = (word) => last(output, new RegExp(`^\\s*(\\d+) ${word}(?: \\(.*\\))?$`, 'gm'))
  return {
    passed: count('passed'),
    failed: count('failed') + count('flaky') + count('interrupted'),
    skipped: count('skipped') + count('did not run'),
  }
}

/** Pytest: one line such as `2 failed, 9 passed, 1 skipped, 1 error in 12.34s`. An error is a failure. */
export function pytest(output) {
  const line = /^(?:=+ )?((?:\d+ [a-z]+, )*\d+ [a-z]+) in [\d.]+s/gm
  const summary = [...stripVTControlCharacters(output).matchAll(line)].at(-1)?.[1] ?? ''
  const count = (word) => Number(new RegExp(`(\\d+) ${word}\\b`).exec(summary)?.[1] ?? 0)
  return {
    passed: count('passed'),
    failed: count('failed') + count('errors?'),
    skipped: count('skipped') + count('deselected'),
  }
}

/** The number in the last line that matches: a test may print such a line too, the runner prints it at the end. */
function last(output, pattern) {
  const matches = [...stripVTControlCharacters(output).matchAll(pattern)]
  return Number(matches.at(-1)?.[1] ?? 0)
}
