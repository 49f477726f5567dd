//! Against leaving the page with the only copy of a secret on it.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, EventTarget, window};

use crate::dom::{on_target, on_window};

/// While `holds` says so, the browser asks before the page is closed, reloaded or left, and Back and Forward
/// within the page stay where they are and run `asked` instead. Nothing of the page's history is written.
///
/// Browsers without the Navigation API ask only for what leaves the document.
pub fn guard_leaving(holds: impl Fn() -> bool + Clone + 'static, asked: impl Fn() + 'static) {
    let on_unload = holds.clone();
    on_window("beforeunload", move |event| {
        if on_unload() {
            event.prevent_default();
            // What older browsers want to see.
            let _ = Reflect::set(&event, &"returnValue".into(), &"".into());
        }
    });
    let Some(navigation) = navigation() else { return };
    on_target(navigation, "navigate", move |event| {
        if event.cancelable() && is_traversal(&event) && holds() {
            event.prevent_default();
            asked();
        }
    });
}

fn navigation() -> Option<EventTarget> {
    let navigation = Reflect::get(window()?.as_ref(), &JsValue::from_str("navigation")).ok()?;
    navigation.dyn_into().ok()
}

fn is_traversal(event: &Event) -> bool {
    let kind = Reflect::get(event, &JsValue::from_str("navigationType")).ok();
    kind.and_then(|kind| kind.as_string()).as_deref() == Some("traverse")
}
