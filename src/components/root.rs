//! The widget's views in another Leptos application.

use std::rc::Rc;

use js_sys::Array;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use web_sys::{Element as Node, ShadowRoot, ShadowRootInit, ShadowRootMode};

use super::key_list::key_list;
use super::keys::open;
use super::row_menu::{RowMenuState, row_menu};
use crate::client::Client;
use crate::dom::{View, el};
use crate::host::Host;
use crate::options::Options;
use crate::signal::Memo;
use crate::state::{App, Phase};
use crate::text::catalogue;
use crate::theme;

/// Surrounds the widget's views with what they need: the state that they share, a connection to the server, and a
/// shadow root with the stylesheet, so that neither the page's styles nor the widget's get at the other. The keys are
/// fetched at once.
///
/// Inside it stand [`Keys`](super::keys::Keys), which is everything that the custom element shows, or single views in an
/// order of your own: [`KeyList`], [`Dialogs`], and whatever opens a dialog through [`App::sheet`].
///
/// ```no_run
/// # use leptos::prelude::*;
/// # use oneloop_keys::{Keys, KeysRoot, Options};
/// # use oneloop_protocol::Secret;
/// #[component]
/// fn Settings() -> impl IntoView {
///     let options = Options::new("https://keys.example.com", || async { Ok(Secret::new("lt_…")) });
///     view! { <KeysRoot options><Keys/></KeysRoot> }
/// }
/// ```
#[component]
pub fn KeysRoot(
    /// Where the server is, how to get a token, and what to offer.
    options: Options,
    /// The views.
    children: Children,
) -> View {
    let host = Host::from(options);
    catalogue::speak(&host.language(), || catalogue::texts(&host.messages()));
    let client = Rc::new(Client::new(host.clone()));
    // An owner of its own: what is provided here is for the children alone.
    let owner = Owner::current().map_or_else(Owner::new, |parent| parent.child());
    let frame = el("div");
    let container: Node = el("div").node();
    if let Ok(shadow) = shadow_root(&frame.node()) {
        let _ = shadow.append_child(&container);
    }
    let shown = owner.with(|| {
        let app = App::new(host, client.clone());
        provide_context(app);
        let mut shown = children().build();
        shown.mount(&container, None);
        app.load();
        shown
    });
    let ends = SendWrapper::new((client, owner, shown));
    on_cleanup(move || {
        let (client, owner, mut shown) = ends.take();
        client.close();
        shown.unmount();
        owner.cleanup();
    });
    frame.into()
}

#[wasm_bindgen]
extern "C" {
    /// A stylesheet that a script has made.
    #[wasm_bindgen(js_name = CSSStyleSheet)]
    type Sheet;

    #[wasm_bindgen(constructor, js_class = "CSSStyleSheet", catch)]
    fn new() -> Result<Sheet, JsValue>;

    #[wasm_bindgen(method, js_name = replaceSync, catch)]
    fn replace(this: &Sheet, rules: &str) -> Result<(), JsValue>;

    /// A shadow root, with the property that web-sys does not know.
    type Styled;

    #[wasm_bindgen(method, setter, js_name = adoptedStyleSheets)]
    fn adopt(this: &Styled, sheets: &Array);
}

fn shadow_root(frame: &Node) -> Result<ShadowRoot, JsValue> {
    let shadow = frame.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open))?;
    let sheet = Sheet::new()?;
    sheet.replace(theme::STYLESHEET)?;
    shadow.unchecked_ref::<Styled>().adopt(&Array::of1(&sheet));
    Ok(shadow)
}

/// The table of keys with its search and the menu of its rows; empty until the keys are there. Needs a [`KeysRoot`]
/// around it, and [`Dialogs`] somewhere in that.
#[component]
pub fn KeyList() -> View {
    let app = App::expect();
    let menu = RowMenuState::new();
    let ready = Memo::new(move |_| app.phase.with(|phase| matches!(phase, Phase::Ready)));
    el("div")
        .class("root")
        .part("root")
        .child(move || ready.get().then(|| untrack(|| key_list(app, menu))))
        .child(row_menu(app, menu))
        .into()
}

/// The dialog that is open: what [`App::sheet`] says. Needs a [`KeysRoot`] around it.
#[component]
pub fn Dialogs() -> View {
    let app = App::expect();
    el("div").class("root").child(move || app.sheet.get().map(open)).into()
}
