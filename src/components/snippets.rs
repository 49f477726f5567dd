//! The first lines of a program that uses the key.

use leptos::prelude::*;
use oneloop_protocol::Secret;

use super::button::Button;
use super::choice::Choice;
use super::copy::copy_then;
use super::icon::Icon;
use super::notice::notice;
use crate::dom::{Element, el, on_window};
use crate::signal::{RwSignal, StoredValue};
use crate::snippet::Snippet;
use crate::state::App;
use crate::text;

/// `.env`, curl, Node and Python, with the page's own variable name. What is shown has dots for the secret; what
/// is copied has it, if the snippet has it at all, and then `stored` runs.
///
/// # Parts
///
/// `snippet`.
pub fn snippets(
    app: App,
    secret: StoredValue<Secret>,
    dotted: String,
    stored: impl Fn() + Copy + 'static,
) -> Element {
    let place = RwSignal::new(0_usize);
    let chosen = move || Snippet::ALL.get(place.get()).copied().unwrap_or(Snippet::Curl);
    let (variable, url) =
        (StoredValue::new(app.key_variable()), StoredValue::new(app.example_url()));
    let lines = move |secret: &str| {
        let (variable, url) = (variable.get_value(), url.get_value());
        chosen().lines(&variable, &url, secret)
    };
    let (copied, copy_failed) = (RwSignal::new(false), RwSignal::new(false));
    let press = move || {
        copied.set(false);
        // A text with a secret in it is a secret: overwritten when it is dropped.
        let text = untrack(|| secret.with_value(|secret| Secret::new(lines(secret.expose()))));
        let has_secret = untrack(chosen).holds_secret();
        copy_then(text, move |done| {
            if copied.is_disposed() {
                return;
            }
            copied.set(done);
            copy_failed.set(!done);
            if done && has_secret {
                stored();
            }
        });
    };
    let choice = Choice::new(
        text::reveal::use_from(),
        Snippet::ALL.map(|snippet| snippet.name().to_owned()).to_vec(),
        move || place.get(),
        move |picked| {
            copied.set(false);
            copy_failed.set(false);
            place.set(picked);
        },
    );
    let said = move || {
        copied.get().then(|| el("span").child(Icon::Check.view()).child(text::reveal::copied()))
    };
    let failed = move || copy_failed.get().then(|| text::reveal::copy_lines_failed().to_owned());
    let code = el("pre")
        .class("snippet")
        .part("snippet")
        .attr("dir", "ltr")
        .attr("translate", "no")
        .child(el("code").child(move || {
            // Refused, they are copied by hand: nobody must copy dots.
            if copy_failed.get() {
                secret.with_value(|secret| lines(secret.expose()))
            } else {
                lines(&dotted)
            }
        }));
    on_window("visibilitychange", move |_| copy_failed.set(false));
    let button = Button::new(text::reveal::copy_lines()).icon(Icon::Copy).on_press(press);
    let said = el("span").class("copied").role("status").child(said);
    // A form, though nothing is sent: Chromium keeps radio buttons of a shadow root that belong to none for as long as the
    // root is there, and with them the whole dialog that they stood in.
    el("form")
        .class("snippets")
        .on("submit", |event| event.prevent_default())
        .child(choice)
        .child(code)
        .child(el("div").class("secret-actions").child(button).child(said))
        .child(notice(failed))
}
