//! Sending the same thing twice without it happening twice.

use std::cell::RefCell;

use js_sys::{Function, Reflect, Uint8Array};
use oneloop_protocol::UnixMillis;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::window;

/// What was sent last, with the key under which the server knows it.
///
/// A server that has carried out a request answers its repetition with the first answer, for a day. So the same
/// content goes out under the same key until it has succeeded, and changed content under a new one: the server
/// refuses a key it knows with other content.
#[derive(Debug, Default)]
pub struct Attempted(RefCell<Option<(String, Attempt)>>);

/// The first time that some content was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What the server knows it by.
    pub key: String,
    /// When that was. What counts from now, counts from then when it is sent again: it must be the same.
    pub since: UnixMillis,
}

impl Attempted {
    /// The attempt that `content` belongs to: any text that differs when the request does.
    pub fn of(&self, content: String, now: UnixMillis) -> Attempt {
        self.with_key(content, || Attempt { key: random_key(), since: now })
    }

    fn with_key(&self, content: String, new: impl FnOnce() -> Attempt) -> Attempt {
        let mut last = self.0.borrow_mut();
        match &*last {
            Some((before, attempt)) if *before == content => attempt.clone(),
            _ => {
                let attempt = new();
                *last = Some((content, attempt.clone()));
                attempt
            }
        }
    }
}

/// 128 random bits as 32 hex digits; empty where the browser has no source of randomness, which is as it was before
/// there were such keys. Not `randomUUID`, which pages on plain HTTP do not have.
fn random_key() -> String {
    let bytes = random_bytes().map(|bytes| bytes.to_vec()).unwrap_or_default();
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn random_bytes() -> Option<Uint8Array> {
    let crypto = Reflect::get(window()?.as_ref(), &JsValue::from_str("crypto")).ok()?;
    let fill = Reflect::get(&crypto, &JsValue::from_str("getRandomValues")).ok()?;
    let bytes = Uint8Array::new_with_length(16);
    fill.dyn_into::<Function>().ok()?.call1(&crypto, &bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_key_and_other_content_another() {
        let attempted = Attempted::default();
        let send = |content: &str, now| {
            let new = || Attempt { key: format!("{content}{now}"), since: now };
            attempted.with_key(content.to_owned(), new)
        };
        let first = send("a", 1);
        assert_eq!((first.key.as_str(), first.since), ("a1", 1));
        assert_eq!(send("a", 2), first);
        assert_eq!(send("b", 3).key, "b3");
        assert_eq!(send("a", 4).key, "a4");
    }
}
