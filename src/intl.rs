//! Objects of the browser's `Intl`, made once for each language that is spoken.
//!
//! Making one takes the browser as long as using it a hundred times, and a list uses five of them in every row. One that
//! writes dates keeps the time zone it was made in, until the page is loaded again.

use std::cell::RefCell;

use wasm_bindgen::{JsCast, JsValue};

use crate::text::catalogue::language;

/// What has been made for one language, by names of our own.
struct Made {
    language: &'static str,
    objects: Vec<(&'static str, JsValue)>,
}

thread_local! {
    static MADE: RefCell<Made> = const { RefCell::new(Made { language: "", objects: Vec::new() }) };
}

/// The object called `name` for the language in use; `make` makes it the first time. The type is the one it was made as.
pub fn once<T: JsCast + 'static>(name: &'static str, make: impl FnOnce() -> T) -> T {
    let known = known(name);
    known.unwrap_or_else(|| keep(name, make().into())).unchecked_into()
}

fn known(name: &'static str) -> Option<JsValue> {
    MADE.with_borrow_mut(|made| {
        if made.language != language() {
            *made = Made { language: language(), objects: Vec::new() };
        }
        made.objects.iter().find(|(known, _)| *known == name).map(|(_, object)| object.clone())
    })
}

fn keep(name: &'static str, object: JsValue) -> JsValue {
    MADE.with_borrow_mut(|made| made.objects.push((name, object.clone())));
    object
}
