// Runs one command with the databases that tests need, and ends them with it:
//
//   node scripts/with-databases.mjs cargo test -p oneloop-engine     all of them
//   node scripts/with-databases.mjs postgres -- cargo test …         only this one
//   node scripts/with-databases.mjs durable-postgres -- cargo bench …  one whose commits wait for the disk
//   node scripts/with-databases.mjs bash                             a shell to run tests from again and again
import { spawn } from 'node:child_process'
import { start } from './databases.mjs'
import { Problem, main } from './steps.mjs'

await main(async () => {
  const args = process.argv.slice(2)
  const dashes = args.indexOf('--')
  const wanted = dashes > 0 ? args.slice(0, dashes) : undefined
  const [program, ...rest] = args.slice(dashes + 1)
  if (!program) throw new Problem('name a command: node scripts/with-databases.mjs [postgres mariadb redis --] COMMAND')

  const { env, stop } = await start(wanted)
  // A terminal sends Ctrl-C to the command too: it decides, and we clean up behind it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
  const child = spawn(program, rest, { stdio: 'inherit', env: { ...process.env, ...env } })
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error))
    child.once('close', (code) => resolve(code ?? 1))
  })
  await stop()
  if (code instanceof Error) throw new Problem(`cannot run \`${program}\`: ${code.message}`)
  process.exitCode = code
})
