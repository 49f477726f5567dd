// A throw-away PostgreSQL.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as needs from '../needs.mjs'
import { Server } from './server.mjs'

const USER = 'oneloop'
/** Looked for in logs by the tests: a password that shows is a bug. */
const PASSWORD = 'canary-postgres'

/** A crash of the machine takes the data with it, which is thrown away anyhow; every other promise holds. */
const CARELESS = ['-c', 'fsync=off', '-c', 'full_page_writes=off']

/**
 * Starts one; `url` names its maintenance database, in which a test creates its own.
 *
 * @param {object} [how]
 * @param {boolean} [how.durable] - As it comes, with every commit on the disk: for benchmarks that count commits.
 */
export async function postgres({ durable = false } = {}) {
  const programs = await needs.postgres()
  const server = new Server('postgres', ({ folder, port }) => [
    join(programs, 'postgres'),
    ...['-D', join(folder, 'data'), '-k', folder, '-h', '127.0.0.1', '-p', String(port)],
    ...['-c', 'max_connections=300', ...(durable ? [] : CARELESS)],
  ])
  // Sent as it is: proving that one has it, as scram-sha-256 asks, is 4,096 rounds of a hash for each connection, and
  // what tests connect with is compiled without optimisation.
  const password = join(server.folder, 'password')
  writeFileSync(password, PASSWORD)
  server.prepare([
    join(programs, 'initdb'),
    ...['-D', join(server.folder, 'data'), '-U', USER, `--pwfile=${password}`, '--auth=password'],
    ...['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'],
  ])
  await server.start()
  return { server, url: `postgres://${USER}:${PASSWORD}@127.0.0.1:${server.port}/postgres` }
}
