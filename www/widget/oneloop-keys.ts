/*
 * The one import of a page: registers <oneloop-keys> and offers its class and types.
 */
import './define.js'

export * from './element.js'
