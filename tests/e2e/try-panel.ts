/* The "Try your key" panel of the demonstration's page. */
import { expect, type Locator, type Page } from '@playwright/test'

export class TryPanel {
  readonly root: Locator

  constructor(readonly page: Page) {
    this.root = page.getByRole('region', { name: 'Try your key', exact: true })
  }

  /** Puts `key` into the field, in place of what was there. */
  async paste(key: string): Promise<void> {
    await this.root.getByLabel('API key', { exact: true }).fill(key)
  }

  /** Sends the request with this name and waits for its answer. */
  async send(request: 'List deployments' | 'Start a deployment' | 'Read metrics'): Promise<void> {
    await this.root.getByRole('radio', { name: request }).check()
    const answered = this.page.waitForResponse(/\/demo\/api\//)
    await this.root.getByRole('button', { name: 'Send request', exact: true }).click()
    await answered
  }

  /** Fails unless the panel shows this verdict and status. */
  async expectAnswer(verdict: string, status: number): Promise<void> {
    const answer = this.root.getByRole('status')
    await expect(answer.getByText(verdict, { exact: true })).toBeVisible()
    await expect(answer).toContainText(`HTTP ${status}`)
  }

  /** The step that is done once this verdict was seen. */
  step(verdict: string): Locator {
    return this.root.getByRole('listitem').filter({ has: this.page.getByText(verdict, { exact: true }) }).first()
  }
}
