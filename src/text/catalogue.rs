//! The language the widget speaks: which catalogue is in use, and what the browser's `Intl` knows of it.
//!
//! All widgets of a page speak one language, that of the last one mounted: a page has one, and a text is
//! then a plain `&'static str` wherever it is needed, in a component, a timer or after a request.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Object};
use wasm_bindgen::JsCast;

use super::message::digest;

#[cfg(target_arch = "wasm32")]
pub use self::browser::{and_list, number, plural_category};
#[cfg(not(target_arch = "wasm32"))]
pub use self::english::{and_list, number, plural_category};

/// The language of the texts in the code.
pub const ENGLISH: &str = "en";

/// A language's texts. What was loaded once stays loaded: texts are handed out as `&'static str`.
struct Catalogue {
    language: String,
    /// Digest of the key, and text. Searched one by one: there are some two hundred, and sorting them takes more
    /// code than time.
    entries: Vec<(u32, String)>,
}

thread_local! {
    static LOADED: RefCell<Vec<&'static Catalogue>> = const { RefCell::new(Vec::new()) };
    /// `None` is English.
    static IN_USE: Cell<Option<&'static Catalogue>> = const { Cell::new(None) };
}

/// The language in use, as a BCP 47 tag.
pub fn language() -> &'static str {
    IN_USE.get().map_or(ENGLISH, |catalogue| &catalogue.language)
}

/// From now on, speaks `language`. `entries` gives keys and texts, and is asked the first time only.
pub fn speak<E: Iterator<Item = (String, String)>>(language: &str, entries: impl FnOnce() -> E) {
    let known = |catalogue: &&&'static Catalogue| catalogue.language == language;
    let catalogue = LOADED.with_borrow_mut(|loaded| match loaded.iter().find(known) {
        Some(catalogue) => Some(*catalogue),
        None if language == ENGLISH => None,
        None => {
            let entries = entries().map(|(key, text)| (digest(&key), text)).collect();
            let catalogue: &_ =
                Box::leak(Box::new(Catalogue { language: language.to_owned(), entries }));
            loaded.push(catalogue);
            Some(catalogue)
        }
    });
    IN_USE.set(catalogue);
}

/// Keys and texts of a catalogue. What is no text is left out, and said in English.
pub fn texts(messages: &Object) -> impl Iterator<Item = (String, String)> + use<> {
    Object::entries(messages).into_iter().filter_map(|entry| {
        let entry: Array = entry.dyn_into().ok()?;
        Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
    })
}

/// The text of a key in the language in use; `None` in English.
pub(super) fn find(key: u32) -> Option<&'static str> {
    let entries = &IN_USE.get()?.entries;
    entries.iter().find(|(known, _)| *known == key).map(|(_, text)| text.as_str())
}

/// What the browser knows of the language in use.
#[cfg(target_arch = "wasm32")]
mod browser {
    use js_sys::{Array, Intl, Number, Object};
    use wasm_bindgen::{JsCast, JsValue};

    use super::{ENGLISH, language};
    use crate::intl::once;

    fn locales() -> Array {
        Array::of1(&JsValue::from_str(language()))
    }

    /// `one`, `few`, `many` …: which of the language's plural forms goes with `count`.
    pub fn plural_category(count: usize) -> String {
        let rules = once("plural", || Intl::PluralRules::new(&locales(), &Object::new()));
        rules.select(count as f64).into()
    }

    /// `10,000`, the language's way. English digits are known here, and spare every page the making of a format.
    pub fn number(count: usize) -> String {
        if count < 1_000 && language() == ENGLISH {
            return count.to_string();
        }
        Number::from(count as f64).to_locale_string(language()).into()
    }

    /// `a, b and c`, the language's way.
    pub fn and_list(items: &[String]) -> String {
        let list: Array = items.iter().map(|item| JsValue::from_str(item)).collect();
        let format = once("list", || Intl::ListFormat::new(&locales(), &Object::new()));
        format.format(list.unchecked_ref()).into()
    }
}

/// Outside a browser there are only unit tests, and they speak English.
#[cfg(not(target_arch = "wasm32"))]
mod english {
    /// `one` or `other`.
    pub fn plural_category(count: usize) -> String {
        (if count == 1 { "one" } else { "other" }).to_owned()
    }

    /// Digits.
    pub fn number(count: usize) -> String {
        count.to_string()
    }

    /// `a`, `a and b`, `a, b and c`.
    pub fn and_list(items: &[String]) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_is_used_until_the_next_and_english_needs_none() {
        let entry = |key: &str, text: &str| (key.to_owned(), text.to_owned());
        speak("de", || [entry("b.x", "zwei"), entry("a.x", "eins")].into_iter());
        assert_eq!(language(), "de");
        assert_eq!(
            (find(digest("a.x")), find(digest("b.x")), find(digest("c.x"))),
            (Some("eins"), Some("zwei"), None)
        );
        speak("en", || [entry("a.x", "not asked for")].into_iter());
        assert_eq!((language(), find(digest("a.x"))), ("en", None));
        speak("de", || -> std::iter::Empty<_> { panic!("it is there already") });
        assert_eq!(find(digest("a.x")), Some("eins"));
    }
}
