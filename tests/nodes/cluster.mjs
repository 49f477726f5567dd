// Several servers over one PostgreSQL of their own, which a test may break.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { postgres } from '../../scripts/databases/postgres.mjs'
import * as needs from '../../scripts/needs.mjs'
import { clientOf } from '../fixtures/sdk.mjs'
import { makeHome } from '../fixtures/server.mjs'
import { makeTeam, makeWorkspace } from '../fixtures/team.mjs'

const run = promisify(execFile)

/** Starts PostgreSQL, then `count` servers at the same moment: the database is new to all of them. */
export async function startCluster(count, ...serveArgs) {
  const { server: database, url } = await postgres()
  const home = await makeHome(url)
  const nodes = await Promise.all(Array.from({ length: count }, () => home.serve(...serveArgs)))
  const team = await makeTeam(home)
  const clients = nodes.map((node) => clientOf(node.url, team.sdkKey))
  const psql = await needs.psql()
  return {
    home,
    nodes,
    team,
    clients,
    database,

    /** Runs SQL as the database's owner. */
    sql: (text) => run(psql, [url, '--no-psqlrc', '--quiet', '--command', text]),

    /** What one node says to a key: a verdict, or the HTTP status of a refusal. */
    async says(node, key, body = {}) {
      const response = await fetch(new URL('/api/v1/api-key/verify', nodes[node].url), {
        method: 'POST',
        headers: { authorization: `Bearer ${team.sdkKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ key, requestedScopes: [], ...body }),
      })
      const answer = await response.json()
      return response.status === 200 ? answer.status : response.status
    },

    /** A workspace with one scope, made on the first node as soon as it knows the team. */
    workspace: (name) => patiently(() => makeWorkspace(clients[0], name, 'billing')),

    async end() {
      await Promise.all(nodes.map((node) => node.stop()))
      await database.discard()
      await home.remove()
    },
  }
}

/** Repeats a call that an unavailable database may refuse, for half a minute at most. */
export async function patiently(call) {
  for (const deadline = Date.now() + 30_000; ; ) {
    try {
      return await call()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
