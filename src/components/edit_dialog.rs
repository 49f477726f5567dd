//! Editing a key: name and permissions; the secret stays.

use leptos::prelude::*;
use oneloop_protocol::PatchApiKey;

use super::button::Emphasis;
use super::form::Form;
use super::name_field::{name_field, name_message, name_problem};
use super::scope_picker::{ScopeDraft, scope_picker, summary};
use crate::dom::{View, el};
use crate::host::Event;
use crate::signal::{RwSignal, StoredValue};
use crate::state::{App, Row, Submission};
use crate::text::problem::Attempt;
use crate::{format, text};

/// Name and permissions of one key. Sends only what was changed.
#[component]
pub fn EditDialog(
    /// The key.
    row: Row,
) -> View {
    let app = App::expect();
    let key = row.key.get_untracked();
    let expires_at = key.expires_at;
    let name = RwSignal::new(key.name.clone());
    let scopes = ScopeDraft::new(app, &key.scopes);
    let before = StoredValue::new((key.name.clone(), untrack(|| scopes.grants())));
    let tried = RwSignal::new(false);
    let submission = Submission::new(Attempt::Edit);

    let (field, input) = name_field(name, name_message(name, tried, submission));
    let submit = move || {
        tried.set(true);
        if name.with_untracked(|name| name_problem(name)).is_some() {
            let _ = input.focus();
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
            row.learn(key);
            app.tell(Event::KeyUpdated(row.id.as_str()));
            app.sheet.set(None);
        });
    };
    let form = Form {
        title: text::form::edit_title(),
        submission,
        send: (text::form::save(), text::form::saving()),
        emphasis: Emphasis::Primary,
        cancel_first: false,
        body: el("div")
            .child(el("p").class("lead").child(text::form::edit_hint()))
            .child(field)
            .child(scope_picker(app, scopes, submission)),
        foot: Some(summary(app, name, scopes, move || expires_at.map(format::long_date))),
    };
    form.view(app, submit)
}
