//! Rotating a key: what happens to the old secret, and when.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::button::{Button, Emphasis};
use super::choice::Choice;
use super::create_dialog::send_label;
use super::dialog::Dialog;
use super::notice::Notice;
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
) -> impl IntoView {
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
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
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
    let leave = move || {
        if !submission.busy.get_untracked() {
            app.sheet.set(None);
        }
    };
    let options = OVERLAPS.map(text::rotate::overlap).to_vec();
    view! {
        <Dialog title=text::rotate::title().to_owned() on_dismiss=move |()| leave()>
            <form class="form" on:submit=submit>
                <div class="form-body">
                    <p class="which">
                        <span class="which-name" dir="auto">{key.name}</span>
                        <code dir="ltr" translate="no">{key.masked_key}</code>
                    </p>
                    <p class="lead">{text::rotate::hint()}</p>
                    <div class="field">
                        <Choice
                            legend=text::rotate::old_secret()
                            options
                            value=overlap.into()
                            on_pick=move |place| overlap.set(place)
                            autofocus=true
                        />
                        <p class="hint" aria-live="polite">
                            {consequence}
                        </p>
                    </div>
                </div>
                <div class="form-foot">
                    <Notice message=Signal::derive(move || submission.message()) />
                    <div class="actions">
                        <Button label=text::cancel().to_owned() on_press=move |_| leave() />
                        <Button
                            label=Signal::derive(move || {
                                send_label(submission, text::rotate::rotate(), text::rotate::rotating())
                            })
                            emphasis=Emphasis::Primary
                            submit=true
                            busy=submission.busy
                        />
                    </div>
                </div>
            </form>
        </Dialog>
    }
}
