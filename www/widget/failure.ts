import type { Messages } from './language.js'

/** Why the widget is not there. */
type Code = 'load_failed' | 'wasm_blocked' | 'crashed'

/** What the page must add for the widget to run; named in the message, in the event and in the docs. */
const MISSING_SOURCE = "Content-Security-Policy: script-src 'wasm-unsafe-eval'"

/** The texts that are needed where there is no wasm: `load.…` of the catalogues. */
const ENGLISH = {
  'load.failed': 'API keys could not be loaded.',
  'load.blocked': 'API keys cannot be shown: this page blocks WebAssembly. It has to allow: {source}',
  'load.crashed': 'API keys stopped working because of an error. Reload the page to go on.',
  'load.try_again': 'Try again',
  'load.reload': 'Reload',
} as const

const TEXT_OF: Readonly<Record<Code, keyof typeof ENGLISH>> = {
  load_failed: 'load.failed',
  wasm_blocked: 'load.blocked',
  crashed: 'load.crashed',
}

/** Why the widget is not there, in words for the person who looks at the page. */
export class OneloopKeysError extends Error {
  constructor(
    /** A stable word for programs. */
    readonly code: Code,
    messages: Messages,
    /** What the button under the message says. */
    readonly action: string = say(code === 'crashed' ? 'load.reload' : 'load.try_again', messages),
  ) {
    super(say(TEXT_OF[code], messages).replace('{source}', MISSING_SOURCE))
  }

  /** The load failed: by the page's own policy, or on the way. */
  static ofLoad(error: unknown, messages: Messages): OneloopKeysError {
    // A policy without 'wasm-unsafe-eval' refuses to compile; browsers name the policy in the message.
    const blocked = error instanceof WebAssembly.CompileError || /wasm-eval|unsafe-eval|Content Security Policy/i.test(String(error))
    return new OneloopKeysError(blocked ? 'wasm_blocked' : 'load_failed', messages)
  }

  /** The widget ran into a bug of its own. Nothing of it can be used any more until the page is loaded again. */
  static ofCrash(messages: Messages): OneloopKeysError {
    return new OneloopKeysError('crashed', messages)
  }
}

function say(key: keyof typeof ENGLISH, messages: Messages): string {
  return messages[key] ?? ENGLISH[key]
}
