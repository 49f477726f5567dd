// What better-auth.mjs measures. It runs a copy of this file beside the packages that it installed.
//
// - SQLite through `libsql`, which has the interface of better-sqlite3 and comes compiled.
// - The write-ahead log with `synchronous=NORMAL`, which waits for no disk.
// - better-auth's own rate limit is off: by default a key may be verified ten times a day.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { Kysely, SqliteDialect } from 'kysely'
import Database from 'libsql'

const [keys, seconds] = process.argv.slice(2).map(Number)
const directory = mkdtempSync(join(import.meta.dirname, 'data-'))
try {
  await measure()
} finally {
  rmSync(directory, { recursive: true })
}

async function measure() {
  const database = new Database(join(directory, 'auth.db'))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  const auth = betterAuth({
    database: { db: new Kysely({ dialect: new SqliteDialect({ database }) }), type: 'sqlite' },
    baseURL: 'http://127.0.0.1:1',
    secret: 'a benchmark has no secret to keep, and this is long enough',
    emailAndPassword: { enabled: true },
    plugins: [apiKey({ rateLimit: { enabled: false } })],
    telemetry: { enabled: false },
  })
  const { runMigrations } = await getMigrations(auth.options)
  await runMigrations()
  const body = { email: 'bench@example.com', name: 'Bench', password: 'correct horse battery' }
  const { user } = await auth.api.signUpEmail({ body })

  const secrets = []
  for (let number = 0; number < keys; number++) {
    const permissions = { deployments: ['read'] }
    const made = await auth.api.createApiKey({ body: { userId: user.id, name: `key ${number}`, permissions } })
    secrets.push(made.key)
  }
  let verified = 0
  const verify = async () => {
    const key = secrets[(verified * 7_919) % secrets.length]
    const answer = await auth.api.verifyApiKey({ body: { key, permissions: { deployments: ['read'] } } })
    if (!answer.valid) throw new Error(`not valid: ${JSON.stringify(answer)}`)
    verified += 1
  }
  for (let warm = 0; warm < 500; warm++) await verify()
  verified = 0
  const cpu = process.cpuUsage()
  const started = performance.now()
  while (performance.now() - started < seconds * 1_000) await verify()
  const elapsed = (performance.now() - started) / 1_000
  const { user: inUser, system } = process.cpuUsage(cpu)
  const cost = (inUser + system) / verified
  console.log(
    `better-auth, in process, ${keys} keys: ${Math.round(verified / elapsed)} verifications/s, ` +
      `${cost.toFixed(0)} µs of CPU each`,
  )
}
