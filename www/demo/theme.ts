/*
 * The page's theme: light, dark, or what the system says.
 *
 * A classic script, loaded in <head> before the first paint; a module would run too late and a dark page would
 * flash white. It shares nothing with demo.ts but the `data-theme` attribute, which demo.ts hands to the widget.
 */
;(() => {
  const STORED = 'acme-theme'
  const root = document.documentElement

  /** The stored choice; `system` when there is none, or when storage is refused. */
  function stored(): string {
    try {
      const theme = localStorage.getItem(STORED)
      return theme === 'light' || theme === 'dark' ? theme : 'system'
    } catch {
      return 'system'
    }
  }

  function store(theme: string): void {
    try {
      localStorage.setItem(STORED, theme)
    } catch {
      // Storage is refused (private window): the choice then lasts as long as the page.
    }
  }

  root.dataset['theme'] = stored()

  document.addEventListener('DOMContentLoaded', () => {
    const choices = document.querySelectorAll<HTMLInputElement>('#theme input')
    for (const choice of choices) {
      choice.checked = choice.value === root.dataset['theme']
      choice.addEventListener('change', () => {
        root.dataset['theme'] = choice.value
        store(choice.value)
      })
    }
  })
})()
