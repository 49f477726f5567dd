// A database that vanishes without a word, as by a power cut or an address that moved: nobody closes the connections.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { postgres } from '../../scripts/databases/postgres.mjs'
import { clientOf } from '../fixtures/sdk.mjs'
import { makeHome } from '../fixtures/server.mjs'
import { makeTeam, makeWorkspace } from '../fixtures/team.mjs'
import { patiently } from './cluster.mjs'

/** A way to the database that can be cut without either end being told. */
async function wayTo(url) {
  const target = new URL(url)
  const pairs = new Set()
  const server = net.createServer((client) => {
    const database = net.connect(Number(target.port), target.hostname)
    client.pipe(database)
    database.pipe(client)
    const pair = [client, database]
    pairs.add(pair)
    for (const end of pair) {
      end.on('error', () => {})
      end.on('close', () => pair.forEach((other) => other.destroy()))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const way = new URL(url)
  way.port = server.address().port
  way.hostname = '127.0.0.1'
  return {
    url: way.href,
    /** What is connected now hears nothing any more. New connections work. */
    silence() {
      for (const [client, database] of pairs) {
        client.unpipe(database)
        database.unpipe(client)
        client.removeAllListeners('close')
        database.removeAllListeners('close')
        client.on('data', () => {})
        database.destroy()
      }
      const count = pairs.size
      pairs.clear()
      return count
    },
    close: () => server.close(),
  }
}

suite('a PostgreSQL that vanishes without a word', () => {
  let database
  let way
  let home
  let node
  let client
  let workspace
  before(async () => {
    const made = await postgres()
    database = made.server
    way = await wayTo(made.url)
    home = await makeHome(way.url)
    node = await home.serve()
    const team = await makeTeam(home)
    client = clientOf(node.url, team.sdkKey)
    workspace = await patiently(() => makeWorkspace(client, 'Production', 'billing'))
  })
  after(async () => {
    await node?.stop()
    way?.close()
    await database?.discard()
    await home?.remove()
  })

  const key = async (name) => {
    const { apiKey } = await client.createApiKey({
      name,
      workspaceId: workspace.id,
      customerId: 'ada',
      enabled: true,
      scopes: [],
    })
    return apiKey
  }

  test('a node goes on with new connections: it follows, creates, and says that it is ready', async () => {
    const before = await key('before')
    // Some of them in the middle of something.
    let over = false
    const busy = Array.from({ length: 4 }, async () => {
      while (!over) await key('meanwhile').catch(() => sleep(50))
    })
    await sleep(300)
    assert.ok(way.silence() > 3, 'it was connected')
    // What waits in the middle of an answer is given up after a quarter of a minute.
    const deadline = Date.now() + 60_000
    for (;;) {
      try {
        const answer = await fetch(new URL('/readyz', node.url), { signal: AbortSignal.timeout(5_000) })
        assert.equal(answer.status, 200)
        await Promise.race([key('after'), sleep(5_000).then(() => assert.fail('no key within five seconds'))])
        const { status } = await client.verifyApiKey({ key: before.key, requestedScopes: [] })
        assert.equal(status, 'VALID')
        break
      } catch (error) {
        if (Date.now() > deadline) throw error
        await sleep(250)
      }
    }
    over = true
    await Promise.all(busy)
  })

  test('and it stops when it is told to', async () => {
    way.silence()
    const stopped = node.stop()
    node = undefined
    const took = await Promise.race([stopped.then(() => 'stopped'), sleep(60_000, 'still there', { ref: false })])
    assert.equal(took, 'stopped')
  })
})
