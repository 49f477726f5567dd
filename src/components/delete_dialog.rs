//! Deleting a key: which, whether something uses it, and what breaks.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::button::{Button, Emphasis};
use super::create_dialog::send_label;
use super::dialog::Dialog;
use super::icon::Icon;
use super::notice::Notice;
use super::unique::unique;
use crate::host::Event;
use crate::key_status::DAY;
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
) -> impl IntoView {
    let app = App::expect();
    let submission = Submission::new(Attempt::Delete);
    let key = row.key.get_untracked();
    let now = app.now.get_untracked();
    let used_at = key.last_used_at.as_ref().and_then(format::parse);
    let in_use = used_at.is_some_and(|at| now - at < DAY);
    let typed = RwSignal::new(String::new());
    let mismatch = RwSignal::new(false);
    let name = StoredValue::new(key.name.clone());
    let confirmed =
        move || !in_use || typed.with(|typed| name.with_value(|name| typed.trim() == name.trim()));

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
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
            app.remove_after_dialog(gone.id);
        });
    };
    let leave = move || {
        if !submission.busy.get_untracked() {
            app.sheet.set(None);
        }
    };
    let usage = match used_at {
        None => text::delete::never_used().to_owned(),
        Some(at) if in_use => text::delete::still_in_use(&format::relative(at, now)),
        Some(at) => text::delete::last_used(&format::relative(at, now)),
    };
    let (field, problem) = (unique("confirm"), unique("confirm-problem"));
    view! {
        <Dialog title=text::delete::title().to_owned() alert=true on_dismiss=move |()| leave()>
            <form class="form" novalidate=true on:submit=submit>
                <div class="form-body">
                    <p class="which">
                        <span class="which-name" dir="auto">{key.name.clone()}</span>
                        <code dir="ltr" translate="no">{key.masked_key}</code>
                    </p>
                    <p class=if in_use { "usage usage-warn" } else { "usage" }>
                        {in_use.then(|| Icon::Warning.view())} <span class="usage-words">{usage}</span>
                    </p>
                    <p class="lead">{text::delete::hint()}</p>
                    {key.enabled.then(|| view! { <p class="lead">{text::delete::instead()}</p> })}
                    {in_use
                        .then(|| {
                            view! {
                                <div class="field">
                                    <label class="label" for=field.clone()>
                                        {text::delete::type_name(&key.name)}
                                    </label>
                                    <input
                                        class="input"
                                        part="input"
                                        id=field.clone()
                                        type="text"
                                        autofocus=true
                                        autocomplete="off"
                                        autocapitalize="off"
                                        spellcheck="false"
                                        data-1p-ignore="true"
                                        aria-invalid=move || mismatch.get().then_some("true")
                                        aria-describedby=problem.clone()
                                        on:input:target=move |event| {
                                            typed.set(event.target().value());
                                            mismatch.set(false);
                                        }
                                    />
                                    <p class="field-problem" id=problem.clone() role="alert">
                                        {move || mismatch.get().then(text::delete::mismatch)}
                                    </p>
                                </div>
                            }
                        })}
                </div>
                <div class="form-foot">
                    <Notice message=Signal::derive(move || submission.message()) />
                    <div class="actions">
                        <Button
                            label=text::cancel().to_owned()
                            autofocus=!in_use
                            on_press=move |_| leave()
                        />
                        <Button
                            label=Signal::derive(move || {
                                send_label(submission, text::delete::delete(), text::delete::deleting())
                            })
                            emphasis=Emphasis::Danger
                            submit=true
                            busy=submission.busy
                        />
                    </div>
                </div>
            </form>
        </Dialog>
    }
}
