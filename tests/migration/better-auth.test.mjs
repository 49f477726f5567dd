// better-auth's API-key plugin in PostgreSQL: its own table, its own hash, its permissions.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'

import { postgresDatabase } from './support/databases.mjs'
import { betterAuth } from './support/legacy.mjs'
import { assertUnspoken, makeMigration } from './support/migrate.mjs'
import { makeTarget } from './support/target.mjs'

suite('better-auth in PostgreSQL', () => {
  let target
  let migration
  let keys

  before(async () => {
    target = await makeTarget()
    const { url } = await postgresDatabase()
    migration = await makeMigration({ ...target.variables, LEGACY_DATABASE_URL: url })
    keys = await betterAuth(url)
  })
  after(async () => {
    await migration.remove()
    await target.end()
  })

  test('the table is found among the others, and its permissions are listed for the reader', async () => {
    const init = ['init', '--from', 'env:LEGACY_DATABASE_URL', '--workspace', target.workspace, '--yes']
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

  test('every key works as before, with its permissions', async () => {
    const report = await target.apply(migration, keys.length)
    assert.deepEqual(report.scopesCreated, ['files'])
    await target.knows(keys, (key) => (key.disabled ? 'DISABLED' : 'VALID'))
    const asked = [{ representation: 'files', create: true, read: true, update: true, del: false }]
    const may = async (key) => (await target.oneloop.verifyApiKey({ key, requestedScopes: asked })).status
    // Every second was minted with permissions; the first of those is disabled.
    assert.deepEqual(await Promise.all([2, 3].map((at) => may(keys[at].key))), ['VALID', 'INVALID_SCOPES'])
    const { customerId } = await target.oneloop.verifyApiKey({ key: keys[2].key, requestedScopes: [] })
    assert.equal(customerId, keys[2].owner)
  })

  test('both sides are the same, and every real key is known; the report says so, signed', async () => {
    await migration.write('real.txt', keys.map(({ key }) => `${key}\n`).join(''))
    const both = await migration.json('reconcile', '--secrets', 'file:real.txt')
    assert.deepEqual([both.reconciled, both.differences], [true, 0])
    assert.equal(both.source.digest, both.target.digest)
    const disabled = keys.filter((key) => key.disabled).length
    assert.deepEqual(both.secrets.verdicts, { DISABLED: disabled, VALID: keys.length - disabled })
    const { publicKey } = await migration.json('report', '--output', 'report.json')
    const genuine = await migration.json('verify-report', 'report.json', '--public-key', publicKey.x)
    assert.deepEqual([genuine.genuine, genuine.report.reconciled], [true, true])
  })

  test('rolled back, no key is left', async () => {
    const { migration: job } = await migration.json('rollback', '--yes')
    assert.deepEqual([job.state, job.counts.removed], ['rolled_back', keys.length])
    await target.knows(keys, () => 'INVALID')
    assert.deepEqual((await target.oneloop.getApiKeys(target.workspace)).apiKeys, [])
  })
})
