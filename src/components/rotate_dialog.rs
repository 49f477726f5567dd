//! Rotating a key: what happens to the old secret, and when.

use leptos::prelude::*;
use oneloop_protocol::LinkTokenPermissions;
use web_sys::HtmlElement;

use super::button::{Button, Emphasis};
use super::choice::Choice;
use super::form::{Form, which};
use super::icon::Icon;
use super::unique::unique;
use crate::attempt::{Attempt, Attempted};
use crate::dom::{Element, View, el};
use crate::host::Event;
use crate::key_status::overlap_end;
use crate::overlap::{Overlap, custom_seconds, most_hours};
use crate::signal::{Memo, RwSignal, StoredValue};
use crate::state::{App, Revealed, Row, Sheet, Submission};
use crate::text::problem;
use crate::{format, text};

/// What is picked so far.
#[derive(Clone, Copy)]
struct Draft {
    /// The place among what is offered.
    place: RwSignal<usize>,
    hours: RwSignal<String>,
    /// The most seconds that are allowed.
    most: u64,
    /// The field for hours, while there is one.
    field: StoredValue<Option<HtmlElement>>,
}

impl Draft {
    fn new(most: u64) -> Self {
        Self {
            place: RwSignal::new(Overlap::default_place(&Overlap::offered(most))),
            hours: RwSignal::new("48".to_owned()),
            most,
            field: StoredValue::new(None),
        }
    }

    fn choice(self) -> Option<Overlap> {
        Overlap::offered(self.most).get(self.place.get()).copied()
    }

    /// The seconds; `None` while what is typed is no number of hours.
    fn seconds(self) -> Option<u64> {
        match self.choice()? {
            Overlap::Seconds(seconds) => Some(seconds),
            Overlap::Custom => self.hours.with(|hours| custom_seconds(hours, self.most)),
        }
    }
}

/// A new secret for one key, with the choice of how long the old one goes on working.
#[component]
pub fn RotateDialog(
    /// The key.
    row: Row,
) -> View {
    let app = App::expect();
    let draft = Draft::new(app.terms.with_untracked(|terms| terms.most_overlap));
    let submission = Submission::new(problem::Attempt::Rotate);
    let attempted = Attempted::default();
    let key = row.key.get_untracked();
    let overlaps = overlap_end(&key, app.now.get_untracked()).is_some();

    let submit = {
        let row = row.clone();
        move || {
            let Some(seconds) = untrack(|| draft.seconds()) else {
                if let Some(field) = draft.field.get_value() {
                    let _ = field.focus();
                }
                return;
            };
            let Attempt { key, .. } = attempted.of(seconds.to_string(), format::now());
            let (client, row) = (app.client(), row.clone());
            let id = row.id.clone();
            let request = async move { client.rotate_key(&id, seconds, &key).await };
            submission.send(app, request, move |issued| {
                let replaced = Some(issued.key.previous_key_expires_at);
                row.learn(issued.key);
                app.tell(Event::KeyRotated(row.id.as_str()));
                let revealed = Revealed { row, secret: issued.secret, replaced };
                app.sheet.set(Some(Sheet::Reveal(revealed)));
            });
        }
    };
    // One old secret can overlap.
    let older = key.previous_masked_key.filter(|_| overlaps);
    let ends_older = older.map(|mask| {
        let words = el("span").class("usage-words").child(text::rotate::ends_older(&mask));
        el("p").class("usage usage-warn").child(Icon::Warning.view()).child(words)
    });
    let form = Form {
        title: text::rotate::title(),
        submission,
        send: (text::rotate::rotate(), text::rotate::rotating()),
        emphasis: Emphasis::Primary,
        cancel_first: false,
        body: el("div")
            .child(which(key.name, key.masked_key))
            .child(el("p").class("lead").child(text::rotate::hint()))
            .child(ends_older)
            .child(overlap_picker(app, draft))
            .child(way_out(app, row, submission)),
        foot: None,
    };
    form.view(app, submit)
}

/// The choices, the field for hours of one's own, and what comes of it.
fn overlap_picker(app: App, draft: Draft) -> Element {
    let hint = unique("overlap-line");
    let labels = Overlap::offered(draft.most).into_iter().map(text::rotate::overlap).collect();
    let choice = Choice {
        autofocus: true,
        ..Choice::new(
            text::rotate::old_secret(),
            labels,
            move || draft.place.get(),
            move |place| draft.place.set(place),
        )
    };
    let custom = Memo::new(move |_| draft.choice() == Some(Overlap::Custom));
    let described_by = hint.clone();
    let field = move || custom.get().then(|| hours_field(draft, &described_by));
    let consequence = move || {
        let Some(seconds) = draft.seconds() else {
            return text::rotate::hours_wrong(most_hours(draft.most));
        };
        let overlap = i64::try_from(seconds).unwrap_or_default() * 1_000;
        // What is read out is what somebody has chosen, and not that a minute has passed.
        let end = (overlap > 0).then(|| format::full(untrack(|| app.now.get()) + overlap));
        text::rotate::consequence(end.as_deref())
    };
    let line = el("p")
        .class(move || if draft.seconds().is_some() { "hint" } else { "hint hint-problem" })
        .attr("id", hint)
        .attr("aria-live", "polite")
        .child(consequence);
    el("div").class("field").part("field").child(choice).child(field).child(line)
}

fn hours_field(draft: Draft, described_by: &str) -> Element {
    let id = unique("hours");
    let field = el("input")
        .class("input input-hours")
        .part("input")
        .attr("id", id.clone())
        .attr("type", "number")
        .attr("inputmode", "numeric")
        .attr("min", "1")
        .attr("max", most_hours(draft.most).to_string())
        .attr("aria-describedby", described_by.to_owned())
        .attr("aria-invalid", move || draft.seconds().is_none().then_some("true"))
        .prop("value", move || draft.hours.get_untracked())
        .on_input(move |text| draft.hours.set(text));
    draft.field.set_value(Some(field.node()));
    let label = el("label").class("label").attr("for", id).child(text::rotate::hours());
    el("div").class("hours").child(label).child(field)
}

/// For whoever is here because the secret leaked: no overlap, no new secret, just the end. Absent without the
/// permission.
fn way_out(app: App, row: Row, submission: Submission) -> Option<Element> {
    app.may(LinkTokenPermissions::DELETE).then(|| {
        let delete = Button::new(text::rotate::delete_instead())
            .emphasis(Emphasis::Quiet)
            // The secret that is on its way would take the place of that dialog.
            .busy(submission.busy)
            .on_press(move || app.sheet.set(Some(Sheet::Delete(row.clone()))));
        el("p").class("way-out").child(text::rotate::leaked()).child(delete)
    })
}
