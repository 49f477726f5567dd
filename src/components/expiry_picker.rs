//! When a new key ends.

use leptos::prelude::*;

use super::choice::Choice;
use super::unique::unique;
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
#[component]
pub fn ExpiryPicker(
    /// What is picked.
    draft: ExpiryDraft,
    /// The time.
    #[prop(into)]
    now: Signal<i64>,
) -> impl IntoView {
    let (id, hint) = (unique("date"), unique("expiry-line"));
    let line_id = hint.clone();
    let options = ExpiryChoice::ALL.map(text::form::choice).to_vec();
    let chosen = move || {
        let chosen = draft.choice.get();
        ExpiryChoice::ALL.iter().position(|choice| *choice == chosen).unwrap_or_default()
    };
    let pick = move |place: usize| {
        if let Some(choice) = ExpiryChoice::ALL.get(place) {
            draft.choice.set(*choice);
        }
    };
    let expiry = move || draft.resolve(now.get());
    let date_field = move || {
        (draft.choice.get() == ExpiryChoice::OnDate).then(|| {
            view! {
                <label class="hidden" for=id.clone()>
                    {text::form::date()}
                </label>
                <input
                    class="input input-date"
                    part="input"
                    id=id.clone()
                    type="date"
                    min=format::today(now.get_untracked())
                    max="9999-12-31"
                    aria-describedby=hint.clone()
                    prop:value=draft.date.get_untracked()
                    on:input:target=move |event| draft.date.set(event.target().value())
                />
            }
        })
    };
    let line = move || {
        let expiry = expiry();
        text::form::expiry(expiry, &expiry.millis().map(format::full).unwrap_or_default())
    };
    view! {
        <div class="field">
            <Choice
                legend=text::form::expires()
                options=options
                value=Signal::derive(chosen)
                on_pick=pick
            />
            {date_field}
            <p
                class=move || if expiry() == Expiry::Past { "hint hint-problem" } else { "hint" }
                id=line_id
                aria-live="polite"
            >
                {line}
            </p>
        </div>
    }
}
