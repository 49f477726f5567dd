//! What surrounds the widget's views in another Leptos application: the same as [`Host`], from Rust.

use std::future::Future;
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect, Uint16Array};
use leptos::task::spawn_local;
use oneloop_protocol::Secret;
use wasm_bindgen::prelude::*;

use crate::host::{Host, Template};
use crate::text::catalogue::ENGLISH;

/// Where the server is, how to get a token, and what to offer.
///
/// ```no_run
/// use oneloop_keys::Options;
/// use oneloop_keys::Secret;
///
/// let options = Options::new("https://keys.example.com", || async {
///     // Ask your own backend; only it can mint a link token.
///     Ok(Secret::new("lt_…"))
/// })
/// .expiry_presets([30, 90])
/// .on_event(|name, id| leptos::logging::log!("{name} {id:?}"));
/// ```
#[must_use]
pub struct Options(Object);

impl Options {
    /// The server at `base_url`, and the function that gives a link token. It is called when a token is needed, and
    /// again when the server refuses one; what is wrong, it says as an error, which nobody but the console sees.
    pub fn new<F>(base_url: &str, get_token: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<Secret, String>> + 'static,
    {
        let get_token: Rc<dyn Fn() -> F> = Rc::new(get_token);
        let promise = move || {
            let get_token = get_token.clone();
            Promise::new(&mut move |resolve, reject| {
                let token = get_token();
                spawn_local(async move {
                    let (answer, value) = match token.await {
                        Ok(token) => (resolve, token.expose().into()),
                        Err(why) => (reject, JsValue::from(&*why)),
                    };
                    settle(&answer, &value);
                });
            })
        };
        Self(Object::new())
            .with("baseUrl", base_url.trim_end_matches('/'))
            .with("getToken", Closure::<dyn Fn() -> Promise>::new(promise).into_js_value())
            .with("keyVariable", "API_KEY")
            .with("exampleUrl", "https://api.example.com")
            .with("language", ENGLISH)
            .with("messages", Object::new())
            .with("scopeTemplates", Array::new())
            .with("notify", Function::new_no_args(""))
            .expiry_presets([7, 30, 90, 365])
    }

    /// The workspace that the token must belong to; anything else is an error.
    pub fn workspace(self, id: &str) -> Self {
        self.with("workspace", id)
    }

    /// The key to show: its details open, and its row is marked.
    pub fn key(self, id: &str) -> Self {
        self.with("keyId", id)
    }

    /// The environment variable in the file that the reveal offers; `API_KEY` unless said otherwise.
    pub fn key_variable(self, name: &str) -> Self {
        self.with("keyVariable", name)
    }

    /// What the snippets of the reveal ask for; `https://api.example.com` unless said otherwise.
    pub fn example_url(self, url: &str) -> Self {
        self.with("exampleUrl", url)
    }

    /// The lifetimes offered for a new key, in days; 7, 30, 90 and 365 unless said otherwise.
    pub fn expiry_presets(self, days: impl IntoIterator<Item = u16>) -> Self {
        let days: Vec<u16> = days.into_iter().collect();
        self.with("expiryPresets", Uint16Array::from(&*days))
    }

    /// Sets of permissions that the create and edit dialogs offer by a name.
    pub fn scope_templates(self, templates: &[Template]) -> Self {
        let templates: Array =
            templates.iter().filter_map(|it| serde_wasm_bindgen::to_value(it).ok()).collect();
        self.with("scopeTemplates", templates)
    }

    /// The language, and its texts by their keys: an object as in `www/widget/locales`. English needs none.
    pub fn language(self, tag: &str, messages: &Object) -> Self {
        self.with("language", tag).with("messages", messages)
    }

    /// Hears what the custom element tells as events, by the same names without `oneloop-`, with the key's id where one
    /// is concerned. Never hears a secret.
    pub fn on_event(self, hear: impl Fn(&str, Option<&str>) + 'static) -> Self {
        let notify = move |name: String, detail: JsValue| {
            let id = Reflect::get(&detail, &"id".into()).ok().and_then(|id| id.as_string());
            // That a secret is off the screen concerns the custom element alone.
            if name != "settled" {
                hear(&name, id.as_deref());
            }
        };
        let notify = Closure::<dyn Fn(String, JsValue)>::new(notify);
        self.with("notify", notify.into_js_value())
    }

    fn with(self, name: &str, value: impl Into<JsValue>) -> Self {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&self.0, &name.into(), &value.into());
        self
    }
}

impl From<Options> for Host {
    fn from(options: Options) -> Self {
        options.0.unchecked_into()
    }
}

/// Settles a promise. Its functions do not throw.
fn settle(answer: &Function, value: &JsValue) {
    let _ = answer.call1(&JsValue::UNDEFINED, value);
}
