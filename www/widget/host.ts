import type { Messages } from './language.js'

/** A link token, with the moment it ends when the page knows it, in Unix milliseconds. */
export type Token = string | { readonly token: string; readonly expiresAt?: number }

/** Gets a link token from the page's own backend. Called when one is needed, and again when it has ended. */
export type GetToken = () => Promise<Token>

/** What the widget is given by the element: `Host` in `src/host.rs`. */
export interface Host {
  readonly baseUrl: string
  readonly workspace: string | undefined
  readonly keyVariable: string
  readonly language: string
  readonly messages: Messages
  getToken(): Promise<Token>
  notify(name: string, detail: Record<string, string>): void
}
