// A rate limit over three processes: the bound that holds without Redis, and the exact limit with one, which is taken
// away and comes back.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'

import { redis } from '../../scripts/databases/redis.mjs'
import { patiently, startCluster } from './cluster.mjs'

const NODES = 3
const REQUESTS_A_NODE = 40

/**
 * All requests at once, as many to each node.
 *
 * @returns How often each verdict was given, and how long it took in seconds.
 */
async function rush(cluster, key, body) {
  const began = performance.now()
  const asking = Array.from({ length: NODES * REQUESTS_A_NODE }, (_, at) => cluster.says(at % NODES, key, body))
  const said = {}
  for (const verdict of await Promise.all(asking)) said[verdict] = (said[verdict] ?? 0) + 1
  return { said, seconds: (performance.now() - began) / 1_000 }
}

/** A limit lets its burst through at once, and then as many a second. */
function assertPassed({ said, seconds }, limit, nodes) {
  const [least, most] = [nodes * limit, nodes * (limit + Math.floor(seconds * limit))]
  assert.ok(said.VALID >= least && said.VALID <= most, `${JSON.stringify(said)} in ${seconds} s, not ${least}…${most}`)
  assert.equal(said.VALID + said.RATE_LIMITED, NODES * REQUESTS_A_NODE, JSON.stringify(said))
}

/** A workspace with one key that every node knows. */
async function aKey(cluster) {
  const workspace = await cluster.workspace('Production')
  const body = { name: 'ci', workspaceId: workspace.id, customerId: 'ada', enabled: true, scopes: [] }
  const { apiKey } = await patiently(() => cluster.clients[0].createApiKey(body))
  for (let node = 0; node < NODES; node += 1) {
    await patiently(async () => assert.equal(await cluster.says(node, apiKey.key), 'VALID'))
  }
  return apiKey.key
}

const limited = (id, limit) => ({ rateLimitConfig: { id, limit } })

suite('a rate limit without Redis', () => {
  let cluster
  before(async () => (cluster = await startCluster(NODES)))
  after(() => cluster.end())

  test('holds on each node: over all of them it is that many times', async () => {
    const key = await aKey(cluster)
    for (const limit of [1, 10]) assertPassed(await rush(cluster, key, limited(`own-${limit}`, limit)), limit, NODES)
  })
})

suite('a rate limit with Redis', () => {
  let server
  let url
  let cluster
  let key
  before(async () => {
    ;({ server, url } = await redis())
    cluster = await startCluster(NODES, '--redis', url)
    key = await aKey(cluster)
  })
  after(async () => {
    await cluster.end()
    await server.discard()
  })

  test('is exact over all nodes', async () => {
    for (const limit of [50, 1, 7]) assertPassed(await rush(cluster, key, limited(`shared-${limit}`, limit)), limit, 1)
  })

  test('lets exactly the limit through in a window in which nothing comes back', async () => {
    const call = async (node, path, body) => {
      const headers = { authorization: `Bearer ${cluster.team.sdkKey}`, 'content-type': 'application/json' }
      const url = new URL(`/api/v1/${path}`, cluster.nodes[node].url)
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
      assert.equal(response.status, 200)
      return response.json()
    }
    const { jwt } = await call(0, 'jwt', { payload: {} })
    const body = { jwt, rateLimitConfig: { id: 'window', limit: 50, interval: '1h' } }
    const asking = Array.from({ length: NODES * REQUESTS_A_NODE }, (_, at) => call(at % NODES, 'jwt/verify', body))
    const said = await Promise.all(asking)
    assert.equal(said.filter(({ status }) => status === 'VALID').length, 50)
    assert.equal(said.filter(({ denied }) => denied === 'rate_limited').length, NODES * REQUESTS_A_NODE - 50)
  })

  test('is each node’s own while Redis is away, and shared again when it is back', async () => {
    await server.stop('SIGKILL')
    const away = await rush(cluster, key, limited('away', 10))
    assertPassed(away, 10, NODES)
    await server.start()
    const back = () => cluster.nodes.every((node) => /answers again/.test(node.log()))
    await patiently(async () => assert.ok(back(), 'nobody noticed'))
    assertPassed(await rush(cluster, key, limited('back', 10)), 10, 1)
    for (const node of cluster.nodes) {
      assert.equal(node.log().match(/does not answer; each node counts for itself/g).length, 1, node.log())
    }
  })

  test('no log holds the password of Redis', () => {
    for (const node of cluster.nodes) {
      assert.match(node.log(), /redis:\/\/127\.0\.0\.1/)
      assert.doesNotMatch(node.log(), /canary-redis/)
    }
  })
})

suite('a rate limit that Redis must confirm', () => {
  let server
  let cluster
  before(async () => {
    const started = await redis()
    server = started.server
    cluster = await startCluster(NODES, '--redis', started.url, '--when-redis-away', 'refuse')
  })
  after(async () => {
    await cluster.end()
    await server.discard()
  })

  test('is refused while Redis is away, and requests without one are not', async () => {
    const key = await aKey(cluster)
    await server.stop('SIGKILL')
    const { said } = await rush(cluster, key, limited('away', 1_000))
    assert.deepEqual(said, { 503: NODES * REQUESTS_A_NODE })
    assert.equal(await cluster.says(0, key), 'VALID', 'has no limit')
    await server.start()
    await patiently(async () => assert.equal(await cluster.says(0, key, limited('away', 1_000)), 'VALID'))
  })
})
