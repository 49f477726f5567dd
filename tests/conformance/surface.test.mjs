// No method of the published client may be forgotten: each one is driven here.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'

import { OneloopClient } from '../fixtures/sdk.mjs'

const folder = new URL('.', import.meta.url)

test('every method of the published client is driven', async () => {
  const methods = Object.getOwnPropertyNames(OneloopClient.prototype).filter(
    (name) => name !== 'constructor' && !name.startsWith('_'),
  )
  assert.equal(methods.length, 17, 'this is not the client these tests were written for')

  const files = (await readdir(folder)).filter((name) => name.startsWith('sdk-'))
  const code = (await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))).join('')
  const missing = methods.filter((method) => !code.includes(`.${method}(`))
  assert.deepEqual(missing, [])
})
