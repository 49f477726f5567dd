// The peer of the benchmark: verifications a second by better-auth with its API-key plugin, on SQLite, in process.
//
//   node scripts/bench/better-auth.mjs [KEYS] [SECONDS]
//
// Installs the published packages under target/ the first time. `cargo xtask bench service` runs it on one CPU, beside
// our own server on one CPU. That is generous to the peer: its number has no HTTP in it, ours has.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, step } from '../steps.mjs'

const PACKAGES = ['better-auth@1.7.25', '@better-auth/api-key@1.7.5', 'libsql@0.5.29']

await main(async () => {
  const [keys = '1000', seconds = '5'] = process.argv.slice(2)
  const place = join(root, 'target', 'bench', 'better-auth')
  if (!existsSync(join(place, 'node_modules', 'libsql'))) {
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    // The plugin's peers are pinned more tightly than what is published with it.
    const npm = ['npm', 'install', '--prefix', place, '--legacy-peer-deps', '--no-audit', '--no-fund', ...PACKAGES]
    await step('Install better-auth', npm)
  }
  const peer = join(place, 'peer.mjs')
  copyFileSync(join(root, 'scripts', 'bench', 'better-auth-peer.mjs'), peer)
  process.stdout.write(await step('Verify with better-auth', ['node', peer, keys, seconds], { data: true }))
})
