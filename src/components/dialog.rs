//! The frame of every dialog: a native modal one.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, KeyboardEvent};

use super::icon::Icon;
use super::unique::unique;
use crate::dom::{Element, el, once_mounted};
use crate::signal::StoredValue;
use crate::text;

/// A modal dialog that is open for as long as it exists.
///
/// What is inside is given to it as its children. It never closes by itself: Escape, the × and the system's back gesture all ask through `on_dismiss`, and
/// whoever owns the dialog decides. A press outside does nothing, because what is inside may have been
/// typed, or may be the only copy of a secret.
///
/// # Accessibility
///
/// APG modal dialog, by `showModal()`: the rest of the page is inert, and the focus goes back where it came
/// from. Named by its heading. Escape is taken from `keydown` as well as from `cancel`, because browsers
/// let a page refuse `cancel` only once.
///
/// # Parts
///
/// `dialog`, `dialog__title`, `dialog__close`.
pub fn dialog(title: &'static str, on_dismiss: impl Fn() + Clone + 'static) -> Element {
    let heading = unique("heading");
    let dialog = el("dialog");
    let element: HtmlDialogElement = dialog.node();
    once_mounted({
        let element = element.clone();
        move || {
            let _ = element.show_modal();
        }
    });
    // While the element is still in the page: that is what gives the focus back.
    let open = StoredValue::new(element.clone());
    on_cleanup(move || {
        if let Some(element) = open.try_get_value() {
            element.close();
        }
    });
    let key = {
        let dismiss = on_dismiss.clone();
        move |event: web_sys::Event| {
            let event: KeyboardEvent = event.unchecked_into();
            if event.key() == "Escape" && !event.default_prevented() {
                event.prevent_default();
                event.stop_propagation();
                dismiss();
            }
        }
    };
    let cancel = {
        let dismiss = on_dismiss.clone();
        move |event: web_sys::Event| {
            event.prevent_default();
            dismiss();
        }
    };
    // The browser closed it all the same: open it again, and ask.
    let closed = {
        let dismiss = on_dismiss.clone();
        move |_| {
            if element.is_connected() && !element.open() {
                let _ = element.show_modal();
                dismiss();
            }
        }
    };
    let cross = el("button")
        .class("dialog-close")
        .part("dialog__close")
        .attr("type", "button")
        .attr("aria-label", text::close())
        .on("click", move |_| on_dismiss())
        .child(Icon::Cross.view());
    let words = el("h2")
        .class("dialog-title")
        .part("dialog__title")
        .attr("id", heading.clone())
        .child(title);
    dialog
        .class("dialog")
        .part("dialog")
        .attr("aria-labelledby", heading)
        .on("keydown", key)
        .on("cancel", cancel)
        .on("close", closed)
        .child(el("div").class("dialog-head").child(words).child(cross))
}
