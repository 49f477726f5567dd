import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import { names, start } from '../databases.mjs'
import { redis } from '../databases/redis.mjs'

test('a throw-away server answers, keeps its port when it is started again, and leaves nothing behind', async () => {
  const { server, url } = await redis()
  assert.equal(await says(url, 'PING'), '+PONG')
  await server.stop('SIGTERM')
  await assert.rejects(says(url, 'PING'), { code: 'ECONNREFUSED' })
  await server.start()
  assert.equal(await says(url, 'PING'), '+PONG')
  await server.discard()
  await assert.rejects(says(url, 'PING'), { code: 'ECONNREFUSED' })
  assert.equal(existsSync(server.folder), false)
})

test('a server that the environment names is used, and not ended', async () => {
  const variables = Object.fromEntries(names.map((name) => [`ONELOOP_TEST_${name.toUpperCase()}_URL`, `${name}://there`]))
  const before = { ...process.env }
  Object.assign(process.env, variables)
  try {
    const { env, stop } = await start()
    assert.deepEqual(env, {})
    await stop()
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
    Object.assign(process.env, before)
  }
})

test('an unknown database is refused by name', async () => {
  await assert.rejects(start(['oracle']), { message: 'no such database: oracle; there are postgres, durable-postgres, mariadb, redis' })
})

/** The first line that a Redis answers to a command behind its password. */
function says(url, command) {
  const { port, password } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`AUTH ${password}\r\n${command}\r\n`))
    let heard = ''
    socket.setEncoding('utf8').on('data', (text) => {
      heard += text
      const [login, answer] = heard.split('\r\n')
      if (answer) {
        socket.destroy()
        resolve(login === '+OK' ? answer : login)
      }
    })
    socket.once('error', reject)
  })
}
