import type { OneloopEvent, OneloopEventDetails } from './events.js'
import { OneloopKeysError } from './failure.js'
import { showFailure, showWaiting } from './fallback.js'
import { type GetToken, type Host, type ScopeTemplate, templateOf, type Token } from './host.js'
import { directionOf, ENGLISH, languageOf, loadLanguage } from './language.js'
import { loadWasm, styles } from './load-wasm.js'
import type { Mounted } from './oneloop_keys.js'

export type { OneloopErrorDetail, OneloopEvent, OneloopEventDetails, OneloopKeyDetail } from './events.js'
export type { Access, Bit, GetToken, ScopeTemplate, Token } from './host.js'

/** How long to wait for the page to set `getToken`, in milliseconds: frameworks set properties after connecting. */
const PATIENCE = 3_000

/** How long `getToken` may take, in milliseconds: as long as an answer of the server. */
const TOKEN_TIMEOUT = 20_000

/** On a server there is no DOM: importing must work there, constructing need not. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? class {}

/**
 * The signed-in customer's API keys: list, create, reveal once, edit, switch, rotate, delete.
 *
 * Importing this module registers nothing; `define.js` does.
 *
 * @tag oneloop-keys
 * @attr {string} base-url - Where the key service is. Defaults to the page's origin.
 * @attr {string} workspace - The workspace the token must belong to; anything else is an error. Optional.
 * @attr {"auto"|"light"|"dark"} theme - `auto`, the default, follows the colours of the page around it.
 * @attr {string} lang - The language. Defaults to that of the page around it; English where there is no catalogue.
 * @attr {string} key-variable - The environment variable in the file that the reveal offers. Defaults to `API_KEY`.
 * @attr {string} example-url - What the snippets of the reveal ask for. Defaults to `https://api.example.com`.
 * @attr {string} expiry-presets - The lifetimes offered for a new key, in days: `7 30 90 365` unless said otherwise.
 * @slot header - Under the introduction.
 * @slot empty - In the empty list, under its button.
 * @slot row-actions:ID - In the row of the key with this id, before its menu.
 * @slot footer - Under the list.
 * @fires oneloop-ready - The list is on screen.
 * @fires oneloop-key-created - A key was created. `detail.id`.
 * @fires oneloop-key-updated - A key was edited or switched. `detail.id`.
 * @fires oneloop-key-rotated - A key has a new secret. `detail.id`.
 * @fires oneloop-key-deleted - A key was deleted. `detail.id`.
 * @fires oneloop-copy - A secret was copied, confirmed by the browser. `detail.id`.
 * @fires oneloop-session-expired - The token was refused, and so was the one fetched after it.
 * @fires oneloop-error - Something failed. `detail.code`, `detail.message`.
 * @csspart root - Everything.
 * @csspart header - Heading and Create button; `title` and `intro` inside it.
 * @csspart toolbar - Search, filters and order; `search` and `select` inside it. `selection` in its place while keys are
 * picked.
 * @csspart banner - What expires soon.
 * @csspart table - The list; `head`, `body`, `row`, and in a row `row__pick`, `row__name`, `row__key`, `row__permissions`,
 * `row__status`, `row__used`, `row__created`, `row__expires`, `row__menu`, `status`, `menu-button`.
 * @csspart no-match - Instead of rows, when nothing is found.
 * @csspart foot - Under the list: how far it was read, and the way to the expired keys.
 * @csspart facts - What is known of a key, in its dialog; also `usage` and `activity`.
 * @csspart many - The keys that something is done to together.
 * @csspart snippet - The lines that use a new key.
 * @csspart dialog - A dialog; `dialog__title`, `dialog__close`, `dialog__body`, `dialog__foot`, `field`, `input`, `choice`,
 * `scopes`, `scope`, `summary`, `secret`, `secret__text`.
 * @csspart menu - A row's menu; `menu__item`.
 * @csspart button - A button; also `button-primary`, `button-danger`, `button-quiet`.
 * @csspart notice - A message that something failed.
 * @csspart placeholder - What stands in place of the list; `skeleton` while it loads.
 * @cssproperty --oneloop-color-background - Surface of dialogs and menus.
 * @cssproperty --oneloop-color-foreground - Text. Defaults to the page's.
 * @cssproperty --oneloop-color-muted - Secondary text.
 * @cssproperty --oneloop-color-primary - The one thing to do next.
 * @cssproperty --oneloop-color-on-primary - Text on it.
 * @cssproperty --oneloop-color-danger - What cannot be undone, and what failed.
 * @cssproperty --oneloop-color-warning - What needs attention soon.
 * @cssproperty --oneloop-color-success - What works.
 * @cssproperty --oneloop-color-border - Hairlines.
 * @cssproperty --oneloop-color-control - Edges of fields and buttons.
 * @cssproperty --oneloop-color-focus - The focus ring.
 * @cssproperty [--oneloop-radius=6px] - Corner radius of controls.
 * @cssproperty [--oneloop-font-size=14px] - Size of body text.
 * @cssproperty --oneloop-font-mono - Font of keys.
 * @cssproperty --oneloop-list-size - How high the list may become before it scrolls in itself.
 * @cssproperty [--oneloop-row-actions-size=32px] - Width of the last column, for a row's slot.
 */
export class OneloopKeysElement extends Base {
  static readonly observedAttributes = ['base-url', 'workspace', 'lang']

  /** Registers the element. Safe to call twice with the same tag. */
  static define(tag = 'oneloop-keys', registry: CustomElementRegistry = customElements): typeof this {
    if (registry.get(tag) !== this) registry.define(tag, this)
    return this
  }

  #getToken: GetToken | undefined
  #tellTokenIsThere: (() => void) | undefined
  #mounted: Mounted | undefined
  /** What is mounted or on its way; one that has been left behind must not mount any more. */
  #generation = 0
  #scopeTemplates: readonly ScopeTemplate[] = []
  #keyId: string | undefined
  #started = false
  #outdated = false
  #language = ENGLISH

  /** Where tokens come from. A new function is used from the next token on; the view stays. */
  get getToken(): GetToken | undefined {
    return this.#getToken
  }

  set getToken(getToken: GetToken | undefined) {
    this.#getToken = getToken
    this.#tellTokenIsThere?.()
  }

  /** Sets of permissions that the create and edit dialogs offer by a name. Used from the next dialog on. */
  get scopeTemplates(): readonly ScopeTemplate[] {
    return this.#scopeTemplates
  }

  set scopeTemplates(templates: readonly ScopeTemplate[]) {
    this.#scopeTemplates = templates
  }

  /**
   * The key to show: its details open, and its row is marked. An id that is not there is said so. Set before the list is
   * there, it waits for it; while somebody fills in a form or a secret is on the screen, it is left alone.
   */
  get keyId(): string | undefined {
    return this.#keyId
  }

  set keyId(id: string | undefined) {
    this.#keyId = id || undefined
    if (id) this.#mounted?.show(id)
  }

  get baseUrl(): string {
    return this.getAttribute('base-url') ?? ''
  }

  set baseUrl(url: string) {
    this.setAttribute('base-url', url)
  }

  connectedCallback(): void {
    this.#adopt('getToken')
    this.#adopt('scopeTemplates')
    this.#adopt('keyId')
    if (this.#started) this.#reopenDialogs()
    else void this.#start()
  }

  /** A property that was set before the element was defined hides the accessor of the class. */
  #adopt(name: 'getToken' | 'scopeTemplates' | 'keyId'): void {
    if (!Object.hasOwn(this, name)) return
    const own: unknown = this[name]
    Reflect.deleteProperty(this, name)
    Object.assign(this, { [name]: own })
  }

  disconnectedCallback(): void {
    // Moved within the page is disconnected and connected at once: the view, and a secret in it, must survive that.
    queueMicrotask(() => {
      if (!this.isConnected) this.#stop()
    })
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (!this.#started || before === after) return
    // Somebody fills in a form, or the only copy of a secret is on its way or on the screen: what changed is used after that.
    this.#outdated = this.#mounted?.mustStay() ?? false
    if (this.#outdated) return
    this.#stop()
    void this.#start()
  }

  async #start(): Promise<void> {
    this.#started = true
    const generation = this.#generation
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
    showWaiting(root)
    const language = loadLanguage(languageOf(this))
    try {
      const wasm = await loadWasm()
      this.#language = await language
      // While we waited, the element may have left the page or changed its server.
      if (generation !== this.#generation) return
      root.adoptedStyleSheets = [styles(wasm)]
      const container = document.createElement('div')
      container.lang = this.#language.tag
      container.dir = directionOf(this.#language.tag)
      root.replaceChildren(container)
      this.#mounted = wasm.mount(container, this.#host())
    } catch (error) {
      this.#language = await language
      if (generation !== this.#generation) return
      console.error(error)
      this.#fail(OneloopKeysError.ofLoad(error, this.#language.messages))
    }
  }

  /** Stops what runs and invalidates what is still loading. */
  #stop(): void {
    this.#generation += 1
    this.#started = false
    this.#mounted?.free()
    this.#mounted = undefined
    this.shadowRoot?.replaceChildren()
  }

  #host(): Host {
    const generation = this.#generation
    const templates = () => this.#scopeTemplates.map(templateOf)
    const keyId = () => this.#keyId
    return {
      baseUrl: new URL(this.baseUrl || location.origin, document.baseURI).href.replace(/\/+$/, ''),
      workspace: this.getAttribute('workspace') || undefined,
      language: this.#language.tag,
      messages: this.#language.messages,
      exampleUrl: this.getAttribute('example-url') || 'https://api.example.com',
      expiryPresets: presetsOf(this.getAttribute('expiry-presets')),
      get scopeTemplates() {
        return templates()
      },
      get keyId() {
        return keyId()
      },
      keyVariable: this.getAttribute('key-variable') || 'API_KEY',
      getToken: () => this.#token(),
      notify: (name, detail) => {
        if (generation !== this.#generation) return
        if (name === 'crashed') this.#crash()
        else if (name === 'settled') this.#catchUp()
        else this.#tell(`oneloop-${name}` as keyof OneloopEventDetails, detail)
      },
    }
  }

  async #token(): Promise<Token> {
    if (!this.#getToken) {
      await new Promise<void>((resolve) => {
        this.#tellTokenIsThere = resolve
        setTimeout(resolve, PATIENCE)
      })
    }
    if (!this.#getToken) throw new TypeError('oneloop-keys: set the property `getToken` to a function')
    // A promise that is never kept must not keep a dialog open for ever.
    let late: ReturnType<typeof setTimeout> | undefined
    const tooLate = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error('oneloop-keys: `getToken` took too long')), TOKEN_TIMEOUT)
    })
    return Promise.race([this.#getToken(), tooLate]).finally(() => clearTimeout(late))
  }

  /** Does what had to wait until nothing could be lost by it; not before the widget has finished closing it. */
  #catchUp(): void {
    if (!this.#outdated) return
    this.#outdated = false
    setTimeout(() => {
      if (!this.#started) return
      this.#stop()
      void this.#start()
    })
  }

  /** The widget's memory is as it was when it failed, so it is left alone and not freed. */
  #crash(): void {
    this.#generation += 1
    this.#mounted = undefined
    this.#fail(OneloopKeysError.ofCrash(this.#language.messages))
  }

  #fail(failure: OneloopKeysError): void {
    const { code, message } = failure
    this.#tell('oneloop-error', { code, message })
    if (!this.shadowRoot) return
    showFailure(this.shadowRoot, failure, this.#language.tag, () => {
      if (code === 'crashed') return location.reload()
      this.#stop()
      void this.#start()
    })
  }

  /** A modal dialog that is moved falls out of the top layer. */
  #reopenDialogs(): void {
    for (const dialog of this.shadowRoot?.querySelectorAll<HTMLDialogElement>('dialog[open]') ?? []) {
      dialog.removeAttribute('open')
      dialog.showModal()
    }
  }

  #tell(name: keyof OneloopEventDetails, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }
}

/** The lifetimes in days that an attribute names; the usual ones where it names none. */
function presetsOf(text: string | null): Uint16Array {
  const days = (text ?? '').split(/[\s,]+/).map(Number)
  const valid = days.filter((day) => Number.isInteger(day) && day > 0 && day <= 3_650)
  return Uint16Array.from(valid.length > 0 ? valid : [7, 30, 90, 365])
}

declare global {
  interface HTMLElementTagNameMap {
    'oneloop-keys': OneloopKeysElement
  }
  interface HTMLElementEventMap extends OneloopEventMap {}
}

type OneloopEventMap = { [Name in keyof OneloopEventDetails]: OneloopEvent<Name> }
