// Writes a `.br` and a `.gz` beside every file of some folders, for a server that only picks one:
// `node scripts/compress.mjs <brotli quality> <folder>…`. Node brings both encoders; the same bytes
// give the same file.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const [quality, ...folders] = process.argv.slice(2)

async function compress(file) {
  const content = await readFile(file)
  const options = {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: Number(quality),
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  }
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content, options))
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }))
}

const files = []
for (const folder of folders) {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath ?? entry.path, entry.name))
  }
}
await Promise.all(files.map(compress))
