//! Answers and bodies: serde's types on this side, the browser's objects on the other.
//!
//! The browser parses the text, and serde-wasm-bindgen reads the object: no JSON parser is in the wasm. An answer with a
//! field that is missing or of another type is unreadable as a whole, as it should be.

use js_sys::{JSON, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

/// Reads a value. `None` = it is not what the protocol says.
pub fn read<T: DeserializeOwned>(value: JsValue) -> Option<T> {
    serde_wasm_bindgen::from_value(value).ok()
}

/// Reads one field of an object.
pub fn field<T: DeserializeOwned>(object: &JsValue, name: &str) -> Option<T> {
    read(inside(object, name)?)
}

/// What stands in a field: an object of which only a part is read.
pub fn inside(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok()
}

/// The JSON of a body.
pub fn json(body: &impl Serialize) -> String {
    // Bodies hold texts, flags and whole numbers that JavaScript can tell apart: each has a spelling.
    let object = body.serialize(&Serializer::json_compatible()).ok();
    object.and_then(|object| JSON::stringify(&object).ok()).map(String::from).unwrap_or_default()
}
