// Endpoints 7 to 12: creating, listing, reading, editing, deleting and rotating keys.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'

import { assertRefused } from '../fixtures/refusal.mjs'
import { scope } from '../fixtures/sdk.mjs'
import { assertAnswer, assertShape } from '../fixtures/shapes.mjs'
import { makeWorkspace, startTeam } from '../fixtures/team.mjs'

/** Prefix, `_`, 43 base62 characters and a checksum of 6. */
const minted = (prefix) => new RegExp(`^${prefix}_[0-9A-Za-z]{49}$`)

suite('keys', () => {
  let acme
  let workspace
  before(async () => {
    acme = await startTeam()
    workspace = await makeWorkspace(acme.oneloop, 'Production', 'billing', 'metrics')
  })
  after(() => acme.end())

  const create = async (body = {}) => {
    const answer = await acme.oneloop.createApiKey({
      name: 'ci-deploy',
      workspaceId: workspace.id,
      customerId: 'northwind',
      enabled: true,
      scopes: [scope('billing', 'read')],
      ...body,
    })
    return assertAnswer(answer, 'apiKey', 'issuedApiKey')
  }
  const without = ({ key, ...apiKey }) => apiKey
  const grants = (apiKey) => apiKey.scopes.map(({ id, ...grant }) => grant)

  test('a new key is answered with its secret once, and never again', async () => {
    const { oneloop } = acme
    const created = await create()
    assert.match(created.key, minted('ol'))
    assert.equal(created.maskedKey, `ol_****${created.key.slice(-4)}`)
    assert.equal(created.prefix, 'ol')
    assert.deepEqual(grants(created), [scope('billing', 'read')])
    assert.deepEqual(
      { ...created, scopes: undefined, key: undefined, id: undefined, createdAt: undefined, updatedAt: undefined },
      {
        id: undefined,
        name: 'ci-deploy',
        maskedKey: created.maskedKey,
        prefix: 'ol',
        expiresAt: null,
        totalUsageLeft: null,
        limitUsage: false,
        scopes: undefined,
        enabled: true,
        customerId: 'northwind',
        deleted: false,
        createdAt: undefined,
        updatedAt: undefined,
        lastUsedAt: null,
        billingId: null,
        key: undefined,
      },
    )

    const read = assertAnswer(await oneloop.getApiKeyById(workspace.id, created.id), 'apiKey', 'apiKey')
    assert.deepEqual(read, without(created))
    const list = await oneloop.getApiKeys(workspace.id)
    assert.deepEqual(Object.keys(list), ['apiKeys'])
    list.apiKeys.forEach((apiKey) => assertShape('apiKey', apiKey))
    assert.deepEqual(list.apiKeys[0], without(created), 'the newest stands first')
    assert.ok(!JSON.stringify([read, list]).includes(created.key))
  })

  test('prefix and expiry come from the request, or else from the workspace', async () => {
    const { oneloop } = acme
    const own = await makeWorkspace(oneloop, 'With defaults')
    await oneloop.updateWorkspace(own.id, {
      defaultAllowedIPs: [],
      defaultKeyPrefix: 'acme_live',
      defaultExpiration: 3_600_000,
    })

    const before = Date.now()
    const defaulted = await create({ workspaceId: own.id, scopes: [] })
    assert.match(defaulted.key, minted('acme_live'))
    assert.ok(Math.abs(defaulted.expiresAt - before - 3_600_000) < 10_000, `${defaulted.expiresAt}`)

    const expiresAt = before + 86_400_000
    const chosen = await create({ workspaceId: own.id, scopes: [], prefix: 'ci', expiresAt })
    assert.match(chosen.key, minted('ci'))
    assert.equal(chosen.expiresAt, expiresAt)
  })

  test('names keep every script; scope ids that a client sends are ignored', async () => {
    const name = 'デプロイ 🚀 مفتاح "quoted" \\ back'
    const created = await create({ name, scopes: [{ ...scope('metrics', 'read', 'del'), id: 'sc_of_another_key' }] })
    assert.equal(created.name, name)
    assert.deepEqual(grants(created), [scope('metrics', 'read', 'del')])
  })

  test('an edit changes what it names and nothing else; `{}` changes nothing', async () => {
    const { oneloop } = acme
    const created = without(await create())
    const edit = async (body) =>
      assertAnswer(await oneloop.editApiKey(workspace.id, created.id, body), 'apiKey', 'apiKey')

    const renamed = await edit({ name: 'renamed' })
    assert.deepEqual({ ...renamed, updatedAt: created.updatedAt }, { ...created, name: 'renamed' })
    const rescoped = await edit({ scopes: [scope('metrics', 'create', 'read')] })
    assert.deepEqual(grants(rescoped), [scope('metrics', 'create', 'read')], 'scopes are replaced, not added')
    assert.equal((await edit({ enabled: false })).enabled, false)
    const untouched = await edit({})
    assert.equal(untouched.enabled, false)
    assert.equal(untouched.name, 'renamed')
    assert.deepEqual(await oneloop.getApiKeyById(workspace.id, created.id), { apiKey: untouched })
  })

  test('rotation keeps the key and all of it, but for the secret', async () => {
    const { oneloop } = acme
    const first = await create({ name: 'rotating', expiresAt: Date.now() + 86_400_000 })
    const second = assertAnswer(await oneloop.rotateApiKey(workspace.id, first.id), 'apiKey', 'issuedApiKey')
    assert.match(second.key, minted('ol'))
    assert.notEqual(second.key, first.key)
    const kept = ({ id, name, prefix, expiresAt, enabled, customerId, createdAt }) => ({
      ...{ id, name, prefix, expiresAt, enabled, customerId, createdAt },
    })
    assert.deepEqual(kept(second), kept(first))
    assert.deepEqual(grants(second), grants(first))
    assert.equal(second.maskedKey, `ol_****${second.key.slice(-4)}`)
  })

  test('a deleted key leaves the list, is still found by its id, and no longer changes', async () => {
    const { oneloop } = acme
    const { id } = await create()
    const deleted = assertAnswer(await oneloop.deleteApiKey(workspace.id, id), 'apiKey', 'apiKey')
    assert.equal(deleted.deleted, true)
    assert.equal((await oneloop.deleteApiKey(workspace.id, id)).apiKey.deleted, true, 'twice is fine')

    const { apiKeys } = await oneloop.getApiKeys(workspace.id)
    assert.ok(apiKeys.every((apiKey) => apiKey.id !== id))
    assert.equal((await oneloop.getApiKeyById(workspace.id, id)).apiKey.deleted, true)
    await assertRefused(oneloop.editApiKey(workspace.id, id, { name: 'back' }), 400, 'api_key_deleted')
    await assertRefused(oneloop.rotateApiKey(workspace.id, id), 400, 'api_key_deleted')
  })

  test('what is wrong with a field is said by name, and nothing is created', async () => {
    const { oneloop } = acme
    const count = async () => (await oneloop.getApiKeys(workspace.id)).apiKeys.length
    const before = await count()
    const long = 'x'.repeat(256)

    await assertRefused(create({ name: '' }), 400, 'name_empty', 'name')
    await assertRefused(create({ name: long }), 400, 'name_too_long', 'name')
    await assertRefused(create({ name: 'a\u0000b' }), 400, 'control_character', 'name')
    await assertRefused(create({ name: undefined }), 400, 'missing_field', 'name')
    await assertRefused(create({ name: 7 }), 400, 'invalid_type', 'name')
    await assertRefused(create({ customerId: '' }), 400, 'customer_id_empty', 'customerId')
    await assertRefused(create({ customerId: long }), 400, 'customer_id_too_long', 'customerId')
    await assertRefused(create({ prefix: 'a b' }), 400, 'prefix_invalid', 'prefix')
    await assertRefused(create({ prefix: 'p'.repeat(17) }), 400, 'prefix_too_long', 'prefix')
    await assertRefused(create({ expiresAt: 1_700_000_000 }), 400, 'expires_at_past', 'expiresAt')
    await assertRefused(create({ scopes: [scope('nope', 'read')] }), 400, 'unknown_scope', 'scopes[0].representation')
    const twice = [scope('billing', 'read'), scope('billing', 'create')]
    await assertRefused(create({ scopes: twice }), 400, 'duplicate_grant', 'scopes[1].representation')
    await assertRefused(create({ workspaceId: `ws_${'0'.repeat(32)}` }), 404, 'unknown_workspace')
    await assertRefused(oneloop.getApiKeyById(workspace.id, `ak_${'0'.repeat(32)}`), 404, 'unknown_api_key')
    assert.equal(await count(), before)
  })
})
