// Running other programs step by step: what is being done, how long it takes, and the program's own words
// when they matter.
import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Something the person at the keyboard can put right: shown as it is, without a stack. */
export class Problem extends Error {}

/**
 * Runs a program to its end and answers with what it wrote to stdout.
 *
 * @param {string} title - What is being done, for the person who waits.
 * @param {string[]} command - The program and its arguments.
 * @param {object} [options]
 * @param {boolean} [options.show] - Pass the output on as it comes, instead of only when the program fails.
 * @param {boolean} [options.data] - Its stdout is for the caller, not for the reader: never shown.
 * @param {NodeJS.ProcessEnv} [options.env] - Variables to add to the environment.
 * @throws {Problem} If the program cannot be started or leaves with anything but 0.
 */
export async function step(title, command, { show = false, data = false, env = {} } = {}) {
  const status = new Status(title, show)
  const result = await collect(command, { show, data, env, onOutput: (text) => status.hint(text) })
  status.end(result.code === 0)
  if (result.code === 0) return result.stdout
  if (!show) process.stderr.write(`\n${result.all}\n`)
  throw new Problem(`${title}: \`${command.join(' ')}\` failed (${result.signal ?? result.code})`)
}

/** Runs a program and answers with its output and exit code, whatever that is; 127 if there is no such program. */
export async function collect([program, ...args], options = {}) {
  const { show = false, data = false, env = {}, onOutput = () => {} } = options
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let all = ''
  const hear = (out) => (text) => {
    all += text
    if (show) out.write(text)
    onOutput(text)
  }
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  if (!data) child.stdout.on('data', hear(process.stdout))
  child.stderr.setEncoding('utf8').on('data', hear(process.stderr))
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ stdout, all: error.message, code: 127, signal: null }))
    child.once('close', (code, signal) => resolve({ stdout, all, code, signal }))
  })
}

/** One line a step, in a log one more when it begins; on a terminal it counts the seconds and shows what a silent program is busy with. */
class Status {
  constructor(title, show) {
    this.title = title
    this.start = Date.now()
    this.live = process.stderr.isTTY && !show
    if (show) process.stderr.write(`\n── ${title}\n`)
    this.detail = ''
    if (this.live) this.timer = setInterval(() => this.draw('…'), 200)
    // A log says what takes so long while it does.
    else if (!show) process.stderr.write(`  … ${title}\n`)
  }

  /** Keeps the last line of output as the detail. */
  hint(text) {
    const line = stripVTControlCharacters(text).trim().split('\n').at(-1) ?? ''
    if (line) this.detail = line.trim()
  }

  draw(mark) {
    const width = Math.max((process.stderr.columns ?? 80) - 1, 20)
    const line = `  ${mark} ${this.title} · ${seconds(this.start)} ${mark === '…' ? this.detail : ''}`
    process.stderr.write(`\r\x1b[2K${line.slice(0, width)}`)
  }

  end(ok) {
    clearInterval(this.timer)
    if (this.live) process.stderr.write('\r\x1b[2K')
    process.stderr.write(`  ${ok ? '✓' : '✗'} ${this.title} · ${seconds(this.start)}\n`)
  }
}

/** Seconds since `start`, for people. */
export function seconds(start) {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`
}

/** Runs a script's main function; a problem ends it with its sentence, a bug with its stack. */
export async function main(run) {
  try {
    await run()
  } catch (error) {
    process.stderr.write(`\nerror: ${error instanceof Problem ? error.message : error.stack}\n`)
    process.exitCode = 1
  }
}
