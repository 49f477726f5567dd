//! The widget's views in another Leptos application.

use std::rc::Rc;

use js_sys::Array;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use web_sys::{Element as Node, ShadowRoot, ShadowRootInit, ShadowRootMode};

use super::keys::{announcement, body, keep_time, open};
use super::notice::notice;
use super::row_menu::{RowMenuState, row_menu};
use crate::client::Client;
use crate::dom::{View, el};
use crate::host::Host;
use crate::options::Options;
use crate::state::App;
use crate::text::catalogue;
use crate::theme;

/// Which page the views stand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Follows the colours of the page around them.
    #[default]
    Auto,
    /// A light one.
    Light,
    /// A dark one.
    Dark,
}

impl Theme {
    /// The attribute's value, as the stylesheet and the custom element know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Surrounds the widget's views with what they need: the state that they share, a connection to the server, and a
/// shadow root with the stylesheet, so that neither the page's styles nor the widget's get at the other. The keys are
/// fetched at once.
///
/// Inside it stand [`Keys`](super::keys::Keys), which is everything that the custom element shows, or single views in an
/// order of your own: [`KeyList`], [`Dialogs`], and whatever opens a dialog through [`App::sheet`].
///
/// ```no_run
/// # use leptos::prelude::*;
/// # use oneloop_keys::{Keys, KeysRoot, Options, Secret};
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
    /// Which page they stand on; follows the page unless said otherwise.
    #[prop(optional)]
    theme: Theme,
    /// The views.
    children: Children,
) -> View {
    let host = Host::from(options);
    catalogue::speak(&host.language(), || catalogue::texts(&host.messages()));
    let client = Rc::new(Client::new(host.clone()));
    // An owner of its own: what is provided here is for the children alone.
    let owner = Owner::current().map_or_else(Owner::new, |parent| parent.child());
    let frame = el("div").attr("theme", theme.as_str());
    let language = catalogue::language();
    let direction = if RIGHT_TO_LEFT.contains(&language) { "rtl" } else { "ltr" };
    // The class is what sets font and colours, for a dialog that stands in it alone too.
    let container: Node =
        el("div").class("root").attr("lang", language).attr("dir", direction).node();
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

/// The languages there are whose script runs from right to left, as `www/widget/language.ts` knows them.
const RIGHT_TO_LEFT: [&str; 2] = ["ar", "he"];

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

/// The table of keys with its search and the menu of its rows, or what stands in its place: that it is on its way, that
/// there is none, or why not. Needs a [`KeysRoot`] around it, and [`Dialogs`] somewhere in that.
///
/// # Accessibility
///
/// The same live region and the same alert as in [`Keys`](super::keys::Keys). It takes the focus from code when the row
/// that had it is gone, as the heading does there.
#[component]
pub fn KeyList() -> View {
    let app = App::expect();
    let menu = RowMenuState::new();
    keep_time(app);
    let root = el("div").class("root").part("root").attr("tabindex", "-1");
    app.heading.set_value(Some(root.node()));
    root.child(notice(move || app.notice.get()))
        .child(body(app, menu))
        .child(row_menu(app, menu))
        .child(announcement(app))
        .into()
}

/// The dialog that is open: what [`App::sheet`] says. Needs a [`KeysRoot`] around it.
#[component]
pub fn Dialogs() -> View {
    let app = App::expect();
    el("div").class("root").child(move || app.sheet.get().map(open)).into()
}
