// Endpoints 13 and 19, and the credit in a verdict: what the published client's own methods for metering come to.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'

import { assertRefused } from '../fixtures/refusal.mjs'
import { nativeFetch } from '../fixtures/sdk.mjs'
import { assertAnswer, assertShape } from '../fixtures/shapes.mjs'
import { makeWorkspace, startTeam } from '../fixtures/team.mjs'

suite('metering', () => {
  let acme
  let workspace
  before(async () => {
    acme = await startTeam()
    workspace = await makeWorkspace(acme.oneloop, 'Production', 'billing')
  })
  after(() => acme.end())

  const create = async (body = {}) => {
    const { apiKey } = await acme.oneloop.createApiKey({
      name: 'metered',
      workspaceId: workspace.id,
      customerId: 'northwind',
      enabled: true,
      scopes: [],
      ...body,
    })
    return apiKey
  }
  const status = async (key, billing) => {
    const answer = await acme.oneloop.verifyApiKey({ key, requestedScopes: [], billing })
    return assertShape('verification', answer).status
  }

  test('a counter runs out, and refillApiKey adds to what is left of it', async () => {
    const { oneloop } = acme
    const { id, key, totalUsageLeft, limitUsage } = await create({ totalUsageAllowed: 2 })
    assert.deepEqual({ totalUsageLeft, limitUsage }, { totalUsageLeft: 2, limitUsage: true })
    assert.deepEqual([await status(key), await status(key), await status(key)], ['VALID', 'VALID', 'USAGE_LIMITED'])
    const refilled = assertAnswer(await oneloop.refillApiKey(workspace.id, id, { amount: 3 }), 'apiKey', 'apiKey')
    assert.deepEqual([refilled.id, refilled.totalUsageLeft], [id, 3])
    assert.equal(await status(key), 'VALID')
    assert.equal((await oneloop.getApiKeyById(workspace.id, id)).apiKey.totalUsageLeft, 2)
  })

  test('refillApiKey is refused where there is nothing to refill', async () => {
    const { oneloop } = acme
    const uncounted = await create()
    await assertRefused(oneloop.refillApiKey(workspace.id, uncounted.id, { amount: 1 }), 400, 'usage_not_limited')
    const counted = await create({ totalUsageAllowed: 1 })
    await assertRefused(oneloop.refillApiKey(workspace.id, counted.id, { amount: 0 }), 400, 'out_of_range', 'amount')
    await assertRefused(oneloop.refillApiKey(workspace.id, 'ak_0', { amount: 1 }), 404, 'unknown_api_key')
    await oneloop.deleteApiKey(workspace.id, counted.id)
    await assertRefused(oneloop.refillApiKey(workspace.id, counted.id, { amount: 1 }), 400, 'api_key_deleted')
  })

  test('getBillingUsage tells what was spent, by day, under the meter and its name', async () => {
    const { oneloop, url, sdkKey } = acme
    const response = await nativeFetch(new URL('/api/v1/customer-billing', url), {
      method: 'POST',
      headers: { authorization: `Bearer ${sdkKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ workspaceId: workspace.id, externalMeterId: 'northwind-credits', totalCredits: '10' }),
    })
    const meter = assertAnswer(await response.json(), 'billing', 'meter')
    const { key } = await create({ externalMeterId: 'northwind-credits' })
    // The published client sends a number; both are read.
    assert.deepEqual([await status(key, { usage: 7 }), await status(key, { usage: '4' })], ['VALID', 'USAGE_LIMITED'])
    for (const name of [meter.id, 'northwind-credits']) {
      const answer = await oneloop.getBillingUsage(name)
      assert.deepEqual(Object.keys(answer), ['data'])
      const [row] = answer.data.map((row) => assertShape('billedDay', row))
      assert.deepEqual(answer.data, [row])
      assert.deepEqual(
        { ...row, day: undefined },
        { billingId: meter.id, day: undefined, totalBillingUsage: '7', billingUsageName: 'default' },
      )
    }
    assert.deepEqual(await oneloop.getBillingUsage('nothing-was-spent-here'), { data: [] })
  })
})
