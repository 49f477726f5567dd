// The database servers that tests speak to: the reader's own where a variable names one, else one that lasts as
// long as the tests do.
import { mariadb } from './databases/mariadb.mjs'
import { postgres } from './databases/postgres.mjs'
import { redis } from './databases/redis.mjs'
import { Problem, seconds } from './steps.mjs'

/** By name: the variable that tells tests the URL, and what starts a server. */
const databases = {
  postgres: { variable: 'ONELOOP_TEST_POSTGRES_URL', begin: postgres },
  // In the place of the other, for those who ask for it.
  'durable-postgres': { variable: 'ONELOOP_TEST_POSTGRES_URL', begin: () => postgres({ durable: true }), instead: true },
  mariadb: { variable: 'ONELOOP_TEST_MARIADB_URL', begin: mariadb },
  redis: { variable: 'ONELOOP_TEST_REDIS_URL', begin: redis },
}

/** The names that [`start`] starts by default. */
export const names = Object.keys(databases).filter((name) => !databases[name].instead)

/**
 * Starts what is not there yet.
 *
 * @param {string[]} [wanted] - Names; all of them by default.
 * @returns The variables for the tests, and `stop`, which ends what was started.
 */
export async function start(wanted = names) {
  const unknown = wanted.filter((name) => !(name in databases))
  if (unknown.length > 0) throw new Problem(`no such database: ${unknown.join(', ')}; there are ${Object.keys(databases).join(', ')}`)
  const env = {}
  const servers = []
  const one = async (name) => {
    const { variable, begin } = databases[name]
    if (process.env[variable]) return
    const began = Date.now()
    const { server, url } = await begin()
    servers.push(server)
    env[variable] = url
    process.stderr.write(`  ✓ start ${name} · ${seconds(began)}\n`)
  }
  // One after the other: each may install packages, and apt-get has one lock.
  for (const name of wanted) await one(name)
  return { env, stop: () => Promise.all(servers.map((server) => server.discard())) }
}
