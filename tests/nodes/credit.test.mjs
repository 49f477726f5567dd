// Credit is exact: on one node that is killed in the middle, on SQLite and PostgreSQL, and over three nodes at once.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'

import { postgres } from '../../scripts/databases/postgres.mjs'
import { clientOf } from '../fixtures/sdk.mjs'
import { makeHome } from '../fixtures/server.mjs'
import { makeTeam, makeWorkspace } from '../fixtures/team.mjs'
import { patiently, startCluster } from './cluster.mjs'

/** What the meter holds, and how many ask for a piece of it at the same time. */
const CREDIT = 150
// More than are charged together, so that some wait when the first have their answers.
const ASKING = 256

/** The service at `url`, as one team's server sees it. */
function ask(url, sdkKey) {
  const send = async (method, path, body) => {
    const headers = { authorization: `Bearer ${sdkKey}`, 'content-type': 'application/json' }
    const response = await fetch(new URL(path, url), { method, headers, body: body && JSON.stringify(body) })
    const answer = await response.json()
    if (response.status === 503) return 503
    assert.equal(response.status, 200, JSON.stringify(answer))
    return answer
  }
  return {
    send,
    meter: (workspaceId, externalMeterId) =>
      send('POST', '/api/v1/customer-billing', { workspaceId, externalMeterId, totalCredits: `${CREDIT}` }),
    async used(workspaceId, externalMeterId) {
      const query = new URLSearchParams({ workspaceId, externalMeterId })
      const { billing } = await send('GET', `/api/v1/customer-billing?${query}`)
      const { data } = await send('GET', `/api/v1/usage/${externalMeterId}`)
      const total = data.reduce((sum, row) => sum + Number(row.totalBillingUsage), 0)
      assert.equal(total, Number(billing.usedCredits), 'the usage by day is what the meter says')
      return total
    },
    /** The verdict; 503 where the service says that it cannot tell, `cut off` where it says nothing at all. */
    async spend(key) {
      const request = send('POST', '/api/v1/api-key/verify', { key, requestedScopes: [], billing: { usage: '1' } })
      const answer = await request.catch((error) => {
        // What `fetch` throws when a connection ends. A failed assertion is another matter.
        if (error instanceof TypeError || error instanceof SyntaxError) return 'cut off'
        throw error
      })
      return answer?.status ?? answer
    },
  }
}

const count = (answers, wanted) => answers.filter((answer) => answer === wanted).length

async function newKey(client, workspaceId, externalMeterId) {
  const body = { name: 'metered', workspaceId, customerId: 'ada', enabled: true, scopes: [], externalMeterId }
  const { apiKey } = await client.createApiKey(body)
  return apiKey.key
}

/** Kills the server while `ASKING` spend, as soon as `answered` of them have their answer; then lets them all try again. */
async function crash(home, team, answered) {
  const server = await home.serve()
  const name = `killed-after-${answered}`
  const client = clientOf(server.url, team.sdkKey)
  const workspace = await makeWorkspace(client, name)
  const before = ask(server.url, team.sdkKey)
  await before.meter(workspace.id, name)
  const key = await newKey(client, workspace.id, name)

  let answers = 0
  let killed
  const spent = await Promise.all(
    Array.from({ length: ASKING }, async () => {
      const answer = await before.spend(key)
      answers += 1
      if (answers >= answered) killed ??= server.kill()
      return answer
    }),
  )
  await killed

  const restarted = await home.serve()
  const later = ask(restarted.url, team.sdkKey)
  const acknowledged = count(spent, 'VALID')
  const cutOff = count(spent, 'cut off')
  const charged = await later.used(workspace.id, name)
  assert.ok(charged >= acknowledged, `${charged} charged, ${acknowledged} acknowledged: a charge was lost`)
  // What was charged and not acknowledged was under way when the server died.
  assert.ok(charged <= acknowledged + cutOff && charged <= CREDIT, `${charged} charged, ${acknowledged} + ${cutOff}`)

  const rest = await Promise.all(Array.from({ length: ASKING }, () => later.spend(key)))
  assert.equal(count(rest, 'VALID'), CREDIT - charged, 'what is left is all there, and no more')
  assert.equal(count(rest, 'USAGE_LIMITED'), ASKING - (CREDIT - charged))
  assert.equal(await later.used(workspace.id, name), CREDIT)
  assert.ok(acknowledged + count(rest, 'VALID') <= CREDIT)
  await restarted.stop()
  return cutOff
}

/** From a crash before the first answer was read to one in the middle of them. */
const MOMENTS = [1, 2, 8, 30]

suite('a server that is killed while many spend', () => {
  for (const [database, start] of [
    ['SQLite', async () => ({ home: await makeHome(), end: () => {} })],
    [
      'PostgreSQL',
      async () => {
        const { server, url } = await postgres()
        return { home: await makeHome(url), end: () => server.discard() }
      },
    ],
  ]) {
    test(`on ${database}: never more than the credit, and every charge that was acknowledged`, async () => {
      const { home, end } = await start()
      try {
        const team = await makeTeam(home)
        let cutOff = 0
        for (const moment of MOMENTS) cutOff += await crash(home, team, moment)
        assert.ok(cutOff > 0, 'no request was under way when a server was killed: this proved nothing')
      } finally {
        await end()
        await home.remove()
      }
    })
  }
})

suite('three nodes that charge one meter', () => {
  let cluster
  before(async () => (cluster = await startCluster(3)))
  after(() => cluster.end())

  test('let exactly the credit through', async () => {
    const { clients, nodes, team } = cluster
    const workspace = await cluster.workspace('Metered')
    const services = nodes.map(({ url }) => ask(url, team.sdkKey))
    for (let round = 0; round < 3; round += 1) {
      const name = `shared-${round}`
      await services[round].meter(workspace.id, name)
      const key = await newKey(clients[round], workspace.id, name)
      await Promise.all(nodes.map((_, node) => patiently(async () => assert.equal(await cluster.says(node, key), 'VALID'))))
      const spent = await Promise.all(Array.from({ length: ASKING }, (_, at) => services[at % 3].spend(key)))
      assert.equal(count(spent, 'VALID'), CREDIT, `${spent}`)
      assert.equal(count(spent, 'USAGE_LIMITED'), ASKING - CREDIT)
      for (const service of services) assert.equal(await service.used(workspace.id, name), CREDIT)
    }
  })

  test('and change one key at once: not a use, a refill or an edit is lost or counted twice', async () => {
    const { clients, nodes, team } = cluster
    const workspace = await cluster.workspace('Changed')
    const services = nodes.map(({ url }) => ask(url, team.sdkKey))
    const everywhere = (count, run) => Promise.all(Array.from({ length: count }, (_, at) => run(services[at % 3], at)))
    await services[0].meter(workspace.id, 'recorded')
    const { apiKey } = await clients[0].createApiKey({
      name: 'busy',
      workspaceId: workspace.id,
      customerId: 'ada',
      enabled: true,
      scopes: [],
      totalUsageAllowed: CREDIT,
      externalMeterId: 'recorded',
    })
    const path = `/api/v1/workspace/${workspace.id}/api-key/${apiKey.id}`
    const verdicts = []
    const verify = async (service, route) => {
      const { status } = await service.send('POST', '/api/v1/api-key/verify', { key: apiKey.key, requestedScopes: [], route })
      verdicts.push(status)
      return status
    }
    for (const service of services) await patiently(async () => assert.equal(await verify(service), 'VALID'))

    const [refills, amount, edits, records] = [9, 3, 9, 30]
    await Promise.all([
      everywhere(2 * ASKING, (service, at) => verify(service, at % 2 ? 'even' : undefined)),
      everywhere(refills, (service) => service.send('POST', `${path}/refill`, { amount })),
      everywhere(edits, (service, at) => service.send('PATCH', path, { name: `edit ${at}` })),
      everywhere(records, (service) => service.send('POST', '/api/v1/api-key/record-usage', { key: apiKey.key, usage: '1' })),
    ])

    const valid = count(verdicts, 'VALID')
    const limited = count(verdicts, 'USAGE_LIMITED')
    const answers = await Promise.all(services.map((service) => service.send('GET', path)))
    const [{ apiKey: stored }] = answers
    assert.equal(valid + stored.totalUsageLeft, CREDIT + refills * amount, 'what was allowed is used or left')
    for (const answer of answers) assert.deepEqual(answer.apiKey, stored, 'every node shows the same key')
    assert.match(stored.name, /^edit \d$/)
    assert.equal(await services[1].used(workspace.id, 'recorded'), records)
    const { activity } = await services[2].send('GET', `${path}/activity`)
    assert.equal(activity.filter(({ action }) => action === 'api_key.updated').length, edits)
    // Counted in memory, and written within a second.
    await patiently(async () => {
      const { usage } = await services[0].send('GET', `${path}/usage`)
      const counted = (status) => usage.days.reduce((sum, { statuses }) => sum + (statuses[status] ?? 0), 0)
      assert.deepEqual([counted('VALID'), counted('USAGE_LIMITED')], [valid, limited])
    })
  })
})
