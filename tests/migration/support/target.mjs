// The server that keys go to: a team with an open gate, and the published client that asks about each key afterwards.
import assert from 'node:assert/strict'

import { eventually } from '../../fixtures/eventually.mjs'
import { nativeFetch } from '../../fixtures/sdk.mjs'
import { makeWorkspace, startTeam } from '../../fixtures/team.mjs'

/** Verifications at once. */
const AT_ONCE = 16

/** Starts a server whose gate is open to this machine. `variables` are what `oneloop migrate` finds it by. */
export async function makeTarget(...serveArgs) {
  const team = await startTeam(...serveArgs)
  const { oneloop, url, sdkKey } = team
  const { id: workspace } = await makeWorkspace(oneloop, 'Production')
  await team.home.admin('migration-window', 'open', '--team', team.teamId, '--from', '127.0.0.1', '--for', '2h')
  await eventually(async () => {
    const headers = { Authorization: `Bearer ${sdkKey}` }
    const { status } = await nativeFetch(`${url}/api/v1/migration/access`, { headers })
    assert.equal(status, 200)
  })

  const verify = async (key) => (await oneloop.verifyApiKey({ key, requestedScopes: [] })).status

  return {
    workspace,
    oneloop,
    variables: { ONELOOP_URL: url, ONELOOP_SDK_KEY: sdkKey },
    log: () => team.server.log(),
    end: () => team.end(),

    /** Applies the plan that `migration` makes now; answers with the report, after all rows were created. */
    async apply(migration, count) {
      await migration.json('plan', '--output', 'plan.json')
      const report = await migration.json('apply', '--plan', 'plan.json')
      assert.equal(report.migration.state, 'finished')
      assert.deepEqual(report.outcomes, { created: count })
      return report
    },

    /** That the published client is told of each key what `expected` says of it, and that it knows no other keys. */
    async knows(keys, expected) {
      const verdicts = await each(keys, ({ key }) => verify(key))
      assert.deepEqual(verdicts, keys.map(expected))
      const wrong = keys.slice(0, 3).flatMap(({ key }) => [neighbour(key), key.slice(0, -1)])
      assert.deepEqual(await each(wrong, verify), wrong.map(() => 'INVALID'))
    },
  }
}

/** A key that differs in its last character. */
function neighbour(key) {
  return key.slice(0, -1) + (key.at(-1) === 'a' ? 'b' : 'a')
}

async function each(items, call) {
  const answers = new Array(items.length)
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const at = next++
      answers[at] = await call(items[at])
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return answers
}
