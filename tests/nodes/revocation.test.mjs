// Three processes, one PostgreSQL: a key that was revoked on one is refused by all, whatever happens to the database.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { scope } from '../fixtures/sdk.mjs'
import { patiently, startCluster } from './cluster.mjs'

/** How long after a revocation was acknowledged another node may still accept the key, in milliseconds. */
const PROMISE = 1_000

const NODES = [0, 1, 2]

suite('three nodes on one PostgreSQL', () => {
  let cluster
  let workspace
  before(async () => {
    cluster = await startCluster(NODES.length)
    workspace = await cluster.workspace('Production')
  })
  after(() => cluster.end())

  const create = async (node) => {
    const body = { name: 'ci', workspaceId: workspace.id, customerId: 'ada', enabled: true }
    const scopes = [scope('billing', 'read')]
    const { apiKey } = await patiently(() => cluster.clients[node].createApiKey({ ...body, scopes }))
    return apiKey
  }
  const becomes = (node, key, wanted) =>
    patiently(async () => assert.equal(await cluster.says(node, key), wanted, `node ${node}`))
  const everywhere = (key, wanted) => Promise.all(NODES.map((node) => becomes(node, key, wanted)))

  test('they found one new database together, and agree', async () => {
    for (const node of NODES) {
      const { key } = await create(node)
      await everywhere(key, 'VALID')
    }
  })

  test('what one revokes, it refuses at once and the others within a second', async () => {
    let slowest = 0
    for (let round = 0; round < 9; round += 1) {
      const here = round % NODES.length
      const { id, key } = await create(here)
      await everywhere(key, 'VALID')
      await cluster.clients[here].deleteApiKey(workspace.id, id)
      const revoked = performance.now()
      assert.equal(await cluster.says(here, key), 'DELETED', 'the very next request')
      await everywhere(key, 'DELETED')
      slowest = Math.max(slowest, performance.now() - revoked)
    }
    assert.ok(slowest < PROMISE, `${slowest} ms`)
  })

  test('a revoked SDK key, too', async () => {
    const args = ['--team', cluster.team.teamId, '--name', 'short-lived', '--rights', 'api_keys:read', '--json']
    const { sdkKey } = JSON.parse(await cluster.home.admin('sdk-key', 'create', ...args))
    const status = async (node) => {
      const url = new URL(`/api/v1/api-key/verify`, cluster.nodes[node].url)
      const headers = { authorization: `Bearer ${sdkKey.key}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ key: 'anything', requestedScopes: [] })
      return (await fetch(url, { method: 'POST', headers, body })).status
    }
    const all = (wanted) => Promise.all(NODES.map((node) => patiently(async () => assert.equal(await status(node), wanted))))
    await all(200)
    await cluster.home.admin('sdk-key', 'revoke', sdkKey.id)
    await all(401)
  })

  /**
   * Breaks the database again and again while every node verifies without a pause. Each time a key is revoked, as
   * soon as some node can; from a second after that was acknowledged no node may accept it.
   */
  async function storm(disturb, rounds) {
    const kept = await create(0)
    await everywhere(kept.key, 'VALID')
    const watched = [{ key: kept.key, revoked: Infinity, accepted: 0 }]
    let over = false
    const ask = async (node) => {
      while (!over) {
        for (const entry of watched) {
          const asked = performance.now()
          const said = await cluster.says(node, entry.key)
          assert.ok(['VALID', 'DELETED', 503].includes(said), `${said}`)
          const late = asked - entry.revoked
          if (said === 'VALID') entry.accepted += 1
          assert.ok(said !== 'VALID' || late <= PROMISE, `node ${node} accepted it ${late} ms after its revocation`)
        }
      }
    }
    const asking = Promise.all(NODES.map(ask))
    const breaking = (async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { id, key } = await create(round % NODES.length)
        await everywhere(key, 'VALID')
        const entry = { key, revoked: Infinity, accepted: 0 }
        watched.push(entry)
        const disturbed = disturb()
        await patiently(() => cluster.clients[(round + 1) % NODES.length].deleteApiKey(workspace.id, id))
        entry.revoked = performance.now()
        await disturbed
        await everywhere(key, 'DELETED')
      }
      await sleep(PROMISE)
      over = true
    })()
    await Promise.race([asking, breaking])
    await Promise.all([asking, breaking])
    await everywhere(kept.key, 'VALID')
    assert.ok(watched[0].accepted > rounds, 'the nodes went on verifying')
  }

  test('connections that are terminated hide no revocation', async () => {
    const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'oneloop'`
    await storm(async () => {
      for (let again = 0; again < 5; again += 1) {
        await cluster.sql(terminate)
        await sleep(20)
      }
    }, 5)
  })

  test('a PostgreSQL that is restarted hides no revocation', async () => {
    await storm(async () => {
      await cluster.database.stop('SIGINT')
      await sleep(300)
      await cluster.database.start()
    }, 3)
  })

  test('a PostgreSQL that crashes hides no revocation', async () => {
    await storm(async () => {
      await cluster.database.stop('SIGQUIT')
      await cluster.database.start()
    }, 3)
  })

  test('no log holds the password of the database', () => {
    for (const node of cluster.nodes) {
      assert.match(node.log(), /postgres:\/\/oneloop@127\.0\.0\.1/)
      assert.doesNotMatch(node.log(), /canary-postgres/)
    }
  })
})
