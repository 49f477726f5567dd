//! When a new key ends.

use leptos::prelude::*;
use web_sys::HtmlElement;

use super::choice::Choice;
use super::unique::unique;
use crate::dom::{Element, View, el, views};
use crate::expiry::{Expiry, ExpiryChoice};
use crate::signal::{Memo, RwSignal, StoredValue};
use crate::state::{App, Submission};
use crate::{format, text};

/// What is picked so far.
#[derive(Clone, Copy)]
pub struct ExpiryDraft {
    app: App,
    /// The place among what is offered.
    place: RwSignal<usize>,
    date: RwSignal<String>,
    time: RwSignal<String>,
    /// Whether it was to be used already: then a date that is not there yet is wrong.
    tried: RwSignal<bool>,
    /// The date field, while there is one.
    field: StoredValue<Option<HtmlElement>>,
}

impl ExpiryDraft {
    /// The default of what the page offers and the terms allow.
    pub fn new(app: App) -> Self {
        let draft = Self {
            app,
            place: RwSignal::new(0),
            date: RwSignal::default(),
            time: RwSignal::new("23:59".to_owned()),
            tried: RwSignal::new(false),
            field: StoredValue::new(None),
        };
        draft.place.set(ExpiryChoice::default_place(&untrack(|| draft.offered())));
        draft
    }

    fn offered(self) -> Vec<ExpiryChoice> {
        let presets = self.app.expiry_presets();
        self.app.terms.with(|terms| ExpiryChoice::offered(&presets, terms))
    }

    fn choice(self) -> ExpiryChoice {
        self.offered().get(self.place.get()).copied().unwrap_or(ExpiryChoice::OnDate)
    }

    /// Picks a lifetime in milliseconds, as far as it is offered; `None` = without end. One that is no preset becomes
    /// a date.
    pub fn live_for(self, lifetime: Option<i64>) {
        let offered = untrack(|| self.offered());
        let is_it = |choice: &ExpiryChoice| choice.lasts(lifetime);
        let on_date = |choice: &ExpiryChoice| *choice == ExpiryChoice::OnDate;
        match offered.iter().position(is_it) {
            Some(place) => self.place.set(place),
            None => {
                let Some(lifetime) = lifetime else { return };
                self.place.set(offered.iter().position(on_date).unwrap_or_default());
                self.date.set(format::today(format::now() + lifetime));
            }
        }
    }

    /// What it means at `now`.
    pub fn resolve(self, now: i64) -> Expiry {
        let at = self.date.with(|date| self.time.with(|time| format::end_of_minute(date, time)));
        self.app.terms.with(|terms| Expiry::resolve(self.choice(), at, now, terms))
    }

    /// What is picked, not what it means: a text that differs when it does.
    pub fn picked(self) -> String {
        let place = text::catalogue::number(self.place.get());
        [place, self.date.get(), self.time.get()].join(" ")
    }

    /// Says what is wrong, and puts the focus into the date.
    pub fn refuse(self) {
        self.tried.set(true);
        if let Some(field) = self.field.get_value() {
            let _ = field.focus();
        }
    }
}

/// Presets, a date with its time, never; and under them always the moment that comes out, with its zone.
///
/// # Parts
///
/// `choice`, `input`.
pub fn expiry_picker(
    draft: ExpiryDraft,
    submission: Submission,
    now: impl Fn() -> i64 + Copy + 'static,
) -> Element {
    let hint = unique("expiry-line");
    let offered = untrack(|| draft.offered());
    let labels = offered.into_iter().map(text::form::choice).collect();
    let expiry = move || draft.resolve(now());
    let refused = move || submission.about("expiresAt");
    let is_wrong = move || {
        let own = match expiry() {
            Expiry::Past | Expiry::TooSoon(_) | Expiry::TooLate(_) => true,
            Expiry::NoDate => draft.tried.get(),
            _ => false,
        };
        own || refused().is_some()
    };
    let on_date = Memo::new(move |_| draft.choice() == ExpiryChoice::OnDate);
    let line_id = hint.clone();
    let fields = move || {
        let today = format::today(untrack(now));
        on_date.get().then(|| date_and_time(draft, today, &hint, is_wrong))
    };
    let line = move || {
        // Read out is what somebody has chosen, and not that a minute has passed.
        let expiry = draft.resolve(untrack(now));
        let words =
            || text::form::expiry(expiry, &expiry.moment().map(format::full).unwrap_or_default());
        refused().unwrap_or_else(words)
    };
    let words = el("p")
        .class(move || if is_wrong() { "hint hint-problem" } else { "hint" })
        .attr("id", line_id)
        .attr("aria-live", "polite")
        .child(line);
    el("div")
        .class("field")
        .part("field")
        .child(Choice::new(
            text::form::expires(),
            labels,
            move || draft.place.get(),
            move |place| draft.place.set(place),
        ))
        .child(fields)
        .child(words)
}

fn date_and_time(
    draft: ExpiryDraft,
    today: String,
    described_by: &str,
    is_wrong: impl Fn() -> bool + Copy + 'static,
) -> View {
    let field = |kind: &'static str, label: &'static str, value: RwSignal<String>| {
        el("input")
            .class("input input-date")
            .part("input")
            .attr("type", kind)
            .attr("aria-label", label)
            .attr("aria-describedby", described_by.to_owned())
            .attr("aria-invalid", move || is_wrong().then_some("true"))
            .prop("value", move || value.get_untracked())
            .on_input(move |text| value.set(text))
    };
    let date =
        field("date", text::form::date(), draft.date).attr("min", today).attr("max", "9999-12-31");
    draft.field.set_value(Some(date.node()));
    let time = field("time", text::form::time(), draft.time);
    views([el("div").class("date-and-time").child(date).child(time)])
}
