// A Oneloop of which one has nothing but its API and an SDK key, as with the original: what it says of its keys from
// there, the keys themselves from the integrator's own file.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'

import { nativeFetch, scope } from '../fixtures/sdk.mjs'
import { makeWorkspace, startTeam } from '../fixtures/team.mjs'
import { assertUnspoken, makeMigration } from './support/migrate.mjs'
import { makeTarget } from './support/target.mjs'

suite('another Oneloop by its API', () => {
  let source, workspace, target, migration
  const keys = []
  let init

  before(async () => {
    source = await startTeam()
    workspace = await makeWorkspace(source.oneloop, 'Production', 'deployments', 'logs')
    const make = async (name, more) => {
      const scopes = [scope('deployments', 'read', 'create'), scope('logs', 'del')]
      const request = { name, workspaceId: workspace.id, customerId: `of ${name}`, enabled: true, scopes, ...more }
      const { apiKey } = await source.oneloop.createApiKey(request)
      keys.push(apiKey)
      return apiKey
    }
    await make('one', { prefix: 'acme' })
    await make('two', { expiresAt: Date.now() + 86_400_000 })
    await make('off', { enabled: false })
    await make('counted', { totalUsageAllowed: 5 })
    await make('gone')
    await source.oneloop.deleteApiKey(workspace.id, keys.at(-1).id)
    await make('nobody kept it')
    target = await makeTarget()
    migration = await makeMigration({ ...target.variables, OLD_SDK_KEY: source.sdkKey })
    const lines = keys.slice(0, -1).map(({ id, key, name }) => `${id},${key},"{""note"": ""${name}""}"\n`)
    const stray = `ak_0190163d8694739faea5966c26f8ad91,canary-of-${randomBytes(24).toString('base64url')},\n`
    await migration.write('keys.csv', `id,key,metadata\n${lines.join('')}${stray}`)
    init = ['init', '--from', source.url, '--workspace', target.workspace, '--yes']
  })
  after(async () => {
    await migration?.remove()
    await target?.end()
    await source?.end()
  })

  test('without the keys, it says why they have to be given', async () => {
    const { code, stderr } = await migration.run(...init)
    assert.deepEqual([code, /no API shows a key/.test(stderr), /--source-keys PATH/.test(stderr)], [1, true, true])
    const wrong = ['--source-keys', 'keys.csv', '--source-sdk-key', 'env:ONELOOP_SDK_KEY']
    const refused = await migration.run(...init, ...wrong)
    assert.deepEqual([refused.code, /the other Oneloop/.test(refused.stderr)], [1, true], refused.stderr)
  })

  test('what the API says and what the file holds become one row', async () => {
    const made = await migration.json(...init, '--source-keys', 'keys.csv', '--source-sdk-key', 'env:OLD_SDK_KEY')
    assert.deepEqual([made.origin, made.sourceWorkspace, made.leftOut], ['oneloop', workspace.id, ['externalMeterId']])
    const [{ key }] = keys
    await migration.prove([{ key, stored: key }])
    const plan = await migration.json('plan', '--problems', 'problems.ndjson', '--output', 'plan.json')
    assert.deepEqual(plan.outcomes, { create: 5, key_missing: 1, owner_missing: 1 })
    const problems = (await migration.read('problems.ndjson')).trim().split('\n').map((line) => JSON.parse(line))
    const of = (code) => problems.find((row) => row.code === code).id
    assert.deepEqual([of('key_missing'), of('owner_missing')], [keys.at(-1).id, 'ak_0190163d8694739faea5966c26f8ad91'])
    assertUnspoken([...keys.map((it) => it.key), source.sdkKey, 'canary-of'], JSON.stringify(plan), JSON.stringify(problems))
  })

  test('every key that was kept works as before', async () => {
    const applied = await migration.run('apply', '--plan', 'plan.json')
    assert.equal(applied.code, 3, applied.stderr)
    assert.match(applied.stderr, /2 rows became no key/)
    const outcomes = (await migration.read('outcomes.ndjson')).trim().split('\n').map((line) => JSON.parse(line).code)
    assert.deepEqual(outcomes.sort(), [...Array(5).fill('created'), 'key_missing', 'owner_missing'])
    const compared = await migration.json('reconcile')
    assert.deepEqual([compared.reconciled, compared.differences], [true, 0])
    const expected = { off: 'DISABLED', gone: 'DELETED' }
    const kept = keys.slice(0, -1)
    await target.knows(kept, ({ name }) => expected[name] ?? 'VALID')
    const { ONELOOP_URL: url, ONELOOP_SDK_KEY: sdkKey } = target.variables
    const list = async (base, token, id) => {
      const headers = { Authorization: `Bearer ${token}` }
      const answer = await nativeFetch(`${base}/api/v1/workspace/${id}/api-key?includeDeleted=true`, { headers })
      const same = ({ id, name, customerId, prefix, maskedKey, expiresAt, createdAt, enabled, deleted }) =>
        JSON.stringify({ id, name, customerId, prefix, maskedKey, expiresAt, createdAt, enabled, deleted })
      return (await answer.json()).apiKeys.map(same).sort()
    }
    const there = await list(source.url, source.sdkKey, workspace.id)
    assert.deepEqual(await list(url, sdkKey, target.workspace), there.filter((key) => !key.includes('nobody kept it')))
    const { metadata, scopes } = await target.oneloop.verifyApiKey({ key: keys[0].key, requestedScopes: [] })
    assert.deepEqual(metadata, { note: 'one' })
    assert.deepEqual(scopes.map(({ id, ...grant }) => grant), [scope('deployments', 'read', 'create'), scope('logs', 'del')])
    assertUnspoken(keys.map((it) => it.key), target.log(), source.server.log(), applied.stderr)
  })
})
