// A database server of the tests' own: in a folder that vanishes, on a free port, owned by nobody in particular.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../steps.mjs'

/** How long a server may take until it answers, in milliseconds. Machines that also compile are slow. */
const PATIENCE = 120_000

/** Database servers refuse to run as root, and rightly: then they run as this user, which every Unix has. */
const UNPRIVILEGED = 'nobody'

/** Ends PostgreSQL with its children and without a checkpoint, and the others anyhow. */
const DISCARD = 'SIGQUIT'

/** Options of a child process that give up root, if there is any to give up. */
function unprivileged() {
  if (process.getuid?.() !== 0) return {}
  const id = (flag) => Number(spawnSync('id', [flag, UNPRIVILEGED], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}

/** A server that is running, or can be started again on the same data and port. */
export class Server {
  /**
   * @param {string} name - What people call it.
   * @param {(place: {folder: string, port: number}) => string[]} command - What runs it, in the foreground.
   */
  constructor(name, command) {
    this.name = name
    this.command = command
    this.identity = unprivileged()
    this.folder = mkdtempSync(join(tmpdir(), `oneloop-${name}-`))
    const { uid, gid } = this.identity
    if (uid !== undefined) chownSync(this.folder, uid, gid)
    chmodSync(this.folder, 0o700)
    this.remove = () => {
      this.child?.kill(DISCARD)
      // Retried: the server may still be busy with dying.
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 })
    }
    // Also when a test fails and nobody discards it.
    process.once('exit', this.remove)
  }

  /** Runs a program that prepares the folder to its end, as the server's own user. */
  prepare([program, ...args], input) {
    const { stdout, stderr, error, status } = spawnSync(program, args, { ...this.spot(), input, encoding: 'utf8' })
    if (status === 0) return
    throw new Problem(`cannot prepare ${this.name}: \`${program}\` failed: ${error?.message ?? `${stdout}${stderr}`}`)
  }

  /** Starts it, and waits until its port answers. */
  async start() {
    this.port ??= await freePort()
    const [program, ...args] = this.command(this)
    const child = spawn(program, args, { ...this.spot(), stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    this.ended = new Promise((resolve) => child.once('close', resolve))
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-4_000)))
      // Neither pipe keeps a script alive that has nothing else to do.
      stream.unref()
    }
    child.unref()
    let over = false
    child.once('error', (error) => ((said += error.message), (over = true)))
    child.once('close', () => (over = true))
    for (const deadline = Date.now() + PATIENCE; !(await answers(this.port)); await sleep(50)) {
      if (over || Date.now() > deadline) throw new Problem(`${this.name} did not start:\n${said}`)
    }
  }

  /** Sends a signal and waits for the end; the data stays. */
  async stop(signal) {
    this.child.ref()
    this.child.kill(signal)
    await this.ended
  }

  /** Ends it for good, without ceremony: nobody will read its data again. */
  async discard() {
    await this.stop(DISCARD)
    this.remove()
    process.removeListener('exit', this.remove)
  }

  spot() {
    // No variable of the caller's own database clients may lead it elsewhere.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PG|MYSQL|MARIADB)/.test(name)))
    return { cwd: this.folder, env: { ...env, LC_ALL: 'C' }, ...this.identity }
  }
}

/** A port that nobody listens on. */
async function freePort() {
  const server = createServer()
  const port = await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server.address().port))
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
