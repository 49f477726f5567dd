//! Deleting a key: which, whether something uses it, and what breaks.

use leptos::prelude::*;

use super::button::Emphasis;
use super::form::{Form, which};
use super::icon::Icon;
use super::unique::unique;
use crate::dom::{Element, View, el};
use crate::host::Event;
use crate::key_status::DAY;
use crate::signal::{Memo, RwSignal, StoredValue};
use crate::state::{App, Row, Submission};
use crate::text::problem::Attempt;
use crate::{format, text};

/// Asks before a key is deleted; for the key's name as well when it was used within a day.
///
/// The name, not a word such as "delete": it proves that the right key is meant, in every language.
#[component]
pub fn DeleteDialog(
    /// The key.
    row: Row,
) -> View {
    let app = App::expect();
    let submission = Submission::new(Attempt::Delete);
    let key = row.key.get_untracked();
    let now = app.now.get_untracked();
    // The list may be hours old, and what one is asked goes by the last use.
    app.look_again(&row);
    let used_at = {
        let row = row.clone();
        Memo::new(move |_| row.key.with(|key| key.last_used_at.as_ref().and_then(format::parse)))
    };
    let in_use = Memo::new(move |_| used_at.get().is_some_and(|at| now - at < DAY));
    let typed = RwSignal::new(String::new());
    let mismatch = RwSignal::new(false);
    let name = StoredValue::new(key.name.clone());
    let confirmed = move || {
        !in_use.get()
            || typed.with(|typed| name.with_value(|name| format::is_same_name(typed, name)))
    };

    let submit = move || {
        if !untrack(confirmed) {
            mismatch.set(true);
            return;
        }
        let (client, id) = (app.client(), row.id.clone());
        let gone = row.clone();
        submission.send(app, async move { client.delete_key(&id).await }, move |()| {
            app.sheet.set(None);
            app.announcement.set(text::delete::deleted(&gone.name()));
            app.tell(Event::KeyDeleted(gone.id.as_str()));
            app.remove_after_dialog(vec![gone.id]);
        });
    };
    let usage = move || match used_at.get() {
        None => text::delete::never_used().to_owned(),
        Some(at) if in_use.get() => text::delete::still_in_use(&format::ago(at, now)),
        Some(at) => text::delete::last_used(&format::ago(at, now)),
    };
    let lead = |words: &'static str| el("p").class("lead").child(words);
    let warning = move || in_use.get().then(|| Icon::Warning.view());
    let usage = el("p")
        .class(move || if in_use.get() { "usage usage-warn" } else { "usage" })
        .child(warning)
        .child(el("span").class("usage-words").child(usage));
    let form = Form {
        title: text::delete::title(),
        submission,
        send: (text::delete::delete(), text::delete::deleting()),
        emphasis: Emphasis::Danger,
        cancel_first: !in_use.get_untracked(),
        body: el("div")
            .child(which(key.name.clone(), key.masked_key))
            .child(usage)
            .child(lead(text::delete::hint()))
            .child(key.enabled.then(|| lead(text::delete::instead())))
            .child(move || in_use.get().then(|| confirmation(&key.name, typed, mismatch))),
        foot: None,
    };
    form.alert(app, submit)
}

/// The field for the key's name.
fn confirmation(name: &str, typed: RwSignal<String>, mismatch: RwSignal<bool>) -> Element {
    let (id, problem) = (unique("confirm"), unique("confirm-problem"));
    let field = el("input")
        .class("input")
        .part("input")
        .attr("id", id.clone())
        .attr("type", "text")
        .attr("autofocus", true)
        .attr("autocomplete", "off")
        .attr("autocapitalize", "off")
        .attr("spellcheck", "false")
        .attr("data-1p-ignore", "true")
        .attr("aria-invalid", move || mismatch.get().then_some("true"))
        .attr("aria-describedby", problem.clone())
        .on_input(move |text| {
            typed.set(text);
            mismatch.set(false);
        });
    el("div")
        .class("field")
        .part("field")
        .child(el("label").class("label").attr("for", id).child(text::delete::type_name(name)))
        .child(field)
        .child(
            el("p")
                .class("field-problem")
                .attr("id", problem)
                .role("alert")
                .child(move || mismatch.get().then(text::delete::mismatch)),
        )
}
