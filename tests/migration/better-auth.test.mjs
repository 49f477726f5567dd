// better-auth's API-key plugin in PostgreSQL: its own table, its own hash, its permissions.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'

import { postgresDatabase } from './support/databases.mjs'
import { betterAuth } from './support/legacy.mjs'
import { assertUnspoken, makeMigration } from './support/migrate.mjs'

suite('better-auth in PostgreSQL', () => {
  let migration
  let keys

  before(async () => {
    const { url } = await postgresDatabase()
    migration = await makeMigration({ LEGACY_DATABASE_URL: url })
    keys = await betterAuth(url)
  })
  after(() => migration.remove())

  test('the table is found among the others, and its permissions are listed for the reader', async () => {
    const init = ['init', '--from', 'env:LEGACY_DATABASE_URL', '--workspace', 'ws_1', '--yes']
    const { origin, table, permissions } = await migration.json(...init)
    assert.deepEqual([origin, table], ['better_auth', 'apikey'])
    const half = keys.length / 2
    assert.deepEqual(permissions, { 'files:read': half, 'files:write': half })
    assert.match(await migration.read('migration.toml'), /^# "files:read" = \{ \} # in 15 rows$/m)
  })

  test('prove finds its hash', async () => {
    const { recipe, changed } = await migration.prove(keys.slice(0, 3).map(({ key, stored }) => ({ key, stored })))
    assert.deepEqual([recipe, changed], ['algorithm = "sha256", output = "base64url-nopad"', false])
  })

  test('a permission that nobody mapped stops the plan, and the plan says which', async () => {
    const { code, stdout, stderr } = await migration.run('plan', '--json', '--problems', 'problems.ndjson')
    assert.equal(code, 3)
    const plan = JSON.parse(stdout)
    assert.deepEqual([plan.canApply, plan.stops], [false, ['unknown_permission']])
    assert.deepEqual(plan.unknownPermissions, { 'files:read': keys.length / 2 })
    assert.match(stderr, /the plan cannot be applied: unknown_permission \(15\)/)
    const lines = (await migration.read('problems.ndjson')).trim().split('\n').map((line) => JSON.parse(line))
    const stopped = lines.filter((line) => line.code === 'unknown_permission')
    assert.equal(stopped.length, keys.length / 2)
    assert.ok(stopped.every((line) => line.detail === 'files:read' && line.id.length > 0))
  })

  test('mapped, every key is native at once', async () => {
    await migration.edit((text) =>
      text
        .replace(/^# "files:read" = \{ \}.*$/m, '"files:read" = { files = "read" }')
        .replace(/^# "files:write" = \{ \}.*$/m, '"files:write" = { files = "create+update" }'),
    )
    const plan = await migration.json('plan')
    assert.deepEqual([plan.canApply, plan.outcomes], [true, { create: keys.length }])
    assert.deepEqual([plan.estimate.native, plan.estimate.legacy], [keys.length, 0])
    const { stdout, stderr } = await migration.run('plan')
    assertUnspoken([...keys.map((key) => key.key), 'canary-postgres'], stdout, stderr)
  })
})
