// Builds the server and `dist/`.
import { step } from './steps.mjs'

/**
 * Builds `oneloop` and the widget for a look at them; answers with the path of the binary.
 *
 * The server is built as the tests build it, whose dependencies are optimised a little: that compiles soonest, is quick
 * enough for one person, and shares what was compiled. The repository's tools are built in the same call, for the same
 * reason.
 */
export async function build({ show }) {
  const packages = ['--package', 'oneloop', '--package', 'xtask']
  const messages = await step(
    'compile the server',
    ['cargo', 'build', '--locked', ...packages, '--message-format=json-render-diagnostics'],
    { show, data: true },
  )
  const { oneloop, xtask } = executables(messages)
  await step('build the widget', [xtask, 'package', '--profile', 'demo'], { show })
  return oneloop
}

/**
 * `oneloop` and `xtask` as `cargo test --workspace` has built them for its own tests: asking for a package alone
 * would choose other features and compile half of what it depends on again.
 */
export async function tested({ show = false } = {}) {
  const command = ['cargo', 'test', '--workspace', '--locked', '--no-run', '--message-format=json-render-diagnostics']
  return executables(await step('compile the server', command, { show, data: true }))
}

/** The paths of the executables, by name, from Cargo's messages; those that are tests are left out. */
export function executables(messages) {
  const found = {}
  for (const line of messages.split('\n')) {
    if (!line.includes('"executable":"')) continue
    const { target, profile, executable } = JSON.parse(line)
    if (!profile.test) found[target.name] = executable
  }
  return found
}
