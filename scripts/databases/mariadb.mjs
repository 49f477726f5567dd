// A throw-away MariaDB: one of the databases that keys are brought along from.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as needs from '../needs.mjs'
import { Server } from './server.mjs'

const USER = 'oneloop'
/** Looked for in logs by the tests: a password that shows is a bug. */
const PASSWORD = 'canary-mariadb'

/** Starts one; `url` names no database: a test creates its own. */
export async function mariadb() {
  const { daemon, install } = await needs.mariadb()
  const server = new Server('mariadb', ({ folder, port }) => [
    daemon,
    '--no-defaults',
    ...[`--datadir=${join(folder, 'data')}`, `--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`],
    ...['--bind-address=127.0.0.1', `--port=${port}`, `--init-file=${join(folder, 'init.sql')}`],
    ...['--character-set-server=utf8mb4', '--innodb-flush-log-at-trx-commit=0', '--skip-log-bin', '--skip-name-resolve'],
  ])
  // The only way in: the accounts that the installation makes are for the server's own user.
  const account = `'${USER}'@'127.0.0.1'`
  writeFileSync(
    join(server.folder, 'init.sql'),
    `CREATE OR REPLACE USER ${account} IDENTIFIED BY '${PASSWORD}';\nGRANT ALL ON *.* TO ${account};\n`,
  )
  server.prepare([
    install,
    ...['--no-defaults', `--datadir=${join(server.folder, 'data')}`, '--skip-test-db', '--skip-name-resolve'],
    ...['--auth-root-authentication-method=socket', `--auth-root-socket-user=${USER}`],
  ])
  await server.start()
  return { server, url: `mysql://${USER}:${PASSWORD}@127.0.0.1:${server.port}/` }
}
