// Endpoints 17 and 18, and what a link token may then do in a browser's place.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { assertRefused } from '../fixtures/refusal.mjs'
import { clientOf, nativeFetch, scope } from '../fixtures/sdk.mjs'
import { assertShape } from '../fixtures/shapes.mjs'
import { makeWorkspace, startTeam } from '../fixtures/team.mjs'

const HOUR = 3_600_000

suite('link tokens', () => {
  let acme
  let workspace
  let globexKey
  before(async () => {
    acme = await startTeam()
    workspace = await makeWorkspace(acme.oneloop, 'Production', 'billing')
    globexKey = (await acme.oneloop.createApiKey({ ...body(), customerId: 'globex' })).apiKey
  })
  after(() => acme.end())

  const body = () => ({
    name: 'from the widget',
    workspaceId: workspace.id,
    customerId: 'northwind',
    enabled: true,
    scopes: [scope('billing', 'read')],
  })
  const mint = async () =>
    (await acme.oneloop.generateLinkToken({ workspaceId: workspace.id, customerId: 'northwind' })).token
  /** Asks as a browser with a link token does. */
  const ask = async (token, method, path, body) => {
    const response = await nativeFetch(`${acme.url}${path}`, {
      method,
      headers: { 'X-Link-Token': token, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }
  const keysPath = () => `/api/v1/workspace/${workspace.id}/api-key`

  test('a token lasts an hour, and says whose it is', async () => {
    const before = Date.now()
    const made = assertShape(
      'linkToken',
      await acme.oneloop.generateLinkToken({ workspaceId: workspace.id, customerId: 'northwind' }),
    )
    assert.ok(Math.abs(made.expiresAt - before - HOUR) < 10_000, `${made.expiresAt}`)
    const status = assertShape('linkTokenStatus', await acme.oneloop.validateLinkToken(made.token))
    const { valid, expiresAt, workspaceId, customerId } = status
    assert.deepEqual(
      { valid, expiresAt, workspaceId, customerId },
      { valid: true, expiresAt: made.expiresAt, workspaceId: workspace.id, customerId: 'northwind' },
    )
    assert.equal((await ask(made.token, 'GET', `/api/v1/link-token/${made.token}`)).body.valid, true)
  })

  test('it does all that a widget needs, for its own customer', async () => {
    const token = await mint()
    const created = await ask(token, 'POST', '/api/v1/api-key', body())
    assert.equal(created.status, 200)
    const { id, key } = assertShape('issuedApiKey', created.body.apiKey)
    const verdict = async (key) => (await acme.oneloop.verifyApiKey({ key, requestedScopes: [] })).status
    assert.equal(await verdict(key), 'VALID')

    const list = await ask(token, 'GET', keysPath())
    assert.deepEqual(list.body.apiKeys.map((apiKey) => apiKey.id), [id])
    assert.equal((await ask(token, 'GET', `/api/v1/workspace/${workspace.id}/scopes`)).body.scopes.length, 1)
    assert.equal((await ask(token, 'PATCH', `${keysPath()}/${id}`, { enabled: false })).body.apiKey.enabled, false)
    assert.equal(await verdict(key), 'DISABLED')
    const rotated = await ask(token, 'POST', `${keysPath()}/${id}/rotate`)
    assert.notEqual(assertShape('issuedApiKey', rotated.body.apiKey).key, key)
    assert.equal((await ask(token, 'DELETE', `${keysPath()}/${id}`)).body.apiKey.deleted, true)
  })

  test('it reaches no other customer', async () => {
    const token = await mint()
    const theirs = `${keysPath()}/${globexKey.id}`
    const refused = async (status, reason, method, path, body) => {
      const answer = await ask(token, method, path, body)
      assertShape('error', answer.body.error)
      assert.deepEqual([answer.status, answer.body.error.reason], [status, reason], `${method} ${path}`)
    }
    await refused(404, 'unknown_api_key', 'PATCH', theirs, { name: 'mine' })
    await refused(404, 'unknown_api_key', 'DELETE', theirs)
    await refused(404, 'unknown_api_key', 'POST', `${theirs}/rotate`)
    await refused(403, 'other_customer', 'POST', '/api/v1/api-key', { ...body(), customerId: 'globex' })
    const elsewhere = (await acme.oneloop.createWorkspace({ name: 'Elsewhere' })).workspace.id
    await refused(403, 'other_workspace', 'POST', '/api/v1/api-key', { ...body(), workspaceId: elsewhere, scopes: [] })
    await refused(403, 'field_not_allowed', 'POST', '/api/v1/api-key', { ...body(), metadata: { plan: 'free' } })

    const { key } = globexKey
    assert.equal((await acme.oneloop.verifyApiKey({ key, requestedScopes: [] })).status, 'VALID', 'untouched')
    const list = await ask(token, 'GET', keysPath())
    assert.ok(!JSON.stringify(list.body).includes(globexKey.id))
  })

  test('it opens nothing that a widget has no use for', async () => {
    const token = await mint()
    const closed = [
      ['GET', '/api/v1/workspace'],
      ['POST', '/api/v1/workspace', { name: 'mine' }],
      ['GET', `/api/v1/workspace/${workspace.id}`],
      ['PATCH', `/api/v1/workspace/${workspace.id}`, { defaultAllowedIPs: [] }],
      ['POST', `/api/v1/workspace/${workspace.id}/scope`, { name: 'A', representation: 'a' }],
      ['POST', '/api/v1/api-key/verify', { key: globexKey.key, requestedScopes: [] }],
      ['POST', '/api/v1/link-token', { workspaceId: workspace.id, customerId: 'globex' }],
    ]
    for (const [method, path, body] of closed) {
      const answer = await ask(token, method, path, body)
      assert.deepEqual([answer.status, answer.body.error.reason], [403, 'credential_not_accepted'], `${method} ${path}`)
    }
    await assertRefused(clientOf(acme.url, token).getWorkspace(), 401, 'invalid_credential')
  })

  test('a token of another server, or none, is unknown', async () => {
    await assertRefused(acme.oneloop.validateLinkToken('A'.repeat(43)), 404, 'unknown_link_token')
    const answer = await ask('A'.repeat(43), 'GET', keysPath())
    assert.deepEqual([answer.status, answer.body.error.reason], [401, 'invalid_credential'])
  })
})

suite('a short link token', () => {
  test('once expired it is known to the SDK key as such, and refused everywhere else', async (t) => {
    const acme = await startTeam('--link-token-ttl', '1s')
    t.after(acme.end)
    const workspace = await makeWorkspace(acme.oneloop, 'Production')
    const { token, expiresAt } = await acme.oneloop.generateLinkToken({
      workspaceId: workspace.id,
      customerId: 'northwind',
    })
    await sleep(expiresAt - Date.now() + 20)
    const status = assertShape('linkTokenStatus', await acme.oneloop.validateLinkToken(token))
    assert.equal(status.valid, false)
    for (const path of [`/api/v1/link-token/${token}`, `/api/v1/workspace/${workspace.id}/api-key`]) {
      const response = await nativeFetch(`${acme.url}${path}`, { headers: { 'X-Link-Token': token } })
      assert.equal(response.status, 401)
      assert.equal((await response.json()).error.reason, 'link_token_expired')
    }
    assert.ok(!acme.server.log().includes(token), 'it stands in a URL path: the access log must not have it')
  })
})
