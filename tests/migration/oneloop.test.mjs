// Keys of one Oneloop on another, with another pepper: exported, taken in, and verified as before. The first runs on
// PostgreSQL and the second on SQLite.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { oneloopBinary } from '../fixtures/binary.mjs'
import { eventually } from '../fixtures/eventually.mjs'
import { clientOf, nativeFetch, scope } from '../fixtures/sdk.mjs'
import { makeHome } from '../fixtures/server.mjs'
import { makeTeam, makeWorkspace } from '../fixtures/team.mjs'
import { postgresDatabase } from './support/databases.mjs'
import { assertUnspoken, makeMigration } from './support/migrate.mjs'
import { makeTarget } from './support/target.mjs'

const LEGACY_SECRET = 'what an even older service hashed with'
const hmac = (secret, text) => createHmac('sha256', secret).update(text).digest('hex')

/** Runs `oneloop export`; answers with its exit code and what it wrote. */
function exported(database, ...args) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ONELOOP_'))
  const env = { ...Object.fromEntries(inherited), ONELOOP_DATABASE: database, NO_COLOR: '1' }
  return new Promise((resolve) => {
    const done = (error, stdout, stderr) => resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr })
    execFile(oneloopBinary(), ['export', ...args], { env, maxBuffer: 1 << 26 }, done).stdin.end()
  })
}

/** Calls an endpoint; answers with its JSON. */
async function call(server, sdkKey, method, path, body) {
  const headers = { Authorization: `Bearer ${sdkKey}`, 'Content-Type': 'application/json' }
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const response = await nativeFetch(`${server}/api/v1/${path}`, { method, headers, body: text })
  const answer = await response.json()
  assert.equal(response.status, 200, `${method} ${path}: ${JSON.stringify(answer)}`)
  return answer
}

suite('another Oneloop', () => {
  let source, home, server, target, migration, workspace, url, lines
  /** Every secret that was ever handed out, by what became of it. */
  const secrets = {}
  let replaced = []
  const file = (name) => join(migration.folder, name)

  before(async () => {
    ;({ url } = await postgresDatabase())
    home = await makeHome(url)
    // The last byte is that of a newline, which is none here.
    const pepper = Buffer.concat([randomBytes(31), Buffer.from('\n')])
    await writeFile(join(home.folder, 'oneloop.db.pepper'), pepper, { mode: 0o600 })
    await writeFile(join(home.folder, 'legacy'), `${LEGACY_SECRET}\n`)
    const legacy = `file:${join(home.folder, 'legacy')}`
    source = await makeTeam(home)
    server = await home.serve('--recipe-secrets', legacy)
    const client = clientOf(server.url, source.sdkKey)
    workspace = await makeWorkspace(client, 'Production', 'deployments', 'logs:read')
    await makeWorkspace(client, 'Empty')
    migration = await makeMigration({ ONELOOP_URL: server.url, ONELOOP_SDK_KEY: source.sdkKey })

    const make = async (name, more = {}) => {
      const scopes = [scope('deployments', 'read', 'del'), scope('logs:read', 'create', 'update')]
      const body = { name, workspaceId: workspace.id, customerId: `owner of ${name}`, enabled: true, scopes, ...more }
      const { apiKey } = await call(server.url, source.sdkKey, 'POST', 'api-key', body)
      secrets[name] = apiKey.key
      return apiKey
    }
    const of = (key, rest = '') => `workspace/${workspace.id}/api-key/${key.id}${rest}`
    const edit = (...args) => call(server.url, source.sdkKey, ...args)
    await make('plain', { metadata: { plan: 'pro', 'größe': '{"a": [1, "}"]}', empty: '' }, prefix: 'acme' })
    await edit('PATCH', of(await make('disabled')), { enabled: false })
    await edit('DELETE', of(await make('deleted')))
    await make('expired', { expiresAt: Date.now() + 1_000, scopes: [] })
    await make('in time', { expiresAt: Date.now() + 86_400_000 })
    await make('counted', { totalUsageAllowed: 2 })
    await client.verifyApiKey({ key: secrets.counted, requestedScopes: [] })
    for (const name of ['rotated', 'overlapping']) {
      const key = await make(name)
      replaced.push(secrets[name])
      const body = name === 'overlapping' ? { overlapSeconds: 3600 } : {}
      secrets[name] = (await edit('POST', of(key, '/rotate'), body)).apiKey.key
    }

    // Keys that came there from an even older service, of which one was used and so became native, as keys do that are hashed as a whole.
    await home.admin('migration-window', 'open', '--team', source.teamId, '--from', '127.0.0.1', '--for', '1h')
    await eventually(() => call(server.url, source.sdkKey, 'GET', 'migration/access'))
    const old = ['used', 'unused'].map((name) => ({ name, key: `${name}-${randomBytes(24).toString('base64url')}` }))
    for (const { name, key } of old) secrets[name] = key
    const stored = ({ key }) => hmac(LEGACY_SECRET, key)
    await migration.write('old.ndjson', old.map((it) => JSON.stringify({ id: it.name, user_id: 7, token: stored(it) })).join('\n'))
    await migration.json('init', '--from', 'old.ndjson', '--workspace', workspace.id, '--key', 'token', '--yes')
    await writeFile(file('pairs.ndjson'), JSON.stringify({ key: old[0].key, stored: stored(old[0]) }))
    await migration.json('prove', '--pairs', 'pairs.ndjson', '--secret', legacy)
    await migration.json('plan', '--output', 'plan.json')
    await migration.json('apply', '--plan', 'plan.json')
    assert.equal((await client.verifyApiKey({ key: secrets.used, requestedScopes: [] })).status, 'VALID')

    // One that can only be tried, because its hash is salted, and was not used.
    const job = { workspaceId: workspace.id, planDigest: '07'.repeat(32), rows: 1, conflict: 'fail' }
    const salted = { recipe: 'algorithm = "sha256", salt = "column"', locator: 'first:8' }
    const { migration: made } = await edit('POST', 'migration', { ...job, ...salted })
    secrets.tried = 'canary-tried-0123456789'
    const digest = createHash('sha256').update('salt').update(secrets.tried).digest('hex')
    const row = {
      row: 1, name: 'tried', customerId: 'ada', identity: '09'.repeat(32), locator: 'canary-t',
      salt: Buffer.from('salt').toString('base64'), stored: Buffer.from(digest).toString('base64'),
    }
    const headers = { Authorization: `Bearer ${source.sdkKey}`, 'Content-Type': 'application/x-ndjson' }
    const put = { method: 'PUT', headers, body: JSON.stringify(row) }
    const taken = await nativeFetch(`${server.url}/api/v1/migration/${made.id}/chunk/1`, put)
    assert.equal((await taken.json()).counts.created, 1)

    const recipeSecrets = `binary-file:${join(home.folder, 'oneloop.db.pepper')},${legacy}`
    target = await makeTarget('--recipe-secrets', recipeSecrets)
    await migration.remove()
    migration = await makeMigration(target.variables)
    // What waits to be written, the last uses and what became native, is written within a second.
    await sleep(1_200)
  })
  after(async () => {
    await migration?.remove()
    await target?.end()
    await server?.stop()
    await home?.remove()
  })

  test('the export holds everything but secrets, and is its owner’s alone', async () => {
    const pepperFile = ['--pepper-file', join(home.folder, 'oneloop.db.pepper')]
    const without = await exported(url, '--output', file('export.ndjson'))
    assert.deepEqual([without.code, /needs its pepper/.test(without.stderr)], [1, true], without.stderr)
    const { code, stdout, stderr } = await exported(url, ...pepperFile, '--output', file('export.ndjson'))
    assert.deepEqual([code, stdout], [0, ''], stderr)
    assert.match(stderr, /Exported 11 keys/)
    assert.match(stderr, /1 keys are in the overlap of a rotation, the last until 20/)
    assert.equal((await stat(file('export.ndjson'))).mode & 0o777, 0o600)
    const text = await readFile(file('export.ndjson'), 'utf8')
    lines = text.trimEnd().split('\n').map((line) => JSON.parse(line))
    const [header, ...rest] = lines
    assert.deepEqual(
      [header.type, header.version, header.teamId, header.counts],
      ['oneloop-export', 1, source.teamId, { workspaces: 2, scopes: 2, keys: 11 }],
    )
    const end = rest.at(-1)
    assert.deepEqual([end.type, end.keys, end.unusable, end.overlaps], ['end', 11, 0, 1])
    const key = (name) => rest.find((line) => line.type === 'key' && line.name === name)
    assert.deepEqual(key('plain').metadata, { plan: 'pro', 'größe': '{"a": [1, "}"]}', empty: '' })
    assert.deepEqual(key('plain').scopes, { deployments: ['read', 'delete'], 'logs:read': ['create', 'update'] })
    assert.deepEqual([key('counted').totalUsageLeft, key('tried').tag, key('Key unused').recipe], [1, null, 1])
    assert.match(key('tried').locator, /^[0-9a-f]{64}$/)
    const pepper = await readFile(join(home.folder, 'oneloop.db.pepper'))
    const raw = [...Object.values(secrets), ...replaced, source.sdkKey, LEGACY_SECRET, 'canary-t']
    assertUnspoken([...raw, pepper.toString('hex'), pepper.toString('base64')], text, stderr, server.log())
    const digests = Object.values(secrets).map((secret) => createHash('sha256').update(secret).digest('hex'))
    assertUnspoken(digests, text)
  })

  test('a file that is there is left alone, and one that was not finished is none', async () => {
    const again = await exported(url, '--output', file('export.ndjson'))
    assert.deepEqual([again.code, again.stderr.includes('is there already')], [1, true], again.stderr)
    const text = await readFile(file('export.ndjson'), 'utf8')
    const pepperFile = join(home.folder, 'oneloop.db.pepper')
    const piped = await exported(url, '--workspace', workspace.id, '--pepper-file', pepperFile)
    assert.equal(piped.code, 0, piped.stderr)
    const keys = (of) => of.split('\n').filter((line) => line.includes('"type":"key"'))
    assert.deepEqual(keys(piped.stdout), keys(text))

    // The system ends it in the middle of its output: a file may have two blocks of 512 bytes here.
    const limited = execFile('sh', ['-c', `ulimit -f 2; exec "$0" export --output "$1"`, oneloopBinary(), file('cut.ndjson')], {
      env: { ...process.env, ONELOOP_DATABASE: url, ONELOOP_PEPPER_FILE: pepperFile },
    })
    const ended = await new Promise((resolve) => limited.once('close', (code, signal) => resolve({ code, signal })))
    assert.equal(ended.signal, 'SIGXFSZ')
    assert.ok(!existsSync(file('cut.ndjson')))

    await writeFile(file('half.ndjson'), text.slice(0, text.lastIndexOf('{')))
    const half = await migration.run('init', '--from', 'half.ndjson', '--workspace', target.workspace, '--yes')
    assert.deepEqual([half.code, half.stderr.includes('it was cut off')], [1, true], half.stderr)
  })

  test('init writes a mapping for each recipe, and takes no other pepper', async () => {
    const init = ['init', '--from', 'export.ndjson', '--workspace', target.workspace, '--yes']
    const asked = await migration.run(...init)
    assert.match(asked.stderr, /answer with --secret binary-file:PATH/)
    await writeFile(file('other'), randomBytes(32))
    const other = await migration.run(...init, '--secret', 'binary-file:other')
    assert.deepEqual([other.code, other.stderr.includes('is not the pepper')], [1, true], other.stderr)
    const place = join(home.folder, 'oneloop.db.pepper')
    const text = await migration.run(...init, '--secret', `file:${place}`)
    assert.deepEqual([text.code, text.stderr.includes('binary-file')], [1, true], 'its last byte is no line break')

    const made = await migration.json(...init, '--secret', `binary-file:${place}`)
    assert.deepEqual(made.mappings, [
      { mapping: 'migration.toml', recipe: 0, keys: 9 },
      { mapping: 'migration-recipe-1.toml', recipe: 1, keys: 1 },
      { mapping: 'migration-recipe-2.toml', recipe: 2, keys: 1 },
    ])
    assert.deepEqual([made.unusable, made.overlaps, made.sourceWorkspace], [0, 1, workspace.id])
  })

  for (const [mapping, names] of [
    ['migration.toml', ['plain', 'disabled', 'deleted', 'expired', 'in time', 'counted', 'rotated', 'overlapping', 'used']],
    ['migration-recipe-1.toml', ['unused']],
    ['migration-recipe-2.toml', ['tried']],
  ]) {
    test(`${mapping} is proved, planned, applied and compared`, async () => {
      const pair = (name) => {
        const { tag, stored, salt } = lines.find((it) => it.name === name || it.name === `Key ${name}`)
        return { key: secrets[name], stored: tag ?? stored, salt: salt ?? undefined }
      }
      // With a salt at hand, what a wrong key could have been made into is searched for longer than a test should take.
      if (names[0] !== 'tried') {
        const wrong = { ...pair(names[0]), key: `${secrets[names[0]]}x` }
        await writeFile(file('pairs.ndjson'), JSON.stringify(wrong))
        assert.equal((await migration.run('prove', mapping, '--pairs', 'pairs.ndjson')).code, 1)
      }
      const pairs = names.map((name) => JSON.stringify(pair(name)))
      await writeFile(file('pairs.ndjson'), pairs.join('\n'))
      const proof = await migration.json('prove', mapping, '--pairs', 'pairs.ndjson')
      assert.deepEqual([proof.keys, proof.changed], [names.length, false])
      const tried = /SHA-256 of the whole key, after the row's salt\.$/
      const tagged = /HMAC-SHA-256 with the key in binary-file:.* of (HMAC-SHA-256 .* of the|SHA-256 of the) whole key, after a fixed salt\.$/
      assert.match(proof.explanation, names[0] === 'tried' ? tried : tagged)

      const plan = await migration.json('plan', mapping, '--output', 'plan.json')
      assert.deepEqual(plan.outcomes, { create: names.length })
      const report = await migration.json('apply', mapping, '--plan', 'plan.json')
      assert.deepEqual(report.outcomes, { created: names.length })
      const compared = await migration.json('reconcile', mapping)
      assert.deepEqual([compared.reconciled, compared.differences], [true, 0])
      await migration.json('report', report.migration.id, '--output', 'report.json')
    })
  }

  test('every key is what it was, to its list and to its callers', async () => {
    const sdkKey = target.variables.ONELOOP_SDK_KEY
    const [there, here] = await Promise.all([
      call(server.url, source.sdkKey, 'GET', `workspace/${workspace.id}/api-key?includeDeleted=true`),
      call(target.variables.ONELOOP_URL, sdkKey, 'GET', `workspace/${target.workspace}/api-key?includeDeleted=true`),
    ])
    // Of an import, the last edit is that of the import; scopes have ids of their own, and an overlap stays behind.
    const same = ({ updatedAt, scopes, previousKeyExpiresAt, previousMaskedKey, previousLastUsedAt, ...key }) => ({
      ...key,
      scopes: scopes.map(({ id, ...grant }) => grant),
    })
    const byId = (keys) => keys.map(same).sort((a, b) => (a.id < b.id ? -1 : 1))
    assert.deepEqual(byId(here.apiKeys), byId(there.apiKeys))

    // Beside each other: what a caller is told is told by both. What is not the same is when it was asked.
    await sleep(Math.max(0, here.apiKeys.find(({ name }) => name === 'expired').expiresAt - Date.now()) + 5)
    const asked = { requestedScopes: [scope('deployments', 'read')] }
    const told = async (base, token, key) => {
      const { scopes, ...rest } = await clientOf(base, token).verifyApiKey({ key, ...asked })
      return { ...rest, scopes: scopes.map(({ id, ...grant }) => grant) }
    }
    const verdicts = {}
    for (const [name, key] of Object.entries(secrets)) {
      const [mine, theirs] = [
        await told(target.variables.ONELOOP_URL, sdkKey, key),
        await told(server.url, source.sdkKey, key),
      ]
      assert.deepEqual(mine, theirs, name)
      verdicts[name] = mine.status
    }
    assert.deepEqual(verdicts, {
      plain: 'VALID', disabled: 'DISABLED', deleted: 'DELETED', expired: 'EXPIRED', 'in time': 'VALID',
      counted: 'VALID', rotated: 'VALID', overlapping: 'VALID', used: 'INVALID_SCOPES', unused: 'INVALID_SCOPES',
      tried: 'INVALID_SCOPES',
    })
    // The counter goes on from where it was: that was its last one.
    await target.knows([{ key: secrets.counted }], () => 'USAGE_LIMITED')
  })

  test('wrong keys, and secrets that were replaced, are not known', async () => {
    await target.knows(replaced.map((key) => ({ key })), () => 'INVALID')
    // Under its tag nobody gets in, and the neighbours of every key are no keys.
    await target.knows(lines.filter(({ tag }) => tag).map(({ tag }) => ({ key: tag })), () => 'INVALID')
    for (const key of Object.values(secrets)) {
      const asked = { key: `${key}x`, requestedScopes: [] }
      assert.equal((await target.oneloop.verifyApiKey(asked)).status, 'INVALID')
    }
    assertUnspoken([...Object.values(secrets), ...replaced], target.log(), await migration.read('outcomes.ndjson'))
  })
})
