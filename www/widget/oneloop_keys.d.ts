/*
 * What the generated module offers, as far as this folder uses it. `src/mount.rs` is the other side; wasm-bindgen
 * writes the module itself when the package is built.
 */
import type { Host } from './host.js'

/** A mounted widget; `free` ends it. */
export interface Mounted {
  free(): void
  /** Whether a secret is on the screen that nobody can see again. */
  mustStay(): boolean
  /** Shows the key with this id. */
  show(id: string): void
}

export function mount(container: HTMLElement, host: Host): Mounted
export function stylesheet(): string

/** Loads the wasm once, however often it is called. */
export default function init(options: { module_or_path: Promise<Response> }): Promise<unknown>
