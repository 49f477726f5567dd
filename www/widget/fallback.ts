import { OneloopKeysError } from './failure.js'
import { directionOf } from './language.js'

/** What stands in the element while the widget is on its way. It keeps roughly the widget's height. */
const WAITING = ':host{display:block}.waiting{min-block-size:16rem}.failed{padding-block:1rem}'

let sheet: CSSStyleSheet | undefined

function adopt(root: ShadowRoot): void {
  if (!sheet) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(WAITING)
  }
  root.adoptedStyleSheets = [sheet]
}

/** Holds the place until the widget is there. */
export function showWaiting(root: ShadowRoot): void {
  adopt(root)
  const place = document.createElement('div')
  place.className = 'waiting'
  place.setAttribute('aria-busy', 'true')
  root.replaceChildren(place)
}

/** Says what went wrong and, where that helps, what the page must change. */
export function showFailure(root: ShadowRoot, failure: OneloopKeysError, language: string, retry: () => void): void {
  adopt(root)
  const place = document.createElement('div')
  place.className = 'failed'
  place.lang = language
  place.dir = directionOf(language)
  place.setAttribute('role', 'alert')
  const words = document.createElement('p')
  words.textContent = failure.message
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = failure.action
  button.addEventListener('click', retry)
  place.append(words, button)
  root.replaceChildren(place)
}
