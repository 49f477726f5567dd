// The development page's stand-in for www/widget/: trunk compiles no TypeScript, so this is the least that shows the
// widget. What the real element adds (attributes, events, retries) is tested with the real element.

addEventListener('TrunkApplicationStarted', () => {
  const { mount, stylesheet } = window.wasmBindings

  customElements.define(
    'oneloop-keys',
    class extends HTMLElement {
      #mounted = null

      connectedCallback() {
        const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
        const sheet = new CSSStyleSheet()
        sheet.replaceSync(stylesheet())
        root.adoptedStyleSheets = [sheet]
        const container = document.createElement('div')
        root.replaceChildren(container)
        this.#mounted = mount(container, host)
      }

      disconnectedCallback() {
        this.#mounted?.free()
        this.#mounted = null
      }
    },
  )
})

/** What the widget needs of its page: `Host` in src/host.rs. */
const host = {
  baseUrl: location.origin,
  workspace: undefined,
  keyVariable: 'ACME_API_KEY',
  exampleUrl: 'https://api.example.com',
  expiryPresets: Uint16Array.of(7, 30, 90, 365),
  scopeTemplates: [],
  keyId: undefined,
  language: 'en',
  messages: {},
  async getToken() {
    const response = await fetch('/demo/session', { method: 'POST', cache: 'no-store' })
    if (!response.ok) throw new Error(`no session (HTTP ${response.status}): is \`npm start\` running?`)
    return response.json()
  },
  notify: (name, detail) => console.info(name, detail),
}
