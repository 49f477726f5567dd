import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blocksOf } from '../fences.mjs'

const fate = (fence) => blocksOf(`${fence}\nls\n\`\`\`\n`).map((block) => block.fate)

test('a shell block says whether it is run, or why it is not', () => {
  assert.deepEqual(fate('```sh run'), ['run'])
  assert.deepEqual(fate('```sh shown: starts a server'), ['shown'])
  assert.deepEqual(fate('```console shown: '), ['unmarked'])
  assert.deepEqual(fate('```bash'), ['unmarked'])
  assert.deepEqual(fate('```sh running'), ['unmarked'])
})

test('blocks in other languages are not ours', () => {
  assert.deepEqual(fate('```js'), [])
  assert.deepEqual(fate('```'), [])
})

test('a fence inside a longer fence is text', () => {
  const blocks = blocksOf('````sh run\necho "\n```sh\n"\n````\n```sh run\nls\n```')
  assert.deepEqual(blocks, [
    { line: 1, text: 'echo "\n```sh\n"', fate: 'run' },
    { line: 6, text: 'ls', fate: 'run' },
  ])
})
