// A thousand keys of another system come along: each goes on working with its old secret, and no trace of it is kept.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'

import { eventually } from '../fixtures/eventually.mjs'
import { expectedVerdict, LEGACY_SCOPES, legacyKeys } from '../fixtures/legacy-keys.mjs'
import { clientOf, nativeFetch, scope } from '../fixtures/sdk.mjs'
import { secretSearch } from '../fixtures/secret-search.mjs'
import { makeHome } from '../fixtures/server.mjs'
import { assertAnswer, assertShape } from '../fixtures/shapes.mjs'
import { makeSdkKey, makeTeam, makeWorkspace } from '../fixtures/team.mjs'

const COUNT = 1_000
const SEED = 20_261_123

suite('a thousand legacy keys', () => {
  const now = Date.now()
  const legacy = legacyKeys({ count: COUNT, seed: SEED, now })
  /** The id that each of them was given, in the same order. */
  let ids
  let home
  let server
  let acme
  let workspace
  let oneloop

  before(async () => {
    home = await makeHome()
    acme = await makeTeam(home, 'Fabrikam')
    server = await home.serve('--demo', '--demo-dir', 'www/demo')
    oneloop = clientOf(server.url, acme.sdkKey)
    workspace = await makeWorkspace(oneloop, 'Production', ...LEGACY_SCOPES)
  })
  after(async () => {
    await server.stop()
    await home.remove()
  })

  const migrate = async (body, sdkKey = acme.sdkKey) => {
    const response = await nativeFetch(`${server.url}/api/v1/api-key/migrate`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${sdkKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ workspaceId: workspace.id, ...body }),
    })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  const refusal = async (...args) => {
    const { status, body } = await migrate(...args)
    assertShape('error', body.error)
    return [status, body.error.reason]
  }
  const gate = (...args) => home.admin('migration-window', ...args, '--team', acme.teamId)
  const verify = async (key, ...requestedScopes) =>
    assertShape('verification', await oneloop.verifyApiKey({ key, requestedScopes }))

  test('the generator gives the same distinct keys every time, of every kind', () => {
    assert.deepEqual(legacy, legacyKeys({ count: COUNT, seed: SEED, now }))
    assert.notDeepEqual(legacy, legacyKeys({ count: COUNT, seed: SEED + 1, now }))
    assert.equal(new Set(legacy.map(({ key }) => key)).size, COUNT)
    const of = (test) => legacy.filter(test).length
    assert.ok(of(({ key }) => key.length === 20) > 100)
    assert.ok(of(({ key }) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key)) > 100)
    assert.ok(of(({ key }) => /^[\w-]{43}$/.test(key)) > 100)
    assert.ok(of(({ name }) => / /.test(name)) > 100)
    assert.ok(of(({ name }) => /[^\x00-\x7f]/.test(name)) > 100)
    for (const verdict of ['VALID', 'DISABLED', 'EXPIRED']) {
      assert.ok(of((key) => expectedVerdict(key, now) === verdict) >= 40, verdict)
    }
  })

  test('the door is shut until an operator opens it, and then only to whom it was opened', async () => {
    assert.deepEqual(await refusal(legacy[0]), [404, 'unknown_route'])
    await gate('open', '--from', '203.0.113.7', '--for', '1h')
    await eventually(async () => assert.deepEqual(await refusal(legacy[0]), [403, 'migration_address']))

    await gate('open', '--from', '127.0.0.1', '--for', '1h')
    const { key } = await makeSdkKey(home, acme.teamId, 'workspace:all,workspace_scopes:all,api_keys:all')
    await eventually(() => clientOf(server.url, key).getWorkspace())
    assert.deepEqual(await refusal(legacy[0], key), [403, 'right_missing'])
    const globex = await makeTeam(home, 'Globex')
    await eventually(() => clientOf(server.url, globex.sdkKey).getWorkspace())
    assert.deepEqual(await refusal(legacy[0], globex.sdkKey), [404, 'unknown_route'], 'the window is one team’s')
    assert.equal((await verify(legacy[0].key)).status, 'INVALID', 'nothing came through')
  })

  test('every key comes along, once', async () => {
    // The window's last change may be a moment away.
    await eventually(async () => assert.equal((await migrate(legacy[0])).status, 200))
    ids = await inParallel(legacy, async (key) => {
      const { status, headers, body } = await migrate(key)
      assert.equal(status, 200, JSON.stringify(body))
      assert.match(headers.get('cache-control'), /no-store/)
      const apiKey = assertAnswer(body, 'apiKey', 'issuedApiKey')
      assert.equal(apiKey.key, key.key)
      assert.equal(apiKey.name, key.name)
      assert.equal(apiKey.customerId, key.customerId)
      assert.equal(apiKey.enabled, key.enabled)
      assert.equal(apiKey.expiresAt, key.expiresAt ?? null)
      assert.equal(apiKey.createdAt, key.createdAt)
      assert.deepEqual(apiKey.scopes.map(({ id, ...grant }) => grant), key.scopes)
      assert.ok(apiKey.maskedKey.length <= 8 && apiKey.maskedKey.startsWith('****'), apiKey.maskedKey)
      return apiKey.id
    })
    assert.equal(new Set(ids).size, COUNT)
  })

  test('every old secret gets the verdict that it had', async () => {
    await inParallel(legacy, async (key, at) => {
      const expected = expectedVerdict(key, now)
      const found = await verify(key.key)
      assert.deepEqual(
        [found.status, found.apiKeyId, found.customerId, found.metadata],
        [expected, ids[at], key.customerId, key.metadata ?? {}],
        `key ${at}`,
      )
      const held = (representation) => key.scopes.some((grant) => grant.representation === representation)
      for (const representation of LEGACY_SCOPES) {
        const status = (await verify(key.key, scope(representation, 'read'))).status
        const allowed = expected !== 'VALID' || held(representation)
        assert.equal(status, allowed ? expected : 'INVALID_SCOPES', `key ${at}, ${representation}`)
      }
    })
  })

  test('nothing but the very same bytes is a key', async () => {
    const known = new Set(legacy.map(({ key }) => key))
    await inParallel(legacy, async ({ key }) => {
      const near = [`${key}x`, `${key} `, key.slice(0, -1), key.toLowerCase(), key.toUpperCase(), key.normalize('NFD')]
      for (const wrong of near.filter((wrong) => !known.has(wrong))) {
        assert.equal((await verify(wrong)).status, 'INVALID')
      }
    })
  })

  test('running it all again changes nothing and gives the same ids', async () => {
    const before = await oneloop.getApiKeys(workspace.id)
    const again = await inParallel(legacy, async (key) => (await migrate(key)).body.apiKey?.id)
    assert.deepEqual(again, ids)
    assert.deepEqual(await oneloop.getApiKeys(workspace.id), before)
    assert.deepEqual(before.apiKeys.map(({ id }) => id).sort(), [...ids].sort())

    assert.deepEqual(await refusal({ ...legacy[3], name: 'another name' }), [400, 'exists_different'])
    assert.deepEqual(await refusal({ ...legacy[3], enabled: !legacy[3].enabled }), [400, 'exists_different'])
    assert.deepEqual(await oneloop.getApiKeys(workspace.id), before)
  })

  test('limits of a migrated key are refused by name', async () => {
    const odd = async (body) => {
      const { status, body: answer } = await migrate({ ...legacy[0], ...body })
      return [status, answer.error.reason, answer.error.field]
    }
    assert.deepEqual(await odd({ key: 'x'.repeat(7) }), [400, 'key_too_short', 'key'])
    assert.deepEqual(await odd({ key: 'x'.repeat(513) }), [400, 'key_too_long', 'key'])
    assert.deepEqual(await odd({ key: 'fresh-key-1', name: '' }), [400, 'name_empty', 'name'])
    assert.deepEqual(await odd({ key: 'fresh-key-2', scopes: [scope('nope', 'read')] }), [
      400,
      'unknown_scope',
      'scopes[0].representation',
    ])
    for (const key of ['fresh-key-1', 'fresh-key-2']) assert.equal((await verify(key)).status, 'INVALID')
  })

  test('a migrated key is a key like any other: edited, rotated, deleted', async () => {
    const at = legacy.findIndex((key) => expectedVerdict(key, now) === 'VALID')
    const { key } = legacy[at]
    await oneloop.editApiKey(workspace.id, ids[at], { enabled: false })
    assert.equal((await verify(key)).status, 'DISABLED')
    await oneloop.editApiKey(workspace.id, ids[at], { enabled: true })
    const rotated = (await oneloop.rotateApiKey(workspace.id, ids[at])).apiKey
    assert.equal((await verify(key)).status, 'INVALID')
    assert.equal((await verify(rotated.key)).status, 'VALID')
    await oneloop.deleteApiKey(workspace.id, ids[at])
    assert.equal((await verify(rotated.key)).status, 'DELETED')
  })

  test('the window shuts by an operator, and by itself', async () => {
    await gate('close')
    await eventually(async () => assert.deepEqual(await refusal(legacy[0]), [404, 'unknown_route']))
    await gate('open', '--from', '127.0.0.1', '--for', '1s')
    await eventually(async () => assert.deepEqual(await refusal(legacy[0]), [404, 'unknown_route']))
  })

  test('no secret stands in the database, its log, the server’s output, an answer or a page', async () => {
    const search = secretSearch([...legacy.map(({ key }) => key), acme.sdkKey])
    // The search itself works: each dress of a secret is found in the middle of something else.
    const { key } = legacy[2]
    for (const dressed of [key, Buffer.from(key).toString('hex'), Buffer.from(`{"k":"${key}"}`).toString('base64')]) {
      assert.equal(search(Buffer.from(`before ${dressed} after`)).length, 1)
    }

    const clean = (what, bytes) => assert.deepEqual(search(bytes), [], `${what} holds a secret`)
    const get = async (path, headers) => {
      const response = await nativeFetch(`${server.url}${path}`, { headers })
      return Buffer.from(await response.arrayBuffer())
    }
    const { token } = await oneloop.generateLinkToken({ workspaceId: workspace.id, customerId: 'northwind' })
    const keys = `/api/v1/workspace/${workspace.id}/api-key`
    const list = await get(keys, { Authorization: `Bearer ${acme.sdkKey}` })
    assert.ok(list.includes(legacy[2].name))
    clean('the list', list)
    clean('the deleted list', await get(`${keys}?includeDeleted=true`, { Authorization: `Bearer ${acme.sdkKey}` }))
    clean('the widget’s list', await get(keys, { 'X-Link-Token': token }))
    const page = await get('/')
    assert.ok(page.includes('<oneloop-keys'))
    clean('the page', page)

    const files = async () => {
      const names = await readdir(home.folder)
      return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(home.folder, name))])))
    }
    const running = await files()
    await server.stop()
    const stopped = await files()
    const database = [...running, ...stopped].filter(([name]) => name.startsWith('oneloop.db'))
    assert.ok([...running.keys()].includes('oneloop.db-wal'), 'there is a write-ahead log to look into')
    const all = Buffer.concat(database.map(([, bytes]) => bytes))
    assert.ok(legacy.every(({ name }) => all.includes(name)), 'the names are in there, so this is where to look')
    for (const [name, bytes] of [...running, ...stopped]) clean(name, bytes)

    const log = server.log()
    assert.ok(log.split('/api/v1/api-key/migrate').length > 2 * COUNT, 'every request has its line')
    clean('the server’s output', Buffer.from(log))
    assert.ok(!log.includes(token), 'the link token is a secret too')
    server = await home.serve('--demo', '--demo-dir', 'www/demo')
    oneloop = clientOf(server.url, acme.sdkKey)
    assert.equal((await verify(legacy[1].key)).status, expectedVerdict(legacy[1], now), 'and they work after a restart')
  })
})

/** Runs `work` over `items`, sixteen at a time, and answers with the results in order. */
async function inParallel(items, work) {
  const results = new Array(items.length)
  const queue = items.entries()
  const worker = async () => {
    for (const [at, item] of queue) results[at] = await work(item, at)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  return results
}
