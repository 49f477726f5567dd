// `oneloop migrate` as a person runs it, in a folder of its own.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { oneloopBinary } from '../../fixtures/binary.mjs'

/** A folder in which the steps of one migration are run. `variables` hold what its files may only name. */
export async function makeMigration(variables = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'oneloop-migration-'))
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ONELOOP_'))
  const env = { ...Object.fromEntries(inherited), ...variables, NO_COLOR: '1' }

  /** Runs a step; answers with its exit code and what it wrote. Nothing it writes may hold a secret. */
  const run = (...args) =>
    new Promise((resolve) => {
      const done = (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr })
      execFile(oneloopBinary(), ['migrate', ...args], { cwd: folder, env }, done).stdin.end()
    })

  return {
    folder,
    run,
    /** Runs a step that has to succeed; answers with its JSON. */
    async json(...args) {
      const { code, stdout, stderr } = await run(...args, '--json')
      assert.equal(code, 0, `${args.join(' ')}\n${stderr}`)
      return JSON.parse(stdout)
    },
    read: (name) => readFile(join(folder, name), 'utf8'),
    write: (name, text) => writeFile(join(folder, name), text),
    /** Proves the mapping's recipe with minted keys and what the table holds for them. */
    async prove(pairs) {
      await writeFile(join(folder, 'pairs.ndjson'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''))
      return this.json('prove', '--pairs', 'pairs.ndjson')
    },
    /** Changes the mapping as its reader would in an editor. */
    async edit(change) {
      const text = await this.read('migration.toml')
      const changed = change(text)
      assert.notEqual(changed, text, 'the edit found nothing to change')
      await writeFile(join(folder, 'migration.toml'), changed)
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** That none of these secrets stands in any of these texts. */
export function assertUnspoken(secrets, ...texts) {
  for (const text of texts) {
    for (const secret of secrets) assert.ok(!text.includes(secret), 'a secret was written')
  }
}
