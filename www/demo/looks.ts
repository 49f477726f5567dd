/* The switch between ready looks of the widget: a class on the element, whose rules are in themes.css. */

/** Shows what is picked, at once and after every change. */
export function startLooks(choice: HTMLSelectElement, keys: HTMLElement): void {
  const show = () => {
    keys.className = choice.value === '' ? '' : `theme-${choice.value}`
  }
  choice.addEventListener('change', show)
  show()
}
