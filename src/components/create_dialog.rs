//! Creating a key.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::button::{Button, Emphasis};
use super::dialog::Dialog;
use super::expiry_picker::{ExpiryDraft, ExpiryPicker};
use super::name_field::{NameField, focus, name_message, name_problem};
use super::notice::Notice;
use super::scope_picker::{ScopeDraft, ScopePicker, Summary};
use crate::client::NewKey;
use crate::host::Event;
use crate::state::{App, Revealed, Sheet, Submission};
use crate::text::problem::Attempt;
use crate::{format, text};

/// Name, permissions, expiry, and a sentence that says it all.
///
/// What was typed stays through every failure, an ended session included. The reveal opens after the
/// server's answer, never before.
#[component]
pub fn CreateDialog() -> impl IntoView {
    let app = App::expect();
    let name = RwSignal::new(String::new());
    let scopes = app.scopes.with_untracked(|scopes| ScopeDraft::new(scopes, &[]));
    let expiry = ExpiryDraft::new();
    let tried = RwSignal::new(false);
    let submission = Submission::new(Attempt::Create);

    let name_field = NodeRef::new();
    let name_message = name_message(name, tried, submission);
    let until = move || {
        let expiry = expiry.resolve(app.now.get());
        expiry.millis().map(format::long_date)
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let end = untrack(|| expiry.resolve(format::now()));
        if name.with_untracked(|name| name_problem(name)).is_some() {
            focus(name_field);
            return;
        }
        if !end.is_usable() {
            return;
        }
        let new = NewKey {
            name: name.with_untracked(|name| name.trim().to_owned()),
            scopes: untrack(|| scopes.grants()),
            expires_at: end.millis(),
        };
        let client = app.client();
        submission.send(app, async move { client.create_key(new).await }, move |issued| {
            let row = app.insert(issued.key);
            app.tell(Event::KeyCreated(row.id.as_str()));
            let revealed = Revealed { row, secret: issued.secret, replaced: None };
            app.sheet.set(Some(Sheet::Reveal(revealed)));
        });
    };
    let leave = move || {
        if !submission.busy.get_untracked() {
            app.sheet.set(None);
        }
    };
    view! {
        <Dialog title=text::form::create_title().to_owned() on_dismiss=move |()| leave()>
            <form class="form" novalidate=true on:submit=submit>
                <div class="form-body">
                    <NameField value=name problem=name_message node_ref=name_field />
                    <ScopePicker draft=scopes />
                    <ExpiryPicker draft=expiry now=app.now />
                </div>
                <div class="form-foot">
                    <Summary name draft=scopes until=Signal::derive(until) />
                    <Notice message=Signal::derive(move || submission.message()) />
                    <div class="actions">
                        <Button label=text::cancel().to_owned() on_press=move |_| leave() />
                        <Button
                            label=Signal::derive(move || {
                                send_label(submission, text::form::create(), text::form::creating())
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

/// What a sending button says: the deed, that it is under way, or that it can be tried again.
pub fn send_label(submission: Submission, idle: &'static str, busy: &'static str) -> String {
    let failed = submission.problem.with(Option::is_some);
    match (submission.busy.get(), failed) {
        (true, _) => busy,
        (false, true) => text::try_again(),
        (false, false) => idle,
    }
    .to_owned()
}
