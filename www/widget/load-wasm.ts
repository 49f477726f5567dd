import * as wasm from './oneloop_keys.js'

/**
 * The widget's WebAssembly, loaded once for all elements of the page; a load that failed is tried again by the next.
 * The address stands here, spelled out, so that bundlers see it and take the file along.
 */
export async function loadWasm(): Promise<typeof wasm> {
  await wasm.default({ module_or_path: new URL('./oneloop_keys_bg.wasm', import.meta.url) })
  return wasm
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
