//! Sending the same thing twice without it happening twice.

use js_sys::{Function, Reflect, Uint8Array};
use oneloop_protocol::UnixMillis;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::window;

/// What was sent last, with the key under which the server knows it.
///
/// A server that has carried out a request answers its repetition with the first answer, for a day. So the same
/// content goes out under the same key until it has succeeded, and changed content under a new one: the server
/// refuses a key it knows with other content.
#[derive(Debug)]
pub struct Attempted<T> {
    last: Option<(T, Attempt)>,
}

/// The first time that some content was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// What the server knows it by.
    pub key: String,
    /// When that was. What counts from now, counts from then when it is sent again: it must be the same.
    pub since: UnixMillis,
}

impl<T: PartialEq> Attempted<T> {
    /// Nothing sent yet.
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// The attempt that `content` belongs to.
    pub fn of(&mut self, content: T, now: UnixMillis) -> Attempt {
        self.with_key(content, || Attempt { key: random_key(), since: now })
    }

    fn with_key(&mut self, content: T, new: impl FnOnce() -> Attempt) -> Attempt {
        match &self.last {
            Some((last, attempt)) if *last == content => attempt.clone(),
            _ => {
                let attempt = new();
                self.last = Some((content, attempt.clone()));
                attempt
            }
        }
    }
}

impl<T: PartialEq> Default for Attempted<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// 128 random bits as 32 hex digits; empty where the browser has no source of randomness, which is as it was before
/// there were such keys. Not `randomUUID`, which pages on plain HTTP do not have.
fn random_key() -> String {
    let bytes = random_bytes().map(|bytes| bytes.to_vec()).unwrap_or_default();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
        let mut attempted = Attempted::new();
        let mut send = |content: &'static str, now| {
            attempted.with_key(content, || Attempt { key: format!("{content}{now}"), since: now })
        };
        let first = send("a", 1);
        assert_eq!((first.key.as_str(), first.since), ("a1", 1));
        assert_eq!(send("a", 2), first);
        assert_eq!(send("b", 3).key, "b3");
        assert_eq!(send("a", 4).key, "a4");
    }
}
