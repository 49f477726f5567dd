// Tables as Laravel Sanctum makes them in MariaDB and Kong in PostgreSQL, with their documented hashes, and columns of
// every type that a legacy table may have.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'

import { mariadbDatabase, postgresDatabase } from './support/databases.mjs'
import { assertUnspoken, makeMigration } from './support/migrate.mjs'
import { makeTarget } from './support/target.mjs'

const init = ({ workspace }) => ['init', '--from', 'env:LEGACY_DATABASE_URL', '--workspace', workspace, '--yes', '--force']
const sha256 = (text) => createHash('sha256').update(text).digest('hex')
const random = (bytes) => randomBytes(bytes).toString('base64url')

suite('Laravel Sanctum in MariaDB', () => {
  /** More than two pages. */
  const COUNT = 12_345
  let target
  let migration
  const keys = Array.from({ length: COUNT }, (_, at) => ({ id: at + 1, secret: random(30) }))

  before(async () => {
    target = await makeTarget()
    const { url, sql } = await mariadbDatabase()
    migration = await makeMigration({ ...target.variables, LEGACY_DATABASE_URL: url })
    // The columns of Sanctum's own migration, as Laravel creates them in MariaDB.
    await sql(`CREATE TABLE personal_access_tokens (
      id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, tokenable_type varchar(255) NOT NULL,
      tokenable_id bigint unsigned NOT NULL, name text NOT NULL, token varchar(64) NOT NULL UNIQUE, abilities text NULL,
      last_used_at timestamp NULL, expires_at timestamp NULL, created_at timestamp NULL, updated_at timestamp NULL
    ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci`)
    const rows = keys.map(({ id, secret }) => {
      const abilities = id % 2 ? '["*"]' : '["server:update","server:read"]'
      const expires = id % 10 === 0 ? "'2020-01-01 00:00:00'" : 'NULL'
      const row = [id, `'App\\\\Models\\\\User'`, id % 100, `'Gerät ${id} 🔑'`, `'${sha256(secret)}'`, `'${abilities}'`]
      return `(${[...row, 'NULL', expires, "'2024-05-06 07:08:09'", "'2024-05-06 07:08:09'"].join(', ')})`
    })
    await sql(`INSERT INTO personal_access_tokens VALUES ${rows.join(',\n')}`)
  })
  after(async () => {
    await migration.remove()
    await target.end()
  })

  test('init finds it, and prove the part that is hashed', async () => {
    const { origin, permissions } = await migration.json(...init(target))
    assert.equal(origin, 'laravel_sanctum')
    assert.deepEqual(permissions, { '*': 6_173, 'server:read': 6_172, 'server:update': 6_172 })
    const [{ id, secret }] = keys
    const { recipe } = await migration.prove([{ key: `${id}|${secret}`, stored: sha256(secret) }])
    assert.equal(recipe, 'algorithm = "sha256", part = "after-first:|"')
  })

  test('every row of every page is planned once', async () => {
    await migration.edit((text) =>
      text.replace(
        '[permissions]',
        `[permissions]\n"*" = { servers = "all" }\n"server:read" = { servers = "read" }\n"server:update" = {}`,
      ),
    )
    const { code, stdout, stderr } = await migration.run('plan', '--json')
    assert.equal(code, 0, stderr)
    const plan = JSON.parse(stdout)
    assert.deepEqual([plan.rows, plan.outcomes], [COUNT, { create: COUNT }])
    assert.deepEqual(plan.notes, { expired_at_source: 1_234 })
    assert.equal(plan.estimate.legacy, COUNT, 'the whole key is not what was hashed')
    assert.match(stderr, /read-only, in one snapshot:\n {2}SELECT .*\n {2}FROM `personal_access_tokens`/)
    assertUnspoken(['canary-mariadb', keys[0].secret], stdout, stderr)
  })

  test('every key works as before', async () => {
    await target.apply(migration, COUNT)
    const held = keys.map(({ id, secret }) => ({ id, key: `${id}|${secret}` }))
    // All of them through our own client, which is quick; every tenth through the published one.
    await migration.write('real.txt', held.map(({ key }) => `${key}\n`).join(''))
    const { secrets } = await migration.json('reconcile', '--secrets', 'file:real.txt')
    assert.deepEqual(secrets, { verdicts: { EXPIRED: 1_234, VALID: COUNT - 1_234 }, unknownLines: [] })
    const some = held.filter(({ id }) => id % 20 === 0 || id % 20 === 7)
    await target.knows(some, ({ id }) => (id % 10 === 0 ? 'EXPIRED' : 'VALID'))
    assertUnspoken([keys[0].secret], target.log(), await migration.read('outcomes.ndjson'))
  })

  test('a cap on the rows a second holds', async () => {
    const began = process.hrtime.bigint()
    await migration.json('plan', '--rows-per-second', '5000')
    const seconds = Number(process.hrtime.bigint() - began) / 1e9
    assert.ok(seconds >= 2, `12,345 rows at 5,000 a second took ${seconds} s`)
  })
})

suite('Kong key-auth in PostgreSQL', () => {
  let target
  let migration
  const keys = Array.from({ length: 50 }, () => random(24))

  before(async () => {
    target = await makeTarget()
    const { url, sql } = await postgresDatabase()
    migration = await makeMigration({ ...target.variables, LEGACY_DATABASE_URL: url })
    // The columns of the plugin's own migrations.
    await sql(`CREATE TABLE consumers (id uuid PRIMARY KEY);
      CREATE TABLE keyauth_credentials (id uuid PRIMARY KEY,
        created_at timestamp with time zone DEFAULT (CURRENT_TIMESTAMP(0) AT TIME ZONE 'UTC'),
        consumer_id uuid REFERENCES consumers (id) ON DELETE CASCADE, key text UNIQUE,
        tags text[], ttl timestamp with time zone, ws_id uuid);
      INSERT INTO consumers SELECT gen_random_uuid() FROM generate_series(1, 5)`)
    const row = (key, at) =>
      `(gen_random_uuid(), (SELECT id FROM consumers ORDER BY id OFFSET ${at % 5} LIMIT 1), '${key}', ${
        at % 10 === 0 ? "'2020-01-01'" : 'NULL'
      })`
    await sql(`INSERT INTO keyauth_credentials (id, consumer_id, key, ttl) VALUES ${keys.map(row).join(', ')}`)
  })
  after(async () => {
    await migration.remove()
    await target.end()
  })

  test('init sees that its moments are no numbers here, and the plan reads them', async () => {
    const { origin, table } = await migration.json(...init(target))
    assert.deepEqual([origin, table], ['kong_key_auth', 'keyauth_credentials'])
    const mapping = await migration.read('migration.toml')
    assert.match(mapping, /^created = \{ column = "created_at", format = "iso8601" \}$/m)
    assert.match(mapping, /^expires = \{ column = "ttl", format = "iso8601" \}$/m)
    await migration.prove([{ key: keys[0], stored: keys[0] }])
    const plan = await migration.json('plan')
    assert.deepEqual([plan.outcomes, plan.notes.expired_at_source], [{ create: 50 }, 5])
    assert.equal(plan.estimate.native, 50)
    assertUnspoken(keys, JSON.stringify(plan), await migration.read('migration.toml'))
  })

  test('every key works as before', async () => {
    await target.apply(migration, keys.length)
    const held = keys.map((key, at) => ({ at, key }))
    await target.knows(held, ({ at }) => (at % 10 === 0 ? 'EXPIRED' : 'VALID'))
    assertUnspoken(keys, target.log(), await migration.read('outcomes.ndjson'))
  })
})

suite('columns of every type', () => {
  const key = random(32)
  const digest = sha256(key)
  const mapping = (kind, permissions, recipe) => `version = 1
[source]
kind = "${kind}"
location = "env:LEGACY_DATABASE_URL"
table = "odd"
[target]
workspace = "ws_1"
[columns]
id = "{id}"
key = "digest"
owner = "{owner}"
name = "{label}"
created = { column = "made" }
expires = { column = "ends" }
enabled = { column = "on_" }
permissions = { column = "can", format = "${permissions}" }
[metadata]
amount = "{amount}"
raw = "{raw}"
state = "{state}"
[recipe]
algorithm = "sha256"
${recipe}
[permissions]
read = { a = "read" }
"write it" = { a = "update" }
`

  async function plan(url, text) {
    const migration = await makeMigration({ LEGACY_DATABASE_URL: url })
    await migration.write('migration.toml', text)
    const answer = await migration.run('plan', '--waive-proof', 'the test', '--json', '--problems', 'problems.ndjson')
    const problems = await migration.read('problems.ndjson').catch(() => '')
    await migration.remove()
    return { ...answer, problems }
  }

  test('PostgreSQL: bytes, uuid, arrays, JSON, enums, moments with and without zone, bits and decimals', async () => {
    const { url, sql } = await postgresDatabase()
    await sql(`SET timezone = 'Asia/Tokyo'; CREATE TYPE state AS ENUM ('new', 'old'); CREATE DOMAIN who AS varchar(20);
      CREATE TABLE odd (id uuid PRIMARY KEY, digest bytea, owner who, label char(10), made timestamp, ends timestamptz,
        on_ boolean, can text[], amount numeric(30,10), raw bytea, state state, where_ point);
      INSERT INTO odd VALUES (gen_random_uuid(), '\\x${digest}', 'Ünï', 'a', '2024-01-01 00:00:00.123456', 'infinity', true,
        ARRAY['read','write it'], 12345678901234567890.5, '\\xA1B2', 'old', '(1,2)')`)
    for (const format of ['postgres-array', 'json-array']) {
      const { code, stdout, stderr, problems } = await plan(url, mapping('postgres', format, 'output = "raw"'))
      assert.deepEqual([code, JSON.parse(stdout).outcomes, problems], [0, { create: 1 }, ''], stderr)
      assert.equal(JSON.parse(stdout).estimate.native, 1)
    }
  })

  test('MariaDB: binary, bit, enum, decimal, JSON, and a type that has no text is named', async () => {
    const { url, sql } = await mariadbDatabase()
    await sql(`SET time_zone = '+09:00'; CREATE TABLE odd (id binary(16) PRIMARY KEY, digest binary(32), owner varchar(20),
        label char(10) CHARACTER SET latin1, made datetime(6), ends timestamp NULL, on_ bit(1), can json,
        amount decimal(30,10), raw varbinary(8), state enum('new','old'), place point);
      INSERT INTO odd VALUES (unhex(replace(uuid(), '-', '')), unhex('${digest}'), 'Ünï', 'é', '2024-01-01 00:00:00.123456',
        NULL, b'1', '["read","write it"]', 12345678901234567890.5, x'A1B2', 'old', POINT(1, 2))`)
    const good = mapping('mysql', 'json-array', 'output = "raw"')
    const { code, stdout, stderr, problems } = await plan(url, good)
    assert.deepEqual([code, JSON.parse(stdout || '{}').outcomes, problems], [0, { create: 1 }, ''], stderr)
    const opaque = await plan(url, good.replace('"{state}"', '"{place}"'))
    assert.equal(opaque.code, 1)
    assert.match(opaque.stderr, /column `place` is of type point, which cannot be read as text/)
  })

  test('what is missing, refused or unreachable is said without the password', async () => {
    const { url, sql } = await postgresDatabase()
    await sql('CREATE TABLE odd (id int PRIMARY KEY, digest text)')
    const text = mapping('postgres', 'space', '')
    const missing = await plan(url, text)
    assert.match(missing.stderr, /`odd` has no column .*`owner`.*; it has `id`, `digest`/)
    const table = await plan(url, text.replace('"odd"', '"even"'))
    assert.match(table.stderr, /there is no table `even`/)
    const wrong = Object.assign(new URL(url), { password: 'canary-wrong' }).href
    const refused = await plan(wrong, text)
    assert.match(refused.stderr, /cannot connect to the PostgreSQL database/)
    const other = await plan(url, text.replace('"postgres"', '"mysql"'))
    assert.match(other.stderr, /source.kind is mysql, and source.location is the URL of a PostgreSQL database/)
    for (const { code, stderr } of [missing, table, refused, other]) {
      assert.equal(code, 1)
      assertUnspoken(['canary-postgres', 'canary-wrong'], stderr)
    }
  })
})
