// What the repository needs from the machine: found, installed if that is ours to do, or named in a sentence
// that says what to install.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Problem, collect, root, step } from './steps.mjs'

/** Node, as new as package.json asks for. */
export function node() {
  const wanted = Number(JSON.parse(read('package.json')).engines.node.replace(/\D/g, ''))
  if (Number(process.versions.node.split('.')[0]) >= wanted) return
  throw new Problem(`Node ${wanted} or newer is needed, this is ${process.versions.node}: https://nodejs.org`)
}

/** The compiler that rust-toolchain.toml names, with the wasm target. */
export async function rust() {
  const sysroot = await collect(['rustc', '--print', 'sysroot'])
  const target = 'wasm32-unknown-unknown'
  if (sysroot.code === 0 && existsSync(join(sysroot.stdout.trim(), 'lib/rustlib', target))) return
  const channel = /^channel = "(.+)"$/m.exec(read('rust-toolchain.toml'))[1]
  if ((await collect(['rustup', '--version'])).code !== 0) {
    throw new Problem(`Rust ${channel} with the target ${target} is needed: install rustup from https://rustup.rs`)
  }
  const options = ['--profile', 'minimal', '--component', 'rustfmt', '--component', 'clippy', '--target', target]
  await step(`install Rust ${channel} and ${target}`, ['rustup', 'toolchain', 'install', channel, ...options])
}

/** A C compiler: SQLite is compiled into the binary. */
export async function cCompiler() {
  for (const name of [process.env.CC, 'cc', 'gcc', 'clang']) {
    if (name && (await collect([name, '--version'])).code === 0) return
  }
  throw new Problem(
    'a C compiler is needed, SQLite is compiled into the server: ' +
      '`apt-get install build-essential` on Debian and Ubuntu, `xcode-select --install` on macOS',
  )
}

/** The packages of package-lock.json, at exactly its versions. */
export function nodePackages() {
  return installed('.')
}

/** The published React widget, which has a lock of its own: it wants another React than anything else here. */
export function publishedReact() {
  return installed('tests/react')
}

/** better-auth, which mints keys for the migration suite. Its peers are the frameworks that it can serve. */
export function betterAuth() {
  return installed('tests/migration/legacy/better-auth', '--legacy-peer-deps', '--ignore-scripts')
}

/** The packages of the lock in `folder`. */
async function installed(folder, ...options) {
  if (packagesAreInstalled(folder)) return
  // npm tells its children where it is; without it, the one on PATH.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const title = `install the packages of ${join(folder, 'package-lock.json')}`
  await step(title, [...npm, 'ci', '--prefix', join(root, folder), ...options])
}

/** Whether node_modules holds what the lock names. What is optional and for another system may be absent. */
function packagesAreInstalled(folder) {
  const installed = join(root, folder, 'node_modules/.package-lock.json')
  if (!existsSync(installed)) return false
  const found = JSON.parse(readFileSync(installed, 'utf8')).packages
  const wanted = Object.entries(JSON.parse(read(join(folder, 'package-lock.json'))).packages)
  return wanted.every(([path, { version, optional }]) => {
    if (path === '') return true
    return found[path] ? found[path].version === version : optional === true
  })
}

/**
 * A Chromium to drive, and where it is.
 *
 * From CHROME_BIN, or from PATH, or from Debian's packages if this is Debian and we may install.
 */
export async function chromium() {
  const named = process.env.CHROME_BIN
  if (named) {
    if (existsSync(named)) return named
    throw new Problem(`CHROME_BIN names ${named}, and there is no such file`)
  }
  return found(
    chromiumOnPath,
    'chromium',
    'a Chromium is needed for the browser tests: install `chromium` or Chrome, or name one in CHROME_BIN',
  )
}

/** The folder with the programs of a PostgreSQL server. */
export function postgres() {
  return found(
    () => folders().find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)))),
    'postgresql',
    'a PostgreSQL server is needed for the tests: `apt-get install postgresql` on Debian and Ubuntu, ' +
      '`brew install postgresql` on macOS; or name a running one, whose user may create databases, in ' +
      'ONELOOP_TEST_POSTGRES_URL',
  )
}

/** PostgreSQL's own client, which comes with the server. */
export function psql() {
  const otherwise = 'psql is needed for the tests: `apt-get install postgresql-client` on Debian and Ubuntu'
  return found(() => onPath('psql'), 'postgresql-client', otherwise)
}

/** The programs of a MariaDB server. */
export function mariadb() {
  return found(
    () => {
      const [daemon, install] = [onPath('mariadbd', 'mysqld'), onPath('mariadb-install-db')]
      return daemon && install && { daemon, install }
    },
    'mariadb-server',
    'a MariaDB server is needed for the tests: `apt-get install mariadb-server` on Debian and Ubuntu, ' +
      '`brew install mariadb` on macOS; or name a running one, whose user may create databases, in ' +
      'ONELOOP_TEST_MARIADB_URL',
  )
}

/** The program of a Redis or Valkey server. */
export function redis() {
  return found(
    () => onPath('redis-server', 'valkey-server'),
    'redis-server',
    'a Redis or Valkey server is needed for the tests: `apt-get install redis-server` on Debian and Ubuntu, ' +
      '`brew install valkey` on macOS; or name a running one in ONELOOP_TEST_REDIS_URL',
  )
}

/** What `look` finds, if need be after installing a Debian package, where that is ours to do. */
async function found(look, packageName, otherwise) {
  const there = await look()
  if (there) return there
  if (existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await step('apt-get update', ['apt-get', 'update', '--quiet'], { env })
    const install = ['apt-get', 'install', '--yes', '--no-install-recommends', packageName]
    await step(`install ${packageName}`, install, { env })
    const installed = await look()
    if (installed) return installed
  }
  throw new Problem(otherwise)
}

/** The first of these programs that is on the machine. */
function onPath(...names) {
  return names.flatMap((name) => folders().map((folder) => join(folder, name))).find(existsSync)
}

/** Where programs are: PATH, and where servers are put that belong on nobody's PATH. The newest PostgreSQL first. */
function folders() {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const path = (process.env.PATH ?? '').split(':').filter(Boolean)
  return [...path, '/usr/local/sbin', '/usr/sbin', '/sbin', ...versions.map((version) => join(debian, version, 'bin'))]
}

function chromiumOnPath() {
  // macOS keeps applications off PATH.
  const application = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  return onPath(...names) ?? [application].find(existsSync)
}

/**
 * A Python with the packages of tests/python/requirements.txt; answers with its interpreter.
 */
export function python() {
  return environment('python', 'tests/python/requirements.txt')
}

/** A Python with Django and its libraries for keys, which mint keys for the migration suite. */
export function django() {
  return environment('django', 'tests/migration/legacy/django/requirements.txt')
}

/**
 * A Python with the packages of `list`, in target/`name`.
 *
 * It is made anew when the list or the interpreter is another one than it was made with.
 */
async function environment(name, list) {
  const requirements = read(list)
  const system = await systemPython()
  const folder = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), name)
  const stamp = join(folder, 'made-with')
  const made = `${system.version}\n${requirements}`
  const interpreter = join(folder, 'bin/python')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === made) return interpreter

  rmSync(folder, { recursive: true, force: true })
  await step('make a Python environment', [system.program, '-m', 'venv', folder])
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--no-deps', '--requirement']
  await step(`install the packages of ${list}`, [interpreter, ...pip, list])
  writeFileSync(stamp, made)
  return interpreter
}

/** The oldest Python that the pinned packages are built for. */
const OLDEST_PYTHON = 11

/** A Python 3 that can make environments. */
function systemPython() {
  return found(
    usablePython,
    'python3-venv',
    `Python 3.${OLDEST_PYTHON} or newer with venv is needed for the tests: ` +
      '`apt-get install python3-venv` on Debian and Ubuntu, `brew install python` on macOS',
  )
}

async function usablePython() {
  for (const program of ['python3', 'python']) {
    const ask = 'import ensurepip, sys; print(sys.version_info[0], sys.version_info[1])'
    const { code, stdout } = await collect([program, '-c', ask])
    const [major, minor] = stdout.split(' ').map(Number)
    if (code === 0 && major === 3 && minor >= OLDEST_PYTHON) return { program, version: stdout.trim() }
  }
  return undefined
}

function read(name) {
  return readFileSync(join(root, name), 'utf8')
}
