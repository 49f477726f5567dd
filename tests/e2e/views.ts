/* The views of the widget, and the way to each. */
import { expect, fillUp, type Demo } from './fixtures.js'
import type { Widget } from './widget.js'

/** How to get to each view from the loaded list. */
export const views: Record<string, (widget: Widget, demo: Demo) => Promise<void>> = {
  list: async () => {},
  menu: async (widget) => {
    await widget.root.getByRole('button', { name: 'Actions for ci-deploy', exact: true }).click()
    await expect(widget.root.getByRole('menuitem').first()).toBeVisible()
  },
  'no match': async (widget, demo) => {
    await fillUp(demo)
    await widget.page.reload()
    await widget.loaded()
    await widget.search.fill('zzz')
    await expect(widget.root.getByText('No key matches.')).toBeVisible()
  },
  picked: async (widget) => {
    await widget.pick('grafana', 'old laptop')
    await expect(widget.root.getByText('2 selected', { exact: true })).toBeVisible()
  },
  'delete several': async (widget) => {
    await widget.pick('grafana', 'old laptop')
    await widget.root.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Delete…', exact: true }).click()
    await expect(widget.dialog('Delete keys')).toBeVisible()
  },
  details: async (widget) => {
    const details = await widget.details('staging webhook')
    await expect(details.getByText('Created', { exact: true }).first()).toBeVisible()
    await expect(details.getByText('No requests')).toBeVisible()
  },
  create: async (widget) => {
    await widget.fill({ name: 'ci-deploy 2', access: { Deployments: 'Write', Billing: ['Read', 'Update'] } })
  },
  'create refused': async (widget) => {
    const form = await widget.fill({ name: '' })
    await form.getByRole('button', { name: 'Create key', exact: true }).click()
    await expect(form).toContainText('Give the key a name')
  },
  reveal: async (widget) => {
    const form = await widget.fill({ name: 'ci-deploy 2', access: { Deployments: 'Write' } })
    await form.getByRole('button', { name: 'Create key', exact: true }).click()
    await expect(widget.dialog('Your new key')).toBeVisible()
  },
  discard: async (widget, demo) => {
    await views['reveal']?.(widget, demo)
    await widget.page.keyboard.press('Escape')
    await expect(widget.root.getByText('Discard the only copy?')).toBeVisible()
  },
  edit: async (widget) => {
    await widget.act('ci-deploy', 'Edit…')
    await expect(widget.dialog('Edit key')).toBeVisible()
  },
  rotate: async (widget) => {
    await widget.act('ci-deploy', 'Rotate…')
    await expect(widget.dialog('Rotate key')).toBeVisible()
  },
  'end overlap': async (widget) => {
    await widget.rotate('grafana', 'In 24 hours')
    await widget.act('grafana', 'End the old secret…')
    await expect(widget.dialog('End the old secret now')).toBeVisible()
  },
  delete: async (widget) => {
    await widget.act('ci-deploy', 'Delete…')
    await expect(widget.dialog('Delete key')).toBeVisible()
  },
}

/** What can be pressed and is smaller than `least` pixels, with its size. */
export function targetsBelow(widget: Widget, least: number): Promise<string[]> {
  return widget.root.evaluate((element, least) => {
    const targets = [...(element.shadowRoot?.querySelectorAll<HTMLElement>('button, input, select, a, summary') ?? [])]
    const label = (target: HTMLElement) => target.closest<HTMLElement>('label') ?? target
    const isShown = (target: HTMLElement) => target.checkVisibility() && !target.closest('[popover]:not(:popover-open)')
    return targets.filter(isShown).flatMap((target) => {
      const { width, height } = label(target).getBoundingClientRect()
      const name = target.getAttribute('aria-label') ?? label(target).textContent ?? ''
      return Math.min(width, height) + 0.5 < least ? [`${name}: ${width} × ${height}`] : []
    })
  }, least)
}
