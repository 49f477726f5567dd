import { defineConfig } from '@playwright/test'

import { oneloopBinary } from '../fixtures/binary.mjs'
import { browserArguments, findBrowser } from './browser.js'

// Asked for here, so that a missing binary is said once and not by every test.
oneloopBinary()

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  // One browser and one server at a time: the machines this runs on have two cores.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  retries: 0,
  timeout: 60_000,
  expect: {
    timeout: 5_000,
    // Another build of Chromium draws the edge of a letter differently; what is out of place moves far more pixels.
    toHaveScreenshot: { animations: 'disabled', caret: 'hide', threshold: 0.25, maxDiffPixelRatio: 0.004 },
  },
  // The pictures are those of docs/design.md.
  snapshotPathTemplate: '../../docs/design/{arg}{ext}',
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 900 },
    launchOptions: { executablePath: findBrowser(), args: browserArguments },
    screenshot: 'only-on-failure',
    actionTimeout: 8_000,
  },
})
