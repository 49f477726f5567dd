// A throw-away Redis or Valkey.
import * as needs from '../needs.mjs'
import { Server } from './server.mjs'

/** Looked for in logs by the tests: a password that shows is a bug. */
const PASSWORD = 'canary-redis'

/** Starts one. */
export async function redis() {
  const program = await needs.redis()
  const server = new Server('redis', ({ folder, port }) => [
    program,
    ...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder],
    ...['--save', '', '--appendonly', 'no', '--requirepass', PASSWORD],
  ])
  await server.start()
  return { server, url: `redis://default:${PASSWORD}@127.0.0.1:${server.port}/` }
}
