//! Rotating a key: what happens to the old secret, and when.

use leptos::prelude::*;

use super::button::Emphasis;
use super::choice::Choice;
use super::form::{Form, which};
use crate::dom::{View, el};
use crate::host::Event;
use crate::state::{App, Revealed, Row, Sheet, Submission};
use crate::text::problem::Attempt;
use crate::text::rotate::{OVERLAP_DEFAULT, OVERLAPS};
use crate::{format, text};

/// A new secret for one key, with the choice of how long the old one goes on working.
#[component]
pub fn RotateDialog(
    /// The key.
    row: Row,
) -> View {
    let app = App::expect();
    let overlap = RwSignal::new(OVERLAP_DEFAULT);
    let seconds = move || OVERLAPS.get(overlap.get()).copied().unwrap_or_default();
    let submission = Submission::new(Attempt::Rotate);
    let key = row.key.get_untracked();

    let ends = move |now: i64| {
        let seconds = i64::try_from(seconds()).unwrap_or_default();
        (seconds > 0).then_some(now + seconds * 1_000)
    };
    let consequence =
        move || text::rotate::consequence(ends(app.now.get()).map(format::full).as_deref());
    let submit = move || {
        let seconds = untrack(seconds);
        let (client, row) = (app.client(), row.clone());
        let id = row.id.clone();
        submission.send(app, async move { client.rotate_key(&id, seconds).await }, move |issued| {
            let replaced = Some(issued.key.previous_key_expires_at);
            row.key.set(issued.key);
            app.tell(Event::KeyRotated(row.id.as_str()));
            app.sheet.set(Some(Sheet::Reveal(Revealed { row, secret: issued.secret, replaced })));
        });
    };
    let choice = Choice {
        autofocus: true,
        ..Choice::new(
            text::rotate::old_secret(),
            OVERLAPS.map(text::rotate::overlap).to_vec(),
            move || overlap.get(),
            move |place| overlap.set(place),
        )
    };
    let hint = el("p").class("hint").attr("aria-live", "polite").child(consequence);
    let form = Form {
        title: text::rotate::title(),
        submission,
        send: (text::rotate::rotate(), text::rotate::rotating()),
        emphasis: Emphasis::Primary,
        cancel_first: false,
        body: el("div")
            .child(which(key.name, key.masked_key))
            .child(el("p").class("lead").child(text::rotate::hint()))
            .child(el("div").class("field").child(choice).child(hint)),
        foot: None,
    };
    form.view(app, submit)
}
