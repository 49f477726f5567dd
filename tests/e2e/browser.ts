import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * The Chromium to drive: `CHROME_BIN`, or the first on `PATH`.
 *
 * Fails, rather than letting the suite skip, when there is none. Playwright's own download is not used: the tests run
 * where nothing but package registries can be reached.
 */
export function findBrowser(): string {
  const named = process.env['CHROME_BIN']
  if (named !== undefined) {
    if (!existsSync(named)) throw new Error(`CHROME_BIN names ${named}, and there is no such file`)
    return named
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram)
  if (found === undefined) {
    throw new Error('there is no Chromium: install it (Debian: `apt-get install chromium`), or name one in CHROME_BIN')
  }
  return found
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What keeps Chromium from talking to anything but the page under test, and lets it run as root in a container. */
export const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
