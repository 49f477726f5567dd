/** Detail of the events about one key. Ids only: a secret never leaves the widget by itself. */
export interface OneloopKeyDetail {
  readonly id: string
}

/** Detail of `oneloop-error`. `code` is stable; `message` is for humans. */
export interface OneloopErrorDetail {
  readonly code: string
  readonly message: string
}

/** Every event of the element, and its detail. */
export interface OneloopEventDetails {
  'oneloop-ready': Record<string, never>
  'oneloop-key-created': OneloopKeyDetail
  'oneloop-key-updated': OneloopKeyDetail
  'oneloop-key-rotated': OneloopKeyDetail
  'oneloop-key-deleted': OneloopKeyDetail
  'oneloop-copy': OneloopKeyDetail
  'oneloop-session-expired': Record<string, never>
  'oneloop-error': OneloopErrorDetail
}

/** An event of the element: bubbles, crosses shadow roots, cannot be cancelled. */
export type OneloopEvent<Name extends keyof OneloopEventDetails> = CustomEvent<OneloopEventDetails[Name]>
