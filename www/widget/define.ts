import { OneloopKeysElement } from './element.js'

// On a server there is no registry, and nothing to register.
if (globalThis.customElements) OneloopKeysElement.define()

export { OneloopKeysElement }
