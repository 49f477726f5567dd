//! The secret before the last rotation: what is known of it, and its end before its time.

use leptos::prelude::*;
use oneloop_protocol::{ApiKey, UnixMillis};

use super::button::Emphasis;
use super::details_dialog::facts;
use super::form::{Form, masked, which};
use super::sparkline::{exactly, exactly_past};
use crate::dom::{Element, View, el};
use crate::host::Event;
use crate::key_status::overlap_end;
use crate::state::{App, Row, Submission};
use crate::text::problem::Attempt;
use crate::{format, text};

/// Asks before the old secret of a key stops working, with its last use: whether anything still depends on it.
#[component]
pub fn OverlapDialog(
    /// The key.
    row: Row,
) -> View {
    let app = App::expect();
    let submission = Submission::new(Attempt::Switch);
    let key = row.key.get_untracked();
    let known = {
        let key = key.clone();
        move || old_secret(&key, app.now.get())
    };
    let submit = move || {
        let (client, row) = (app.client(), row.clone());
        let id = row.id.clone();
        submission.send(app, async move { client.end_overlap(&id).await }, move |key| {
            app.sheet.set(None);
            app.announcement.set(text::rotate::ended(&key.name));
            row.learn(key);
            app.tell(Event::KeyUpdated(row.id.as_str()));
        });
    };
    let form = Form {
        title: text::rotate::end(),
        submission,
        send: (text::rotate::end(), text::form::saving()),
        emphasis: Emphasis::Danger,
        cancel_first: true,
        body: el("div")
            .child(which(key.name, key.masked_key))
            .child(known)
            .child(el("p").class("lead").child(text::rotate::refused_now())),
        foot: None,
    };
    form.alert(app, submit)
}

/// What is known of the secret before the last rotation, while it works: what may be shown of it, when it was last used,
/// and how long it has left.
pub fn old_secret(key: &ApiKey, now: UnixMillis) -> Option<Element> {
    let until = overlap_end(key, now)?;
    let unknown = || el("span").child(text::list::unknown());
    // Of a secret that an older server replaced, nothing is known.
    let (mask, used) = match &key.previous_masked_key {
        Some(mask) => {
            let used = key.previous_last_used_at.iter().flatten().next();
            let used =
                used.map(|at| format::parse(at).map_or_else(unknown, |at| exactly_past(at, now)));
            let unused = || el("span").child(text::rotate::unused());
            (masked(mask.clone()), used.unwrap_or_else(unused))
        }
        None => (unknown(), unknown()),
    };
    Some(facts(vec![
        (text::rotate::old(), mask),
        (text::list::column_last_used(), used),
        (text::list::column_expires(), exactly(until, now)),
    ]))
}
