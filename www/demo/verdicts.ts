/* The verdicts of a verification, in words and shapes. */
import type { Needs } from './requests.js'

/** What a verification can say of a key. */
export type Verdict =
  | 'VALID'
  | 'INVALID'
  | 'DELETED'
  | 'DISABLED'
  | 'EXPIRED'
  | 'INVALID_SCOPES'
  | 'RATE_LIMITED'
  | 'USAGE_LIMITED'

/** The symbols in index.html. */
export type Shape = 'full' | 'half' | 'empty' | 'cross'

/** The shape beside the word. The same verdict has the same shape as in the key list. */
export function shapeOf(verdict: Verdict): Shape {
  switch (verdict) {
    case 'VALID':
      return 'full'
    case 'INVALID_SCOPES':
    case 'RATE_LIMITED':
    case 'USAGE_LIMITED':
      return 'half'
    case 'DISABLED':
      return 'empty'
    default:
      return 'cross'
  }
}

/** One sentence that says what the verdict means for this request. */
export function describe(verdict: Verdict, needs: Needs): string {
  const wanted = `${capital(needs.representation)}: ${needs.access}`
  switch (verdict) {
    case 'VALID':
      return `The key may do this: it has ${wanted}.`
    case 'INVALID_SCOPES':
      return `The key works, but this request needs ${wanted}.`
    case 'DELETED':
      return `The key was deleted. This request needs ${wanted}.`
    case 'DISABLED':
      return `The key is switched off. This request needs ${wanted}.`
    case 'EXPIRED':
      return `The key’s time is over. This request needs ${wanted}.`
    case 'RATE_LIMITED':
      return 'Too many requests in a short time. Wait a second.'
    case 'USAGE_LIMITED':
      return 'The key’s credit is used up.'
    default:
      return `No such key: never issued, or replaced by rotation. This request needs ${wanted}.`
  }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
