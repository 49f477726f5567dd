// Minifies every script and style of a folder, in place: `node scripts/minify.mjs <folder>`.
//
// File by file, not bundled: the modules stay the ones that the stack trace and the import graph name.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { transform } from 'esbuild'

const loaders = { '.js': 'js', '.css': 'css' }
const [folder] = process.argv.slice(2)

for (const name of await readdir(folder, { recursive: true })) {
  const loader = loaders[extname(name)]
  if (!loader) continue
  const file = join(folder, name)
  const { code } = await transform(await readFile(file, 'utf8'), {
    loader,
    minify: true,
    // What a browser with WebAssembly's reference types understands anyway.
    target: loader === 'js' ? 'es2022' : undefined,
    legalComments: 'none',
  })
  await writeFile(file, code)
}
