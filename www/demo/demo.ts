/*
 * Acme's own page around the widget: what an integrator would write.
 *
 * It tells the widget where to get a session from, and which theme to show. It never sees a key: the "Try your
 * key" panel has only what the user pastes into it.
 */
import { startLooks } from './looks.js'
import { startTryPanel } from './try-panel.js'

/** The part of the element that this page uses. */
interface KeysElement extends HTMLElement {
  getToken: () => Promise<{ token: string; expiresAt: number }>
}

/** Asks Acme's backend, which holds the SDK key, for a link token of the signed-in customer. */
async function getToken(): Promise<{ token: string; expiresAt: number }> {
  const response = await fetch('/demo/session', { method: 'POST', cache: 'no-store' })
  if (!response.ok) throw new Error(`Acme could not start a session (HTTP ${response.status})`)
  return (await response.json()) as { token: string; expiresAt: number }
}

function element<E extends Element>(selector: string): E {
  const found = document.querySelector<E>(selector)
  if (!found) throw new Error(`the page has no ${selector}`)
  return found
}

const keys = element<KeysElement>('#keys')
keys.getToken = getToken

/** The page says `system`, the widget says `auto`; the rest are the same words. */
function themeTheWidget(): void {
  const theme = document.documentElement.dataset['theme'] ?? 'system'
  keys.setAttribute('theme', theme === 'system' ? 'auto' : theme)
}
themeTheWidget()
new MutationObserver(themeTheWidget).observe(document.documentElement, { attributeFilter: ['data-theme'] })

// A variable, because the widget is served beside this page and not compiled with it.
const widget = '/widget/oneloop-keys.js'
import(widget).catch((problem: unknown) => {
  // A missing widget would leave a blank hole: say what is wrong instead.
  console.error(problem)
  element<HTMLElement>('#keys-failed').hidden = false
})

startLooks(element<HTMLSelectElement>('#look'), keys)

startTryPanel({
  form: element<HTMLFormElement>('#try'),
  key: element<HTMLInputElement>('#try-key'),
  answer: element<HTMLElement>('#answer'),
  history: element<HTMLElement>('#history'),
  steps: element<HTMLElement>('#steps'),
})
