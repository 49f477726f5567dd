//! When a new key ends.

use leptos::prelude::*;

use super::choice::Choice;
use super::unique::unique;
use crate::dom::{Element, el};
use crate::expiry::{Expiry, ExpiryChoice};
use crate::{format, text};

/// What is picked so far.
#[derive(Clone, Copy)]
pub struct ExpiryDraft {
    choice: RwSignal<ExpiryChoice>,
    date: RwSignal<String>,
}

impl ExpiryDraft {
    /// The default.
    pub fn new() -> Self {
        Self { choice: RwSignal::new(ExpiryChoice::DEFAULT), date: RwSignal::default() }
    }

    /// What it means at `now`.
    pub fn resolve(self, now: i64) -> Expiry {
        let date = self.date.with(|text| format::end_of_day(text));
        Expiry::resolve(self.choice.get(), date, now)
    }
}

impl Default for ExpiryDraft {
    fn default() -> Self {
        Self::new()
    }
}

/// Presets, a date, never; and under them always the moment that comes out, with its zone.
///
/// # Parts
///
/// `choice`, `input`.
pub fn expiry_picker(draft: ExpiryDraft, now: impl Fn() -> i64 + Copy + 'static) -> Element {
    let (id, hint) = (unique("date"), unique("expiry-line"));
    let chosen = move || {
        let chosen = draft.choice.get();
        ExpiryChoice::ALL.iter().position(|choice| *choice == chosen).unwrap_or_default()
    };
    let pick = move |place: usize| {
        if let Some(choice) = ExpiryChoice::ALL.get(place) {
            draft.choice.set(*choice);
        }
    };
    let options = ExpiryChoice::ALL.map(text::form::choice).to_vec();
    let expiry = move || draft.resolve(now());
    let line_id = hint.clone();
    let on_date = Memo::new(move |_| draft.choice.get() == ExpiryChoice::OnDate);
    let label = {
        let id = id.clone();
        let label = move || el("label").class("hidden").attr("for", id.clone());
        move || on_date.get().then(|| label().child(text::form::date()))
    };
    let field = move || {
        let field = || {
            el("input")
                .class("input input-date")
                .part("input")
                .attr("id", id.clone())
                .attr("type", "date")
                .attr("min", format::today(untrack(now)))
                .attr("max", "9999-12-31")
                .attr("aria-describedby", hint.clone())
                .prop("value", move || draft.date.get_untracked())
                .on_input(move |text| draft.date.set(text))
        };
        on_date.get().then(field)
    };
    let line = move || {
        let expiry = expiry();
        text::form::expiry(expiry, &expiry.millis().map(format::full).unwrap_or_default())
    };
    let words = el("p")
        .class(move || if expiry() == Expiry::Past { "hint hint-problem" } else { "hint" })
        .attr("id", line_id)
        .attr("aria-live", "polite")
        .child(line);
    el("div")
        .class("field")
        .child(Choice::new(text::form::expires(), options, chosen, pick))
        .child(label)
        .child(field)
        .child(words)
}
