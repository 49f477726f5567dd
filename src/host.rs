//! What surrounds the widget: where the server is, how to get a token, whom to tell.
//!
//! The custom element hands over one JavaScript object; this is its type. `www/widget/host.ts` declares
//! the other side.

use js_sys::{Array, Object, Promise, Reflect};
use oneloop_protocol::Grant;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The object that JavaScript passes to [`crate::mount::mount`].
    #[derive(Clone)]
    pub type Host;

    /// The server, without a slash at its end.
    #[wasm_bindgen(method, getter, js_name = baseUrl)]
    pub fn base_url(this: &Host) -> String;

    /// The workspace the page expects the token to belong to, when it names one.
    #[wasm_bindgen(method, getter)]
    pub fn workspace(this: &Host) -> Option<String>;

    /// The key that the page wants to be shown.
    #[wasm_bindgen(method, getter, js_name = keyId)]
    pub fn key_id(this: &Host) -> Option<String>;

    /// What the key's environment variable is called in the file that the reveal offers.
    #[wasm_bindgen(method, getter, js_name = keyVariable)]
    pub fn key_variable(this: &Host) -> String;

    /// What the snippets of the reveal ask for with the key.
    #[wasm_bindgen(method, getter, js_name = exampleUrl)]
    pub fn example_url(this: &Host) -> String;

    /// The lifetimes offered for a new key, in days.
    #[wasm_bindgen(method, getter, js_name = expiryPresets)]
    pub fn expiry_presets(this: &Host) -> Vec<u16>;

    /// Sets of grants the page offers by a name: an array of what [`Template`] is read from.
    #[wasm_bindgen(method, getter, js_name = scopeTemplates)]
    pub fn scope_templates(this: &Host) -> Array;

    /// The language to speak, as a BCP 47 tag: one of the catalogues there are.
    #[wasm_bindgen(method, getter)]
    pub fn language(this: &Host) -> String;

    /// That language's texts by their keys; empty for English, which is compiled in.
    #[wasm_bindgen(method, getter)]
    pub fn messages(this: &Host) -> Object;

    /// A promise of a token: text, or `{token, expiresAt}` with Unix milliseconds. Never throws; a
    /// failure is a rejection.
    #[wasm_bindgen(method, js_name = getToken)]
    pub fn get_token(this: &Host) -> Promise;

    #[wasm_bindgen(method)]
    fn notify(this: &Host, name: &str, detail: &JsValue);
}

/// A set of grants that belongs to a purpose: "Deploy", "Read-only monitoring".
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Template {
    /// What the button says, in the page's own words.
    pub name: String,
    /// What it grants; everything else is taken away.
    pub grants: Vec<Grant>,
}

/// Something the page may want to know. Never carries a secret: it has no field for one.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The first list is on screen.
    Ready,
    /// A key was created; its id.
    KeyCreated(&'a str),
    /// A key was edited or switched; its id.
    KeyUpdated(&'a str),
    /// A key has a new secret; its id.
    KeyRotated(&'a str),
    /// A key was deleted; its id.
    KeyDeleted(&'a str),
    /// A secret was copied, confirmed by the browser; the key's id.
    Copy(&'a str),
    /// The token was refused, and so was its successor.
    SessionExpired,
    /// Something failed: a stable word, and a sentence.
    Error(&'a str, &'a str),
    /// The view may be replaced again. For the element alone.
    Settled,
    /// The widget itself failed and cannot go on.
    Crashed,
}

impl Host {
    /// Tells the page. The element makes a DOM event of it.
    pub fn tell(&self, event: Event<'_>) {
        let detail = Object::new();
        let set = |name: &str, value: &str| {
            // Setting a property of a fresh plain object cannot fail.
            let _ = Reflect::set(&detail, &name.into(), &value.into());
        };
        let name = match event {
            Event::Ready => "ready",
            Event::KeyCreated(id) => {
                set("id", id);
                "key-created"
            }
            Event::KeyUpdated(id) => {
                set("id", id);
                "key-updated"
            }
            Event::KeyRotated(id) => {
                set("id", id);
                "key-rotated"
            }
            Event::KeyDeleted(id) => {
                set("id", id);
                "key-deleted"
            }
            Event::Copy(id) => {
                set("id", id);
                "copy"
            }
            Event::SessionExpired => "session-expired",
            Event::Error(code, message) => {
                set("code", code);
                set("message", message);
                "error"
            }
            Event::Settled => "settled",
            Event::Crashed => "crashed",
        };
        self.notify(name, &detail);
    }
}
