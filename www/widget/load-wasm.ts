import type * as wasm from './oneloop_keys.js'

/**
 * The widget's WebAssembly, loaded once for all elements of the page; a load that failed is tried again by the next.
 * The address stands here, spelled out, so that bundlers see it and take the file along.
 */
export function loadWasm(): Promise<typeof wasm> {
  loading ??= load().catch((error) => {
    loading = undefined
    throw error
  })
  return loading
}

let loading: Promise<typeof wasm> | undefined

/** The bindings, which are a file of their own, and the wasm side by side. */
async function load(): Promise<typeof wasm> {
  const file = fetch(new URL('./oneloop_keys_bg.wasm', import.meta.url))
  file.catch(() => {})
  const bindings = await import('./oneloop_keys.js')
  await bindings.default({ module_or_path: file })
  return bindings
}

let sheet: CSSStyleSheet | undefined

/** The widget's stylesheet: one object, shared by all elements. */
export function styles({ stylesheet }: typeof wasm): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(stylesheet())
  }
  return sheet
}
