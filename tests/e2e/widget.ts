/*
 * The widget as a person finds their way in it: by roles and names, the same that a screen reader says. The words are
 * those of the English catalogue (`src/text`).
 */
import { expect, type Locator, type Page } from '@playwright/test'

/** What a person picks for one scope; a list of bits is Custom. */
export type Level = 'None' | 'Read' | 'Write' | readonly ('Create' | 'Read' | 'Update' | 'Delete')[]

/** What a person fills into the create dialog. */
export interface NewKey {
  readonly name: string
  /** By the scope's name, such as `Deployments`. */
  readonly access?: Readonly<Record<string, Level>>
  /** The label of the choice, such as `30 days`. */
  readonly expires?: string
}

/** One widget on a page. */
export class Widget {
  readonly createButton: Locator
  readonly rows: Locator
  readonly search: Locator

  constructor(
    readonly page: Page,
    /** The element itself. */
    readonly root: Locator,
  ) {
    this.createButton = root.getByRole('button', { name: 'Create key', exact: true }).first()
    this.rows = root.getByRole('row').filter({ has: page.getByRole('button', { name: /^Actions for / }) })
    this.search = root.getByRole('searchbox', { name: 'Search keys', exact: true })
  }

  /** Waits until the list is there. */
  async loaded(): Promise<void> {
    await expect(this.root.getByRole('heading', { name: 'API keys', exact: true })).toBeVisible()
    await expect(this.rows.first()).toBeVisible()
  }

  /** The row of the key with this name. */
  row(name: string): Locator {
    return this.rows.filter({ has: this.page.getByRole('button', { name: `Actions for ${name}`, exact: true }) })
  }

  /** The dialog with this heading; one that asks about something final is an alert dialog. */
  dialog(name: string): Locator {
    const exactly = { name, exact: true }
    return this.root.getByRole('dialog', exactly).or(this.root.getByRole('alertdialog', exactly))
  }

  /** Opens the menu of a key and picks an item. */
  async act(key: string, item: 'Edit…' | 'Rotate…' | 'End the old secret…' | 'Enable' | 'Disable' | 'Create again…' | 'Delete…'): Promise<void> {
    await this.root.getByRole('button', { name: `Actions for ${key}`, exact: true }).click()
    await this.root.getByRole('menuitem', { name: item, exact: true }).click()
  }

  /** Opens what is known of a key, by its name. */
  async details(key: string): Promise<Locator> {
    await this.row(key).getByRole('button', { name: key, exact: true }).click()
    return this.dialog('Key details')
  }

  /** Picks keys for what is to be done to several. */
  async pick(...keys: string[]): Promise<void> {
    for (const key of keys) await this.root.getByRole('checkbox', { name: `Select ${key}`, exact: true }).check()
  }

  /** Picks one of what the list can show. */
  async show(what: string): Promise<void> {
    await this.root.getByRole('combobox', { name: 'Status', exact: true }).selectOption(what)
  }

  /** Opens the create dialog and fills it in, without sending it. */
  async fill({ name, access = {}, expires }: NewKey): Promise<Locator> {
    await this.createButton.click()
    const dialog = this.dialog('Create API key')
    await expect(dialog).toBeVisible()
    await dialog.getByLabel('Name', { exact: true }).fill(name)
    for (const [scope, level] of Object.entries(access)) await this.grant(dialog, scope, level)
    if (expires) await dialog.getByRole('radio', { name: expires, exact: true }).check()
    return dialog
  }

  /** Picks what `dialog` gives of one scope. */
  async grant(dialog: Locator, scope: string, level: Level): Promise<void> {
    const access = this.access(dialog, scope)
    if (typeof level === 'string') return access.getByRole('radio', { name: level, exact: true }).check()
    await access.getByRole('radio', { name: 'Custom', exact: true }).check()
    for (const bit of ['Create', 'Read', 'Update', 'Delete'] as const) {
      await access.getByRole('checkbox', { name: bit, exact: true }).setChecked(level.includes(bit))
    }
  }

  /** The line of `dialog` that says what is given of one scope. */
  access(dialog: Locator, scope: string): Locator {
    const group = this.page.getByRole('group', { name: `Access to ${scope}`, exact: true })
    return dialog.locator('[part~="scope"]').filter({ has: group })
  }

  /** Creates a key, reads its secret, and closes the reveal. */
  async create(key: NewKey): Promise<string> {
    const dialog = await this.fill(key)
    await dialog.getByRole('button', { name: 'Create key', exact: true }).click()
    return this.takeSecret('Your new key')
  }

  /** Rotates a key, reads its new secret, and closes the reveal. */
  async rotate(key: string, oldSecretStops: 'Now' | 'In 1 hour' | 'In 24 hours' | 'In 7 days'): Promise<string> {
    await this.act(key, 'Rotate…')
    const dialog = this.dialog('Rotate key')
    await dialog.getByRole('radio', { name: oldSecretStops, exact: true }).check()
    await dialog.getByRole('button', { name: 'Rotate key', exact: true }).click()
    return this.takeSecret('The new secret')
  }

  /** Deletes a key, typing its name where that is asked for. */
  async delete(key: string): Promise<void> {
    await this.act(key, 'Delete…')
    const dialog = this.dialog('Delete key')
    const confirmation = dialog.getByRole('textbox', { name: `Type ${key} to confirm`, exact: true })
    if (await confirmation.isVisible()) await confirmation.fill(key)
    await dialog.getByRole('button', { name: 'Delete key', exact: true }).click()
    await expect(dialog).toBeHidden()
    await expect(this.row(key)).toHaveCount(0)
  }

  /** In an open reveal: reads the secret, ticks that it is stored, and leaves. */
  async takeSecret(title: 'Your new key' | 'The new secret'): Promise<string> {
    const reveal = this.dialog(title)
    const secret = await this.secretOf(reveal)
    await reveal.getByRole('checkbox', { name: 'I have stored it', exact: true }).check()
    await reveal.getByRole('button', { name: 'Done', exact: true }).click()
    await expect(reveal).toBeHidden()
    return secret
  }

  /** The secret of an open reveal, which is shown for that and left as it was found. */
  async secretOf(reveal: Locator): Promise<string> {
    await reveal.getByRole('button', { name: 'Show', exact: true }).click()
    const secret = await reveal.locator('[part~="secret__text"]').innerText()
    await reveal.getByRole('button', { name: 'Hide', exact: true }).click()
    return secret
  }
}
