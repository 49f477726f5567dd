//! Creating a key.

use leptos::prelude::*;
use oneloop_protocol::Grant;

use super::button::Emphasis;
use super::expiry_picker::{ExpiryDraft, expiry_picker};
use super::form::Form;
use super::name_field::{name_field, name_message, name_problem};
use super::scope_picker::{ScopeDraft, scope_picker, summary};
use crate::attempt::{Attempt, Attempted};
use crate::client::NewKey;
use crate::dom::{View, el};
use crate::expiry::Expiry;
use crate::host::Event;
use crate::signal::RwSignal;
use crate::state::{App, Revealed, Row, Sheet, Submission};
use crate::text::problem;
use crate::{format, text};

/// Name, permissions, expiry, and a sentence that says it all.
///
/// What was typed stays through every failure, an ended session included. The reveal opens after the
/// server's answer, never before.
///
/// `like` is a key whose settings it begins with: its name, what of its permissions may be granted, and how long
/// it was to live.
#[component]
pub fn CreateDialog(
    /// The key to take them from; empty when it is left out.
    #[prop(optional_no_strip)]
    like: Option<Row>,
) -> View {
    let app = App::expect();
    let like = like.map(|row| row.key.get_untracked());
    let name = RwSignal::new(like.as_ref().map(|key| key.name.clone()).unwrap_or_default());
    let scopes = ScopeDraft::new(app, &[]);
    let expiry = ExpiryDraft::new(app);
    if let Some(key) = &like {
        scopes.apply(&key.scopes);
        let created = format::parse(&key.created_at);
        expiry.live_for(key.expires_at.zip(created).map(|(end, start)| end - start));
    }
    let tried = RwSignal::new(false);
    let submission = Submission::new(problem::Attempt::Create);

    let (field, input) = name_field(name, name_message(name, tried, submission));
    let until = move || {
        let end = expiry.resolve(app.now.get());
        // An end that is not there yet is not "no end".
        let date = || end.millis().map_or_else(|| "…".to_owned(), format::long_date);
        (!matches!(end, Expiry::Never)).then(date)
    };
    let attempted = Attempted::default();
    let submit = move || {
        tried.set(true);
        if name.with_untracked(|name| name_problem(name)).is_some() {
            let _ = input.focus();
            return;
        }
        let now = format::now();
        if !untrack(|| expiry.resolve(now)).is_usable() {
            expiry.refuse();
            return;
        }
        let name = name.with_untracked(|name| name.trim().to_owned());
        let grants = untrack(|| scopes.grants());
        let content = content(&name, &grants, &untrack(|| expiry.picked()));
        let Attempt { key, since } = attempted.of(content, now);
        let expires_at = untrack(|| expiry.resolve(since)).millis();
        let new = NewKey { name, scopes: grants, expires_at };
        let client = app.client();
        let request = async move { client.create_key(new, &key).await };
        submission.send(app, request, move |issued| {
            let row = app.insert(issued.key);
            app.tell(Event::KeyCreated(row.id.as_str()));
            let revealed = Revealed { row, secret: issued.secret, replaced: None };
            app.sheet.set(Some(Sheet::Reveal(revealed)));
        });
    };
    let form = Form {
        title: text::form::create_title(),
        submission,
        send: (text::form::create(), text::form::creating()),
        emphasis: Emphasis::Primary,
        cancel_first: false,
        body: el("div")
            .child(field)
            .child(scope_picker(app, scopes, submission))
            .child(expiry_picker(expiry, submission, move || app.now.get())),
        foot: Some(summary(app, name, scopes, until)),
    };
    form.view(app, submit)
}

/// All that a person decided. Lines, because a name has none of its own.
fn content(name: &str, grants: &[Grant], expiry: &str) -> String {
    let mut content = name.to_owned();
    for grant in grants {
        content.push('\n');
        content.push_str(&grant.representation);
        content.push(char::from(b'a' + grant.access().bits()));
    }
    content.push('\n');
    content.push_str(expiry);
    content
}

#[cfg(test)]
mod tests {
    use oneloop_protocol::Access;

    use super::*;

    #[test]
    fn contents_differ_when_anything_does() {
        let grant = |access| [Grant::new("a", access)];
        let all = [
            content("x", &grant(Access::READ), "7"),
            content("y", &grant(Access::READ), "7"),
            content("x", &grant(Access::ALL), "7"),
            content("x", &[], "7"),
            content("x", &grant(Access::READ), "30"),
        ];
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
