/** Texts by their keys, as the files of `locales/` hold them. */
export type Messages = Readonly<Record<string, string>>

/** A language the widget speaks, and its texts; none for English, which is in the wasm. */
export interface Language {
  readonly tag: string
  readonly messages: Messages
}

/** The catalogues besides English. The addresses are spelled out, so that bundlers see them and take the files along. */
const CATALOGUES: Readonly<Record<string, URL>> = {
  ar: new URL('./locales/ar.json', import.meta.url),
  cs: new URL('./locales/cs.json', import.meta.url),
  da: new URL('./locales/da.json', import.meta.url),
  de: new URL('./locales/de.json', import.meta.url),
  es: new URL('./locales/es.json', import.meta.url),
  fi: new URL('./locales/fi.json', import.meta.url),
  fr: new URL('./locales/fr.json', import.meta.url),
  he: new URL('./locales/he.json', import.meta.url),
  it: new URL('./locales/it.json', import.meta.url),
  ja: new URL('./locales/ja.json', import.meta.url),
  ko: new URL('./locales/ko.json', import.meta.url),
  nb: new URL('./locales/nb.json', import.meta.url),
  nl: new URL('./locales/nl.json', import.meta.url),
  pl: new URL('./locales/pl.json', import.meta.url),
  'pt-BR': new URL('./locales/pt-BR.json', import.meta.url),
  sv: new URL('./locales/sv.json', import.meta.url),
  tr: new URL('./locales/tr.json', import.meta.url),
  uk: new URL('./locales/uk.json', import.meta.url),
  'zh-CN': new URL('./locales/zh-CN.json', import.meta.url),
}

/** Tags of the same language under another name. Traditional Chinese is none: who reads it, reads English rather. */
const ALIASES: Readonly<Record<string, string>> = { no: 'nb', nn: 'nb', iw: 'he', pt: 'pt-BR', zh: 'zh-CN' }

const TRADITIONAL = /^zh-(hant|tw|hk|mo)\b/i

/** What is spoken where there is no catalogue. */
export const ENGLISH: Language = { tag: 'en', messages: {} }

/** What was loaded once; a load that failed is tried again by the next. */
const loaded = new Map<string, Promise<Language>>()

/** The language that `lang` of the element or of what is around it says, across shadow roots; else English. */
export function languageOf(element: Element): string {
  for (let at: Element | null = element; at; ) {
    const near: Element | null = at.closest('[lang]')
    if (near) return catalogueFor(near.getAttribute('lang') ?? '')
    const root: Node = at.getRootNode()
    at = root instanceof ShadowRoot ? root.host : null
  }
  return ENGLISH.tag
}

function catalogueFor(wanted: string): string {
  if (TRADITIONAL.test(wanted)) return ENGLISH.tag
  const [primary = ''] = wanted.toLowerCase().split('-')
  const tag = ALIASES[primary] ?? primary
  return tag in CATALOGUES ? tag : ENGLISH.tag
}

/** Loads the texts of one language. A file that cannot be had costs the language and not the widget. */
export async function loadLanguage(tag: string): Promise<Language> {
  const url = CATALOGUES[tag]
  if (!url) return ENGLISH
  let language = loaded.get(tag)
  if (!language) {
    language = load(tag, url)
    loaded.set(tag, language)
  }
  try {
    return await language
  } catch (error) {
    console.warn('oneloop-keys: the texts could not be loaded, so English is spoken', error)
    loaded.delete(tag)
    return ENGLISH
  }
}

async function load(tag: string, url: URL): Promise<Language> {
  const answer = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer' })
  if (!answer.ok) throw new TypeError(`${url}: HTTP ${answer.status}`)
  return { tag, messages: await answer.json() }
}

/** The direction of a language's script. */
export function directionOf(tag: string): 'ltr' | 'rtl' {
  return tag === 'ar' || tag === 'he' ? 'rtl' : 'ltr'
}
