//! The heading, what keys are, and the one thing to do next.

use oneloop_protocol::LinkTokenPermissions;

use super::button::{Button, Emphasis};
use super::icon::Icon;
use crate::dom::{Element, el, slot};
use crate::signal::Memo;
use crate::state::{App, Phase, Sheet};
use crate::text;

/// The heading with the Create button. `id` is the heading's, for the region's name.
///
/// # Accessibility
///
/// The heading takes the focus from code (`tabindex="-1"`) when the row that had it is gone.
///
/// # Parts
///
/// `header`, `title`, `intro`.
///
/// # Slots
///
/// `header`: under the introduction.
pub fn header(app: App, id: String) -> Element {
    let offers_create = Memo::new(move |_| {
        let on_screen = app.phase.with(|phase| matches!(phase, Phase::Ready));
        // An empty list has the button in the middle, where one looks for it.
        on_screen && !app.is_empty() && app.may(LinkTokenPermissions::CREATE)
    });
    let title = el("h2")
        .class("title")
        .part("title")
        .attr("id", id)
        .attr("tabindex", "-1")
        .child(text::list::title());
    app.heading.set_value(Some(title.node()));
    let words = el("div")
        .class("header-words")
        .child(title)
        .child(el("p").class("intro").part("intro").child(text::list::intro()))
        .child(slot("header"));
    el("header")
        .class("header")
        .part("header")
        .child(words)
        .child(move || offers_create.get().then(|| create_button(app).view()))
}

/// The button that opens the create dialog.
pub fn create_button(app: App) -> Button {
    Button::new(text::list::create())
        .emphasis(Emphasis::Primary)
        .icon(Icon::Plus)
        .on_press(move || app.sheet.set(Some(Sheet::Create(None))))
}
