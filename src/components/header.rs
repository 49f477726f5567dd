//! The heading, what keys are, and the one thing to do next.

use leptos::html;
use leptos::prelude::*;
use oneloop_protocol::LinkTokenPermissions;
use wasm_bindgen::JsCast;

use super::button::{Button, Emphasis};
use super::icon::Icon;
use crate::state::{App, Phase, Sheet};
use crate::text;

/// The heading with the Create button.
///
/// # Accessibility
///
/// The heading takes the focus from code (`tabindex="-1"`) when the row that had it is gone.
///
/// # Parts
///
/// `header`, `title`, `intro`.
#[component]
pub fn Header(
    /// The heading's id, for the region's name.
    heading: String,
) -> impl IntoView {
    let app = App::expect();
    let offers_create = Memo::new(move |_| {
        let on_screen = app.phase.with(|phase| matches!(phase, Phase::Ready));
        // An empty list has the button in the middle, where one looks for it.
        let filled = app.rows.with(|rows| !rows.is_empty());
        on_screen && filled && app.may(LinkTokenPermissions::CREATE)
    });
    let title = NodeRef::<html::H2>::new();
    title.on_load(move |element| app.heading.set_value(Some(element.unchecked_into())));
    view! {
        <header class="header" part="header">
            <div class="header-words">
                <h2 node_ref=title class="title" part="title" id=heading tabindex="-1">
                    {text::list::title()}
                </h2>
                <p class="intro" part="intro">{text::list::intro()}</p>
            </div>
            {move || {
                offers_create
                    .get()
                    .then(|| {
                        view! {
                            <Button
                                label=text::list::create().to_owned()
                                emphasis=Emphasis::Primary
                                icon=Icon::Plus
                                on_press=move |_| app.sheet.set(Some(Sheet::Create))
                            />
                        }
                    })
            }}
        </header>
    }
}
