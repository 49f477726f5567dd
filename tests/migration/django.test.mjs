// Django's three libraries for keys, in SQLite and in PostgreSQL, from their own tables to keys that work here.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'

import { postgresDatabase } from './support/databases.mjs'
import { django } from './support/legacy.mjs'
import { assertUnspoken, makeMigration } from './support/migrate.mjs'
import { makeTarget } from './support/target.mjs'

/** Where each library's keys are, what a plan of them has to say, and what verify says of each afterwards. */
const LIBRARIES = {
  authtoken: {
    table: 'authtoken_token',
    origin: 'django_rest_framework_authtoken',
    recipe: 'algorithm = "plaintext"',
    native: true,
    notes: (keys) => ({ name_empty: keys.length }),
    verdict: () => 'VALID',
  },
  knox: {
    table: 'knox_authtoken',
    origin: 'django_rest_knox',
    recipe: 'algorithm = "sha512"',
    notes: (keys) => ({ expired_at_source: keys.filter((key) => key.expired).length, name_empty: keys.length }),
    verdict: (key) => (key.expired ? 'EXPIRED' : 'VALID'),
  },
  api_key: {
    table: 'rest_framework_api_key_apikey',
    origin: 'djangorestframework_api_key',
    recipe: 'algorithm = "django"',
    notes: (keys) => ({ revoked_at_source: keys.filter((key) => key.revoked).length }),
    verdict: (key) => (key.revoked ? 'DISABLED' : 'VALID'),
  },
}

for (const kind of ['sqlite', 'postgres']) {
  suite(`Django in ${kind}`, () => {
    let target
    let migration
    let minted
    let from

    before(async () => {
      target = await makeTarget()
      if (kind === 'postgres') {
        const { url } = await postgresDatabase()
        migration = await makeMigration({ ...target.variables, LEGACY_DATABASE_URL: url })
        from = 'env:LEGACY_DATABASE_URL'
        minted = await django(url)
      } else {
        migration = await makeMigration(target.variables)
        from = 'django.db'
        minted = await django(`sqlite:${join(migration.folder, from)}`)
      }
    })
    after(async () => {
      await migration.remove()
      await target.end()
    })

    for (const [library, expected] of Object.entries(LIBRARIES)) {
      test(`${library}: init, prove, plan and apply; every key works as before`, async () => {
        const keys = minted[library]
        const place = ['--from', from, '--table', expected.table, '--workspace', target.workspace]
        const init = ['init', ...place, '--yes', '--force']
        assert.equal((await migration.json(...init)).origin, expected.origin)
        const unproved = await migration.run('plan')
        assert.deepEqual([unproved.code, unproved.stdout], [1, ''])
        assert.match(unproved.stderr, /nobody has proved/)

        const proof = await migration.prove(keys.slice(0, 2).map(({ key, stored }) => ({ key, stored })))
        assert.deepEqual([proof.recipe, proof.keys], [expected.recipe, 2])

        const plan = await migration.json('plan', '--problems', 'problems.ndjson')
        assert.deepEqual(
          [plan.rows, plan.outcomes, plan.notes],
          [keys.length, { create: keys.length }, expected.notes(keys)],
        )
        assert.equal(plan.estimate.native, expected.native ? keys.length : 0)
        assert.match(plan.digest, /^[0-9a-f]{64}$/)
        assert.equal((await migration.json('plan')).digest, plan.digest, 'the same rows are the same plan')

        const { stdout, stderr } = await migration.run('plan')
        await target.apply(migration, keys.length)
        await target.knows(keys, expected.verdict)
        const names = ['migration.toml', 'problems.ndjson', 'plan.json', 'outcomes.ndjson']
        const files = await Promise.all(names.map(migration.read))
        const secrets = [...keys.map((key) => key.key), 'canary-postgres']
        assertUnspoken(secrets, stdout, stderr, target.log(), ...files)
      })
    }

    test('a wrong key proves nothing and leaves the mapping alone', async () => {
      const init = ['init', '--from', from, '--table', 'knox_authtoken', '--workspace', 'ws_1', '--yes', '--force']
      await migration.json(...init)
      const before = await migration.read('migration.toml')
      const [one, other] = minted.knox
      await migration.write('pairs.csv', `key,stored\n${one.key},${other.stored}\n`)
      const { code, stdout, stderr } = await migration.run('prove', '--pairs', 'pairs.csv')
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /no recipe fits; hex of 64 bytes/)
      assertUnspoken([one.key, other.stored], stderr)
      assert.equal(await migration.read('migration.toml'), before)
    })
  })
}
