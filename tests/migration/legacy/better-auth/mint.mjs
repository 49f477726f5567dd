// Makes better-auth's tables and mints keys through its API-key plugin: `node mint.mjs <PostgreSQL URL>`.
//
// Prints what was minted as JSON: the keys as their holders have them, which no table shows, and what is stored.
import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import pg from 'pg'

const KEYS = 30

const pool = new pg.Pool({ connectionString: process.argv[2] })
const auth = betterAuth({
  database: pool,
  secret: 'only for this test, and long enough for it',
  baseURL: 'http://localhost',
  emailAndPassword: { enabled: true },
  plugins: [apiKey({ enableMetadata: true })],
})

const { runMigrations } = await getMigrations(auth.options)
await runMigrations()

const minted = []
for (let number = 0; number < KEYS; number += 1) {
  const email = `user${number}@example.test`
  const { user } = await auth.api.signUpEmail({ body: { email, password: 'a long password', name: `User ${number}` } })
  const body = { userId: user.id, name: `Key ${number}` }
  if (number % 3 === 0) body.expiresIn = 60 * 60 * 24 * 30
  if (number % 2 === 0) body.permissions = { files: ['read', 'write'] }
  if (number % 5 === 0) body.prefix = 'acme_'
  const created = await auth.api.createApiKey({ body })
  const disabled = number % 7 === 0
  if (disabled) await auth.api.updateApiKey({ body: { keyId: created.id, userId: user.id, enabled: false } })
  const { rows } = await pool.query('SELECT key FROM apikey WHERE id = $1', [created.id])
  minted.push({ key: created.key, stored: rows[0].key, owner: user.id, disabled })
}
process.stdout.write(JSON.stringify(minted))
process.exit(0)
