//! One type for every element: what the widget's views are made of.
//!
//! Leptos' `view!` gives each element, each attribute and each closure a type of its own, and compiles code to
//! build, rebuild and remove every one of them. For a widget of some thirty views that came to half a megabyte
//! of wasm. Here every element has the same type, and a closure is boxed where it is handed over, so that the
//! machinery exists once: see docs/benchmarks.md for what that saves.
//!
//! Everything else is Leptos: signals, memos, effects and owners drive what changes, a [`View`] is a Leptos
//! view and can stand in any `view!`, and the vocabulary is that of Leptos' own builder:
//!
//! ```
//! # use leptos::prelude::*;
//! # use oneloop_keys::dom::{Element, el};
//! fn counter() -> Element {
//!     let count = RwSignal::new(0);
//!     el("button")
//!         .attr("type", "button")
//!         .on("click", move |_| count.update(|count| *count += 1))
//!         .child(move || format!("Pressed {} times", count.get()))
//! }
//! ```
//!
//! What stands still is given as a value, what changes as a closure. A closure that gives a text moves one text
//! node; one that gives a view puts the new view in the place of the old one, so it should depend on no more
//! than decides *which* view that is (a [`Memo`](leptos::prelude::Memo) of it, usually).
//!
//! Elements are made when [`el`] is called, by `createElement` and never from a text: a page with Trusted Types
//! has nothing to object to. That also means that a view is made in a browser; there is nothing to render on a
//! server.

mod child;
mod each;
mod element;
mod value;
mod view;

pub use child::{Child, dynamic};
pub use each::each;
pub use element::{Element, Kept, el, slot, svg, target_checked, target_value};
pub use value::{Attribute, AttributeValue};
pub use view::{View, views};

use send_wrapper::SendWrapper;
use wasm_bindgen::UnwrapThrowExt;

thread_local! {
    /// Kept, because asking the window for it takes longer than making an element with it.
    static DOCUMENT: web_sys::Document = web_sys::window()
        .and_then(|window| window.document())
        .expect_throw("a view needs a page");
}

/// The page.
///
/// # Panics
///
/// Outside a browser's page.
pub(crate) fn document() -> web_sys::Document {
    DOCUMENT.with(Clone::clone)
}

/// Runs when what is being made now is in the page: right after this turn of the event loop.
pub fn once_mounted(run: impl FnOnce() + 'static) {
    later(Box::new(run));
}

fn later(run: Box<dyn FnOnce()>) {
    leptos::task::spawn_local(async move { run() });
}

/// Hears an event of the window until the current owner is cleaned up.
pub fn on_window(event: &'static str, run: impl Fn(web_sys::Event) + 'static) {
    if let Some(window) = web_sys::window() {
        on_target(window.into(), event, run);
    }
}

/// Hears an event of something that is no element until the current owner is cleaned up.
pub fn on_target(
    target: web_sys::EventTarget,
    event: &'static str,
    run: impl Fn(web_sys::Event) + 'static,
) {
    let listener = SendWrapper::new(element::Listener::new(target, event, Box::new(run)));
    leptos::prelude::on_cleanup(move || drop(listener.take()));
}
