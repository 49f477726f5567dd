//! Bringing a secret out of the page: the clipboard, and a file.

use std::time::Duration;

use js_sys::{Array, Reflect};
use leptos::prelude::set_timeout;
use leptos::task::spawn_local;
use oneloop_protocol::Secret;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, HtmlAnchorElement, HtmlDocument, HtmlInputElement, Url, window,
};

/// How long a browser may take to begin reading a file that was offered.
const READING: Duration = Duration::from_secs(2);

/// Copies `text`, and then says whether the browser did it. The text is overwritten when that is known.
pub fn copy_then(text: Secret, then: impl FnOnce(bool) + 'static) {
    start(text, Box::new(then));
}

fn start(text: Secret, then: Box<dyn FnOnce(bool)>) {
    spawn_local(async move { then(copy(text.expose()).await) });
}

/// Copies `text`; `true` only when the browser says that it did. Refused without permission, and absent on
/// pages that are not served securely.
async fn copy(text: &str) -> bool {
    let Some(window) = window() else { return false };
    let navigator = window.navigator();
    let present = Reflect::get(&navigator, &JsValue::from_str("clipboard"));
    if !present.is_ok_and(|clipboard| clipboard.is_object()) {
        return false;
    }
    JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}

/// Selects what stands in `field` and asks the browser to copy the selection, the way that works without
/// the clipboard API. The selection stays, for Ctrl+C.
pub fn copy_selected(field: &HtmlInputElement) -> bool {
    let _ = field.focus();
    field.select();
    let document = window().and_then(|window| window.document());
    let document = document.and_then(|document| document.dyn_into::<HtmlDocument>().ok());
    document.is_some_and(|document| document.exec_command("copy").unwrap_or(false))
}

/// Offers `text` as a file; `true` if the browser took it. The text is in the file only: the link's address
/// is one of the browser's own, and is revoked soon after.
pub fn download(name: &str, text: &str) -> bool {
    let offer = || -> Result<(), JsValue> {
        let options = BlobPropertyBag::new();
        options.set_type("text/plain");
        let parts = Array::of1(&JsValue::from_str(text));
        let blob = Blob::new_with_str_sequence_and_options(&parts, &options)?;
        let url = Url::create_object_url_with_blob(&blob)?;
        let document = window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
        let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
        link.set_href(&url);
        link.set_download(name);
        link.click();
        // Not at once: not every browser has begun to read it by now.
        set_timeout(move || drop(Url::revoke_object_url(&url)), READING);
        Ok(())
    };
    offer().is_ok()
}

/// A file name from a key's name: what every system allows, and nothing else.
pub fn file_name(key_name: &str) -> String {
    let plain: String = key_name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
        .take(40)
        .collect();
    let plain = plain.trim_matches('-');
    format!("{}.env", if plain.is_empty() { "api-key" } else { plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_hold_nothing_that_a_system_could_stumble_over() {
        assert_eq!(file_name("ci-deploy"), "ci-deploy.env");
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd.env");
        assert_eq!(file_name("Größe: 3"), "Gr--e--3.env");
        assert_eq!(file_name("ключ"), "api-key.env");
    }
}
