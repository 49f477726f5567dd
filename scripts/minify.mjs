// Minifies every script and style of a folder, in place: `node scripts/minify.mjs <folder>`.
//
// A script that is named after the folder takes in the modules that it imports, all but those named after that:
// `node scripts/minify.mjs <folder> <script> <other>…`. Five small modules weigh more than the same text in one.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { build, transform } from 'esbuild'

const loaders = { '.js': 'js', '.css': 'css' }
const [folder, whole, ...others] = process.argv.slice(2)

const options = {
  minify: true,
  // What nothing uses any more, such as the helpers of bindings that are gone.
  treeShaking: true,
  legalComments: 'none',
}
// What a browser with WebAssembly's reference types understands anyway.
const target = 'es2022'

if (whole) {
  const { metafile, outputFiles } = await build({
    ...options,
    target,
    absWorkingDir: resolve(folder),
    entryPoints: [whole],
    bundle: true,
    format: 'esm',
    external: others.map((name) => `./${name}`),
    metafile: true,
    write: false,
    logLevel: 'warning',
  })
  for (const module of Object.keys(metafile.inputs)) await rm(join(folder, module))
  await writeFile(join(folder, whole), outputFiles[0].contents)
}

for (const name of await readdir(folder, { recursive: true })) {
  const loader = loaders[extname(name)]
  if (!loader || name === whole) continue
  const file = join(folder, name)
  const { code } = await transform(await readFile(file, 'utf8'), {
    ...options,
    loader,
    target: loader === 'js' ? target : undefined,
  })
  await writeFile(file, code)
}
