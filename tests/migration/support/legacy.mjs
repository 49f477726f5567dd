// Legacy systems for real: keys are minted through the libraries that people have them from.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const path = (name) => fileURLToPath(new URL(`../legacy/${name}`, import.meta.url))

/** Mints with Django's authtoken, knox and API-key libraries in the database of that URL. */
export async function django(url) {
  const python = process.env.ONELOOP_TEST_DJANGO
  if (!python) throw new Error('ONELOOP_TEST_DJANGO names no Python with Django: run `npm test -- migration`')
  const { stdout } = await run(python, [path('django/mint.py'), url])
  return JSON.parse(stdout)
}

/** Mints with better-auth's API-key plugin in the PostgreSQL database of that URL. */
export async function betterAuth(url) {
  const { stdout } = await run(process.execPath, [path('better-auth/mint.mjs'), url])
  return JSON.parse(stdout)
}
