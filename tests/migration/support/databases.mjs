// A database of one's own on the servers that `npm test` starts, filled through their own clients.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'

/** A fresh PostgreSQL database: its URL, and `sql` to run statements in it. */
export async function postgresDatabase() {
  const server = new URL(variable('ONELOOP_TEST_POSTGRES_URL'))
  const name = fresh()
  await psql(server.href, `CREATE DATABASE ${name}`)
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  return { url, sql: (statements) => psql(url, statements) }
}

/** A fresh MariaDB database. */
export async function mariadbDatabase() {
  const server = new URL(variable('ONELOOP_TEST_MARIADB_URL'))
  const name = fresh()
  await mariadb(server, '', `CREATE DATABASE ${name}`)
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  return { url, sql: (statements) => mariadb(server, name, statements) }
}

function fresh() {
  return `legacy_${randomBytes(6).toString('hex')}`
}

function variable(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} names no server: run \`npm test -- migration\``)
  return value
}

function psql(url, statements) {
  const options = ['--quiet', '--no-psqlrc', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', `--dbname=${url}`]
  return client(process.env.ONELOOP_TEST_PSQL ?? 'psql', options, statements, {})
}

function mariadb(server, database, statements) {
  const options = [`--host=${server.hostname}`, `--port=${server.port}`, `--user=${server.username}`]
  const silent = ['--batch', '--skip-column-names', '--default-character-set=utf8mb4', database].filter(Boolean)
  const env = { MYSQL_PWD: decodeURIComponent(server.password) }
  return client('mariadb', ['--no-defaults', ...options, ...silent], statements, env)
}

/** Feeds a client; answers with what it printed. */
async function client(program, options, statements, env) {
  const child = execFile(program, options, { env: { ...process.env, ...env } })
  let out = ''
  let problem = ''
  child.stdout.on('data', (text) => (out += text))
  child.stderr.on('data', (text) => (problem += text))
  child.stdin.end(statements)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${program} failed (${code}): ${problem}`)
  return out.trim()
}
