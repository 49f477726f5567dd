/** Why the widget is not there, in words for the person who looks at the page. */
export class OneloopKeysError extends Error {
  constructor(
    /** A stable word for programs. */
    readonly code: 'load_failed' | 'wasm_blocked' | 'crashed',
    message: string,
    /** What the button under the message says. */
    readonly action: string,
  ) {
    super(message)
  }

  /** The load failed: by the page's own policy, or on the way. */
  static ofLoad(error: unknown): OneloopKeysError {
    // A policy without 'wasm-unsafe-eval' refuses to compile; browsers name the policy in the message.
    if (error instanceof WebAssembly.CompileError || /wasm-eval|unsafe-eval|Content Security Policy/i.test(String(error))) {
      const missing = "Content-Security-Policy: script-src needs 'wasm-unsafe-eval'"
      return new OneloopKeysError('wasm_blocked', `API keys cannot be shown: this page blocks WebAssembly. (${missing})`, 'Try again')
    }
    return new OneloopKeysError('load_failed', 'API keys could not be loaded.', 'Try again')
  }

  /** The widget ran into a bug of its own. Nothing of it can be used any more until the page is loaded again. */
  static ofCrash(): OneloopKeysError {
    return new OneloopKeysError('crashed', 'API keys stopped working because of an error. Reload the page to go on.', 'Reload')
  }
}
