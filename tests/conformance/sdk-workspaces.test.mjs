// Endpoints 1 to 6: workspaces and their scope catalogue.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'

import { eventually } from '../fixtures/eventually.mjs'
import { assertRefused } from '../fixtures/refusal.mjs'
import { assertAnswer, assertShape } from '../fixtures/shapes.mjs'
import { makeTeam, startTeam } from '../fixtures/team.mjs'
import { clientOf } from '../fixtures/sdk.mjs'

suite('workspaces', () => {
  let acme
  before(async () => {
    acme = await startTeam()
  })
  after(() => acme.end())

  test('a new workspace has no defaults, and is listed, and is found by its id', async () => {
    const { oneloop, teamId } = acme
    const created = assertAnswer(await oneloop.createWorkspace({ name: 'Acme staging' }), 'workspace', 'workspace')
    const { id, createdAt, updatedAt, ...rest } = created
    assert.deepEqual(rest, {
      name: 'Acme staging',
      teamId,
      defaultKeyPrefix: null,
      defaultAllowedIPs: [],
      defaultRateLimitPerSecond: null,
      defaultExpiration: null,
    })
    assert.equal(createdAt, updatedAt)

    assert.deepEqual(await oneloop.getWorkspaceById(id), { workspace: created })
    const list = await oneloop.getWorkspace()
    assert.deepEqual(Object.keys(list), ['workspaces'])
    list.workspaces.forEach((workspace) => assertShape('workspace', workspace))
    assert.deepEqual(list.workspaces.at(-1), created)
  })

  test('defaults change one by one: what is absent stays, null clears', async () => {
    const { oneloop } = acme
    const { workspace } = await oneloop.createWorkspace({ name: 'Defaults' })
    const update = async (body) =>
      assertAnswer(await oneloop.updateWorkspace(workspace.id, body), 'workspace', 'workspace')

    const set = await update({
      defaultKeyPrefix: 'acme_live',
      defaultAllowedIPs: ['203.0.113.7', '2001:db8::/32'],
      defaultRateLimitPerSecond: 50,
      defaultExpiration: 86_400_000,
    })
    assert.equal(set.defaultKeyPrefix, 'acme_live')
    assert.deepEqual(set.defaultAllowedIPs, ['203.0.113.7', '2001:db8::/32'])
    assert.equal(set.defaultRateLimitPerSecond, 50)
    assert.equal(set.defaultExpiration, 86_400_000)

    const emptied = await update({ defaultAllowedIPs: [] })
    assert.deepEqual(emptied.defaultAllowedIPs, [])
    assert.equal(emptied.defaultKeyPrefix, 'acme_live')

    const cleared = await update({ defaultAllowedIPs: [], defaultKeyPrefix: null, defaultExpiration: null })
    assert.equal(cleared.defaultKeyPrefix, null)
    assert.equal(cleared.defaultExpiration, null)
    assert.equal(cleared.defaultRateLimitPerSecond, 50)
    assert.deepEqual(await oneloop.getWorkspaceById(workspace.id), { workspace: cleared })
  })

  test('scopes join the catalogue in order; a description is optional', async () => {
    const { oneloop } = acme
    const { workspace } = await oneloop.createWorkspace({ name: 'Scopes' })
    const create = async (body) =>
      assertAnswer(await oneloop.createWorkspaceScopes(workspace.id, body), 'scope', 'workspaceScope')

    const billing = await create({ name: 'Billing', representation: 'billing', description: 'Invoices and plans' })
    assert.equal(billing.description, 'Invoices and plans')
    const dns = await create({ name: 'DNS・設定', representation: 'dns.zones:v2/records-all_1' })
    assert.equal(dns.description, null)
    assert.equal(dns.name, 'DNS・設定')
    assert.deepEqual(await oneloop.getWorkspaceScopes(workspace.id), { scopes: [billing, dns] })
  })

  test('what is wrong with a field is said by name', async () => {
    const { oneloop } = acme
    const { workspace } = await oneloop.createWorkspace({ name: 'Refusals' })
    const scope = (body) => oneloop.createWorkspaceScopes(workspace.id, { name: 'A', representation: 'a', ...body })
    const update = (body) => oneloop.updateWorkspace(workspace.id, { defaultAllowedIPs: [], ...body })

    await assertRefused(oneloop.createWorkspace({ name: '' }), 400, 'name_empty', 'name')
    await assertRefused(oneloop.createWorkspace({ name: 'x'.repeat(256) }), 400, 'name_too_long', 'name')
    await assertRefused(oneloop.createWorkspace({}), 400, 'missing_field', 'name')
    await assertRefused(scope({ representation: 'no spaces' }), 400, 'representation_invalid', 'representation')
    await assertRefused(scope({ representation: 'r'.repeat(129) }), 400, 'representation_too_long', 'representation')
    await assertRefused(update({ defaultAllowedIPs: ['10.0.0.300'] }), 400, 'address_invalid', 'defaultAllowedIPs[0]')
    await assertRefused(update({ defaultKeyPrefix: 'a b' }), 400, 'prefix_invalid', 'defaultKeyPrefix')
    await assertRefused(
      update({ defaultRateLimitPerSecond: 0 }),
      400,
      'out_of_range',
      'defaultRateLimitPerSecond',
    )

    await scope({})
    await assertRefused(scope({}), 400, 'duplicate_scope', 'representation')
    assert.equal((await oneloop.getWorkspaceScopes(workspace.id)).scopes.length, 1)
  })

  test('another team’s workspace and one that does not exist get the same 404', async () => {
    const { oneloop, home, url } = acme
    const { workspace } = await oneloop.createWorkspace({ name: 'Ours' })
    const globex = clientOf(url, (await makeTeam(home, 'Globex')).sdkKey)
    // The new team arrives through the change log; until then its SDK key is unknown.
    await eventually(() => globex.getWorkspace())

    const nobodys = `ws_${'0'.repeat(32)}`
    for (const id of [workspace.id, nobodys]) {
      await assertRefused(globex.getWorkspaceById(id), 404, 'unknown_workspace')
      await assertRefused(globex.updateWorkspace(id, { defaultAllowedIPs: [] }), 404, 'unknown_workspace')
      await assertRefused(globex.getWorkspaceScopes(id), 404, 'unknown_workspace')
      await assertRefused(
        globex.createWorkspaceScopes(id, { name: 'A', representation: 'a' }),
        404,
        'unknown_workspace',
      )
      await assertRefused(globex.getApiKeys(id), 404, 'unknown_workspace')
    }
    assert.deepEqual(await globex.getWorkspace(), { workspaces: [] })
  })
})
