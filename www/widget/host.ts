import type { Messages } from './language.js'

/** A link token, with the moment it ends when the page knows it, in Unix milliseconds. */
export type Token = string | { readonly token: string; readonly expiresAt?: number }

/** Gets a link token from the page's own backend. Called when one is needed, and again when it has ended. */
export type GetToken = () => Promise<Token>

/** What a template gives of one scope: everything, reading, or single bits. */
export type Access = 'write' | 'read' | readonly Bit[]
export type Bit = 'create' | 'read' | 'update' | 'delete'

/** A set of permissions that the page offers by a name. Scopes that it does not name are taken away. */
export interface ScopeTemplate {
  readonly name: string
  /** By the scope's representation. */
  readonly scopes: Readonly<Record<string, Access>>
}

/** A template as `src/host.rs` reads it. */
export interface Template {
  readonly name: string
  readonly grants: readonly {
    representation: string
    create: boolean
    read: boolean
    update: boolean
    del: boolean
  }[]
}

/** What the page wrote, in the words of the protocol. */
export function templateOf({ name, scopes }: ScopeTemplate): Template {
  const grants = Object.entries(scopes).map(([representation, access]) => {
    const has = (bit: Bit) => access === 'write' || access === bit || (Array.isArray(access) && access.includes(bit))
    return { representation, create: has('create'), read: has('read'), update: has('update'), del: has('delete') }
  })
  return { name, grants }
}

/** What the widget is given by the element: `Host` in `src/host.rs`. */
export interface Host {
  readonly baseUrl: string
  readonly workspace: string | undefined
  readonly keyVariable: string
  readonly exampleUrl: string
  /** In days. */
  readonly expiryPresets: Uint16Array
  readonly scopeTemplates: readonly Template[]
  readonly keyId: string | undefined
  readonly language: string
  readonly messages: Messages
  getToken(): Promise<Token>
  notify(name: string, detail: Record<string, string>): void
}
