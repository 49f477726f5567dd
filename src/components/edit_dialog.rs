//! Editing a key: name and permissions; the secret stays.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use oneloop_protocol::PatchApiKey;

use super::button::{Button, Emphasis};
use super::create_dialog::send_label;
use super::dialog::Dialog;
use super::name_field::{NameField, focus, name_message, name_problem};
use super::notice::Notice;
use super::scope_picker::{ScopeDraft, ScopePicker, Summary};
use crate::format;
use crate::host::Event;
use crate::state::{App, Row, Submission};
use crate::text;
use crate::text::problem::Attempt;

/// Name and permissions of one key. Sends only what was changed.
#[component]
pub fn EditDialog(
    /// The key.
    row: Row,
) -> impl IntoView {
    let app = App::expect();
    let key = row.key.get_untracked();
    let expires_at = key.expires_at;
    let name = RwSignal::new(key.name.clone());
    let scopes = app.scopes.with_untracked(|scopes| ScopeDraft::new(scopes, &key.scopes));
    let before = StoredValue::new((key.name.clone(), untrack(|| scopes.grants())));
    let tried = RwSignal::new(false);
    let submission = Submission::new(Attempt::Edit);

    let name_field = NodeRef::new();
    let name_message = name_message(name, tried, submission);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if name.with_untracked(|name| name_problem(name)).is_some() {
            focus(name_field);
            return;
        }
        let patch = before.with_value(|(old_name, old_grants)| {
            let name = name.with_untracked(|name| name.trim().to_owned());
            let grants = untrack(|| scopes.grants());
            PatchApiKey {
                name: (name != *old_name).then_some(name),
                scopes: (grants != *old_grants).then_some(grants),
                enabled: None,
            }
        });
        if patch.name.is_none() && patch.scopes.is_none() {
            app.sheet.set(None);
            return;
        }
        let (client, row) = (app.client(), row.clone());
        let id = row.id.clone();
        submission.send(app, async move { client.edit_key(&id, &patch).await }, move |key| {
            app.announcement.set(text::form::saved(&key.name));
            row.key.set(key);
            app.tell(Event::KeyUpdated(row.id.as_str()));
            app.sheet.set(None);
        });
    };
    let leave = move || {
        if !submission.busy.get_untracked() {
            app.sheet.set(None);
        }
    };
    view! {
        <Dialog title=text::form::edit_title().to_owned() on_dismiss=move |()| leave()>
            <form class="form" novalidate=true on:submit=submit>
                <div class="form-body">
                    <p class="lead">{text::form::edit_hint()}</p>
                    <NameField value=name problem=name_message node_ref=name_field />
                    <ScopePicker draft=scopes />
                </div>
                <div class="form-foot">
                    <Summary
                        name
                        draft=scopes
                        until=Signal::stored(expires_at.map(format::long_date))
                    />
                    <Notice message=Signal::derive(move || submission.message()) />
                    <div class="actions">
                        <Button label=text::cancel().to_owned() on_press=move |_| leave() />
                        <Button
                            label=Signal::derive(move || {
                                send_label(submission, text::form::save(), text::form::saving())
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
