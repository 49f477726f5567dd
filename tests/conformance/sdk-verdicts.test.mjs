// Endpoint 14: each verdict, always with HTTP 200, as the published client hands it on.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { assertRefused } from '../fixtures/refusal.mjs'
import { scope } from '../fixtures/sdk.mjs'
import { assertShape } from '../fixtures/shapes.mjs'
import { makeWorkspace, startTeam } from '../fixtures/team.mjs'

suite('verdicts', () => {
  let acme
  let workspace
  before(async () => {
    acme = await startTeam()
    workspace = await makeWorkspace(acme.oneloop, 'Production', 'billing', 'metrics')
  })
  after(() => acme.end())

  const create = async (body = {}) => {
    const { apiKey } = await acme.oneloop.createApiKey({
      name: 'checked',
      workspaceId: workspace.id,
      customerId: 'northwind',
      enabled: true,
      scopes: [scope('billing', 'read', 'update')],
      ...body,
    })
    return apiKey
  }
  const verify = async (key, body = {}) =>
    assertShape('verification', await acme.oneloop.verifyApiKey({ key, requestedScopes: [], ...body }))
  const verdict = async (key, ...requestedScopes) => (await verify(key, { requestedScopes })).status

  test('VALID says whose key it is and what it may do', async () => {
    const expiresAt = Date.now() + 3_600_000
    const { key, id } = await create({ expiresAt })
    const { scopes, requestedScopes, metadata, ...rest } = await verify(key, {
      requestedScopes: [scope('billing', 'read')],
      route: '/invoices/:id',
    })
    assert.deepEqual(rest, {
      apiKeyId: id,
      expiresAt,
      status: 'VALID',
      billing: null,
      externalMeterId: null,
      customerId: 'northwind',
    })
    assert.deepEqual(requestedScopes, [scope('billing', 'read')])
    assert.deepEqual(scopes.map(({ id, ...grant }) => grant), [scope('billing', 'read', 'update')])
    assert.deepEqual(metadata, {})
  })

  test('a VALID verification is when the key was last used', async () => {
    const { key, id } = await create()
    const before = Date.now()
    assert.equal(await verdict(key), 'VALID')
    // Written behind the answer, within a second.
    let lastUsedAt = null
    for (const deadline = before + 5_000; lastUsedAt === null && Date.now() < deadline; await sleep(50)) {
      lastUsedAt = (await acme.oneloop.getApiKeyById(workspace.id, id)).apiKey.lastUsedAt
    }
    assert.ok(Math.abs(Date.parse(lastUsedAt) - before) < 2_000, `${lastUsedAt}`)
  })

  test('one leading `Bearer ` is not part of the key', async () => {
    const { key } = await create()
    assert.equal(await verdict(`Bearer ${key}`), 'VALID')
    assert.equal(await verdict(`Bearer Bearer ${key}`), 'INVALID')
  })

  test('INVALID for what was never a key here, and it says nothing more', async () => {
    const { key } = await create()
    const last = key.at(-1) === 'A' ? 'B' : 'A'
    for (const wrong of ['', 'x', `${key} `, `${key}x`, key.slice(0, -1) + last, key.toLowerCase(), 'é🚀\u0000']) {
      const answer = await verify(wrong)
      assert.deepEqual(
        { ...answer, requestedScopes: undefined },
        {
          apiKeyId: '',
          expiresAt: null,
          requestedScopes: undefined,
          status: 'INVALID',
          metadata: {},
          billing: null,
          externalMeterId: null,
          customerId: null,
          scopes: [],
        },
      )
    }
  })

  test('DISABLED while it is switched off, VALID again after', async () => {
    const { key, id } = await create({ enabled: false })
    assert.equal(await verdict(key), 'DISABLED')
    await acme.oneloop.editApiKey(workspace.id, id, { enabled: true })
    assert.equal(await verdict(key), 'VALID')
    await acme.oneloop.editApiKey(workspace.id, id, { enabled: false })
    assert.equal(await verdict(key), 'DISABLED')
  })

  test('EXPIRED from the millisecond it names', async () => {
    const expiresAt = Date.now() + 700
    const { key } = await create({ expiresAt })
    assert.equal(await verdict(key), 'VALID')
    await sleep(expiresAt - Date.now() + 5)
    const answer = await verify(key)
    assert.equal(answer.status, 'EXPIRED')
    assert.equal(answer.expiresAt, expiresAt)
  })

  test('DELETED on the very next request', async () => {
    const { key, id } = await create()
    await acme.oneloop.deleteApiKey(workspace.id, id)
    assert.equal(await verdict(key), 'DELETED')
  })

  test('INVALID_SCOPES unless every bit asked for is held, on every scope', async () => {
    const { key, id } = await create()
    assert.equal(await verdict(key, scope('billing', 'read', 'update')), 'VALID')
    assert.equal(await verdict(key, scope('billing', 'create')), 'INVALID_SCOPES')
    assert.equal(await verdict(key, scope('billing', 'read'), scope('metrics', 'read')), 'INVALID_SCOPES')
    assert.equal(await verdict(key, scope('Billing', 'read')), 'INVALID_SCOPES', 'matched exactly')
    assert.equal(await verdict(key, scope('metrics')), 'VALID', 'no bit asks for nothing')

    await acme.oneloop.editApiKey(workspace.id, id, { scopes: [scope('metrics', 'read')] })
    assert.equal(await verdict(key, scope('billing', 'read')), 'INVALID_SCOPES', 'a scope was taken away')
  })

  test('rotation: the old secret is INVALID at once, the new one VALID', async () => {
    const { key, id } = await create()
    const { apiKey } = await acme.oneloop.rotateApiKey(workspace.id, id)
    assert.equal(await verdict(key), 'INVALID')
    assert.equal(await verdict(apiKey.key), 'VALID')
  })

  test('the first reason wins, in the decided order', async () => {
    const asked = scope('metrics', 'read')
    const expiresAt = Date.now() + 500
    const { key, id } = await create({ expiresAt, enabled: false })
    await sleep(expiresAt - Date.now() + 5)
    assert.equal(await verdict(key, asked), 'DISABLED')
    await acme.oneloop.editApiKey(workspace.id, id, { enabled: true })
    assert.equal(await verdict(key, asked), 'EXPIRED')
    await acme.oneloop.deleteApiKey(workspace.id, id)
    assert.equal(await verdict(key, asked), 'DELETED')
  })

  test('RATE_LIMITED over the workspace’s default, counted for each key', async () => {
    const limited = await makeWorkspace(acme.oneloop, 'Limited')
    await acme.oneloop.updateWorkspace(limited.id, { defaultAllowedIPs: [], defaultRateLimitPerSecond: 1 })
    const [one, other] = [
      await create({ workspaceId: limited.id, scopes: [] }),
      await create({ workspaceId: limited.id, scopes: [] }),
    ]
    const first = await verify(one.key)
    assert.equal(first.status, 'VALID')
    assert.equal(first.rateLimit.remaining, 0)
    const second = await verify(one.key)
    assert.equal(second.status, 'RATE_LIMITED')
    assert.equal(second.rateLimit.remaining, 0)
    assert.ok(second.rateLimit.resetAt > Date.now() - 1_000)
    assert.equal(await verdict(other.key), 'VALID', 'another key has its own bucket')
  })

  test('RATE_LIMITED over the limit that the call names; a refused request costs nothing', async () => {
    const { key } = await create()
    const { key: other } = await create()
    const rateLimitConfig = { id: 'tenant-7', limit: 2 }
    const status = async (key, ...requestedScopes) =>
      (await verify(key, { rateLimitConfig, requestedScopes })).status

    assert.equal(await status(key, scope('metrics', 'read')), 'INVALID_SCOPES')
    assert.equal(await status(key), 'VALID')
    assert.equal(await status(other), 'VALID', 'one id is one bucket, whatever the key')
    assert.equal(await status(key), 'RATE_LIMITED')
  })

  test('what is wrong with a request is said by name', async () => {
    const verifying = (body) => acme.oneloop.verifyApiKey({ key: 'k', requestedScopes: [], ...body })
    await assertRefused(verifying({ key: undefined }), 400, 'missing_field', 'key')
    await assertRefused(verifying({ key: 5 }), 400, 'invalid_type', 'key')
    const config = (id, limit) => verifying({ rateLimitConfig: { id, limit } })
    await assertRefused(config('x', 0), 400, 'out_of_range', 'rateLimitConfig.limit')
    await assertRefused(config('', 1), 400, 'external_id_empty', 'rateLimitConfig.id')
  })
})
