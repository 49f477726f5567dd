/* Where a secret could hide in a page. */
import type { Page } from '@playwright/test'

/** Every place where `secret` stands right now, in words; the best list is the empty one. */
export async function placesOf(page: Page, secret: string): Promise<string[]> {
  const inPage = await page.evaluate((secret) => {
    const found: string[] = []
    const look = (where: string, text: string | null | undefined) => {
      if (text?.includes(secret)) found.push(where)
    }

    const visit = (root: Document | ShadowRoot, path: string) => {
      // The text of the whole tree, comments included.
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL)
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        look(`${path} ${node.nodeName}`, node.nodeValue)
        if (!(node instanceof Element)) continue
        for (const { name, value } of node.attributes) look(`${path} <${node.localName} ${name}>`, value)
        // A field's content is no attribute.
        if ('value' in node) look(`${path} <${node.localName}>.value`, String(node.value))
        if (node.shadowRoot) visit(node.shadowRoot, `${path} ${node.localName}`)
      }
    }
    visit(document, 'document')

    for (const [name, storage] of Object.entries({ localStorage, sessionStorage })) {
      look(name, JSON.stringify({ ...storage }))
    }
    look('cookie', document.cookie)
    look('location', location.href)
    look('history.state', JSON.stringify(history.state))
    look('window.name', window.name)
    look('title', document.title)
    performance.getEntries().forEach((entry) => look('a performance entry', entry.name))
    return found
  }, secret)
  const databases = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))
  const caches = await page.evaluate(async () => (await self.caches?.keys()) ?? [])
  return [...inPage, ...databases.map((name) => `indexedDB ${name}`), ...caches.map((name) => `cache ${name}`)]
}

/** Keeps, from now on and in every document of `page`, each `oneloop-…` event with its detail. */
export async function recordEvents(page: Page): Promise<() => Promise<RecordedEvent[]>> {
  await page.addInitScript((names) => {
    const kept: RecordedEvent[] = []
    Object.assign(window, { recordedEvents: kept })
    for (const name of names) {
      window.addEventListener(name, (event) => {
        kept.push({ name, detail: JSON.stringify((event as CustomEvent).detail) })
      })
    }
  }, EVENTS)
  return () => page.evaluate(() => (window as unknown as { recordedEvents: RecordedEvent[] }).recordedEvents)
}

/** An event as it reached the window: what any script of the host page could see. */
export interface RecordedEvent {
  readonly name: string
  readonly detail: string
}

const EVENTS = [
  'oneloop-ready',
  'oneloop-key-created',
  'oneloop-key-updated',
  'oneloop-key-rotated',
  'oneloop-key-deleted',
  'oneloop-copy',
  'oneloop-session-expired',
  'oneloop-error',
]
