// What each runner says of the tests that failed, cut out of all it printed: shown once more at the end, where it is
// found without scrolling back through a thousand lines that passed.
import { stripVTControlCharacters } from 'node:util'

/** As many lines as a suite may say again. A test that prints more is read where it ran. */
const limit = 80

/** Cargo: what stands between `failures:` and the result of each test binary, or the compiler's errors. */
export function cargo(output) {
  const failed = /^failures:\n\n[\s\S]*?(?=^failures:\n {4})|^failures:\n {4}[\s\S]*?(?=^test result: )/gm
  return cut(matches(output, failed) || matches(output, /^error(?:\[E\d+\])?: [\s\S]*?(?=^\s*$)/gm))
}

/** `node --test`: everything after `✖ failing tests:`. */
export function node(output) {
  return cut(matches(output, /^✖ failing tests:$[\s\S]*/gm))
}

/** Playwright: from the first numbered failure to the list of those that failed. */
export function playwright(output) {
  return cut(matches(output, /^ {2}1\) [\s\S]*/gm))
}

/** Pytest: from its heading of failures, or of errors, to the end. */
export function pytest(output) {
  return cut(matches(output, /^=+ (?:FAILURES|ERRORS) =+$[\s\S]*/gm))
}

/** The parts that match, or else the end: a runner that broke without naming a test says why in its last lines. */
export function said(output, find) {
  return find(output) || cut(stripVTControlCharacters(output).trimEnd().split('\n').slice(-limit / 4).join('\n'))
}

function matches(output, pattern) {
  return [...stripVTControlCharacters(output).matchAll(pattern)].map(([text]) => text.trimEnd()).join('\n\n')
}

/** The beginning and the end, if it is too long: the first failure's words, and the list of names. */
function cut(text) {
  const lines = text.split('\n')
  if (lines.length <= limit) return text
  const half = limit / 2
  return [...lines.slice(0, half), `… ${lines.length - limit} more lines …`, ...lines.slice(-half)].join('\n')
}
