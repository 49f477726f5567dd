// Who may ask: credentials, rights, and the one shape of every refusal.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { eventually } from '../fixtures/eventually.mjs'
import { assertRefused } from '../fixtures/refusal.mjs'
import { clientOf, nativeFetch, OneloopError } from '../fixtures/sdk.mjs'
import { assertShape } from '../fixtures/shapes.mjs'
import { makeSdkKey, makeWorkspace, startTeam } from '../fixtures/team.mjs'

suite('refusals', () => {
  let acme
  before(async () => {
    acme = await startTeam()
  })
  after(() => acme.end())

  test('a wrong SDK key is UnauthorizedError', async () => {
    for (const token of ['nope', `${acme.sdkKey}x`, acme.sdkKey.slice(0, -1), acme.sdkKey.slice(1)]) {
      await assertRefused(clientOf(acme.url, token).getWorkspace(), 401, 'invalid_credential')
    }
  })

  test('a refusal is one that the client does not repeat', async () => {
    const refusals = () => acme.server.log().split('reason="unknown_workspace"').length - 1
    const before = refusals()
    await assertRefused(acme.oneloop.getWorkspaceById(`ws_${'f'.repeat(32)}`), 404, 'unknown_workspace')
    // The client repeats 408, 409, 429 and 5xx within milliseconds; the log has a line for each.
    await sleep(200)
    assert.equal(refusals() - before, 1)
  })

  test('every refusal is JSON of one shape', async () => {
    const json = { Authorization: `Bearer ${acme.sdkKey}`, 'Content-Type': 'application/json' }
    const post = (path, body, headers = json) => ({ path, method: 'POST', headers, body })
    const cases = [
      [401, 'no_credential', { path: '/api/v1/workspace', method: 'GET' }],
      [400, 'two_credentials', { path: '/api/v1/workspace', method: 'GET', headers: { ...json, 'X-Link-Token': 'x' } }],
      [404, 'unknown_route', { path: '/api/v1/nope', method: 'GET', headers: json }],
      [404, 'unknown_route', post('/api/v1/api-key/migrate', '{}')],
      [405, 'method_not_allowed', { path: '/api/v1/workspace', method: 'DELETE', headers: json }],
      [400, 'invalid_json', post('/api/v1/workspace', '{"name":')],
      [400, 'invalid_json', post('/api/v1/workspace', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
      [400, 'invalid_type', post('/api/v1/workspace', '[]')],
      [413, 'body_too_large', post('/api/v1/workspace', `{"name":"${'x'.repeat(2 * 1024 * 1024)}"}`)],
    ]
    for (const [status, reason, { path, ...request }] of cases) {
      const response = await nativeFetch(`${acme.url}${path}`, request)
      const { error, ...rest } = await response.json()
      assert.deepEqual(rest, {}, path)
      assertShape('error', error)
      assert.deepEqual([response.status, error.code, error.reason], [status, status, reason], `${request.method} ${path}`)
      assert.match(response.headers.get('content-type'), /^application\/json/)
    }
  })

  test('an answer that carries a secret is never cached', async () => {
    const { workspace } = await acme.oneloop.createWorkspace({ name: 'Caching' })
    const response = await nativeFetch(`${acme.url}/api/v1/api-key`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${acme.sdkKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'n', workspaceId: workspace.id, customerId: 'c', enabled: true, scopes: [] }),
    })
    assert.equal(response.status, 200)
    assert.match(response.headers.get('cache-control'), /no-store/)
    const { key } = (await response.json()).apiKey
    assert.ok(!acme.server.log().includes(key))
    assert.ok(!acme.server.log().includes(acme.sdkKey))
  })

  test('an SDK key does what its rights say and no more', async () => {
    const workspace = await makeWorkspace(acme.oneloop, 'Rights')
    const { key } = await makeSdkKey(acme.home, acme.teamId, 'workspace:read,api_keys:read')
    const reader = clientOf(acme.url, key)
    await eventually(() => reader.getWorkspace())
    assert.equal((await reader.verifyApiKey({ key: 'x', requestedScopes: [] })).status, 'INVALID')

    const body = { name: 'n', workspaceId: workspace.id, customerId: 'c', enabled: true, scopes: [] }
    const { apiKey } = await acme.oneloop.createApiKey(body)
    const refused = [
      () => reader.createWorkspace({ name: 'n' }),
      () => reader.updateWorkspace(workspace.id, { defaultAllowedIPs: [] }),
      () => reader.getWorkspaceScopes(workspace.id),
      () => reader.createWorkspaceScopes(workspace.id, { name: 'a', representation: 'a' }),
      () => reader.createApiKey(body),
      () => reader.editApiKey(workspace.id, apiKey.id, {}),
      () => reader.rotateApiKey(workspace.id, apiKey.id),
      () => reader.deleteApiKey(workspace.id, apiKey.id),
      () => reader.generateLinkToken({ workspaceId: workspace.id, customerId: 'c' }),
    ]
    for (const call of refused) await assertRefused(call(), 403, 'right_missing')
    assert.deepEqual(await acme.oneloop.getApiKeys(workspace.id), await reader.getApiKeys(workspace.id))
  })

  test('a revoked SDK key opens nothing any more', async () => {
    const { key, id } = await makeSdkKey(acme.home, acme.teamId, 'all')
    const second = clientOf(acme.url, key)
    await eventually(() => second.getWorkspace())
    await acme.home.admin('sdk-key', 'revoke', id)
    await eventually(async () => {
      const error = await second.getWorkspace().then(() => null, (error) => error)
      assert.ok(error instanceof OneloopError && error.statusCode === 401, 'it still works')
    })
  })
})
