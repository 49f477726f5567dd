//! What is known of one key: its facts, how it was used, and what happened to it.

use leptos::prelude::*;
use oneloop_protocol::{ApiKey, LinkTokenPermissions};

use super::button::Button;
use super::dialog::dialog;
use super::form::which;
use super::key_status::status;
use super::overlap_dialog::old_secret;
use super::sparkline::{exactly, exactly_past, sparkline};
use crate::dom::{Child, Element, View, el};
use crate::evidence::{Day, Happening};
use crate::key_status::{DAY, KeyStatus};
use crate::problem::Problem;
use crate::signal::RwSignal;
use crate::state::{App, Row, Sheet};
use crate::text::problem::{Attempt, message};
use crate::{format, text};

/// Something that is fetched when the dialog opens.
type Fetched<T> = RwSignal<Option<Result<T, Problem>>>;

/// Everything that is known of a key. What could not be fetched is said to be unknown, with the reason.
///
/// # Parts
///
/// `facts`, `usage`, `activity`.
#[component]
pub fn DetailsDialog(
    /// The key.
    row: Row,
) -> View {
    let app = App::expect();
    let key = row.key.get_untracked();
    let leave = move || app.sheet.set(None);
    let usage: Fetched<Vec<Day>> = RwSignal::new(None);
    let activity: Fetched<Vec<Happening>> = RwSignal::new(None);
    let (client, id) = (app.client(), row.id.clone());
    app.spawn(async move {
        activity.set(Some(client.activity(&id).await));
        usage.set(Some(client.usage(&id).await));
    });

    app.look_again(&row);
    let used = row.clone();
    let is_used = move || {
        let used = used.key.with(|key| key.last_used_at.as_ref().and_then(format::parse));
        used.is_some_and(|at| at > app.now.get_untracked() - 30 * DAY)
    };
    let born = key.created_at.0.clone();
    let chart = move || {
        shown(usage, |days| {
            // Of a key that was brought over nothing was counted before.
            let since = activity.with(|all| brought_over(all.as_ref()?.as_ref().ok()?));
            sparkline(days, since.as_ref().unwrap_or(&born), is_used())
        })
    };
    let happened = move || {
        shown(activity, |all| {
            el("ul").class("many").part("activity").children(all.iter().map(line))
        })
    };
    let facts_of = row.clone();
    let facts = move || facts_of.key.with(|key| known(app, key));
    let again = untrack(|| app.may(LinkTokenPermissions::CREATE)).then(|| {
        let again = move || app.sheet.set(Some(Sheet::Create(Some(row.clone()))));
        Button::new(text::list::create_again()).on_press(again)
    });
    let close = Button::new(text::close()).autofocus(true).on_press(leave);
    // It may be longer than the window, and holds nothing that the keyboard could go to.
    let body = el("div")
        .class("form-body")
        .part("dialog__body")
        .attr("tabindex", "0")
        .role("group")
        .attr("aria-label", text::details::title())
        .child(which(key.name.clone(), key.masked_key.clone()))
        .child(facts)
        .child(old_secret(&key, app.now.get_untracked()))
        .child(section(text::details::usage(), chart))
        .child(section(text::details::activity(), happened));
    let foot = el("div").class("actions").child(again).child(close);
    dialog(text::details::title(), leave)
        .child(body)
        .child(el("div").class("form-foot").part("dialog__foot").child(foot))
        .into()
}

fn section(title: &'static str, content: impl Child) -> Element {
    let title = el("h3").class("label").child(title);
    el("section").class("field").part("field").child(title).child(content)
}

/// What was fetched, or that it is on its way, or why it is not known.
fn shown<T: 'static>(fetched: Fetched<T>, show: impl FnOnce(&T) -> Element) -> Element {
    fetched.with(|fetched| match fetched {
        None => el("p").class("hint").child(text::list::loading()),
        Some(Ok(there)) => show(there),
        Some(Err(problem)) => unknown(problem),
    })
}

/// When a key was brought over from another service, as an ISO time.
fn brought_over(all: &[Happening]) -> Option<String> {
    all.iter().find(|one| one.action == "api_key.migrated").map(|one| one.at.0.clone())
}

fn unknown(problem: &Problem) -> Element {
    let why = message(Attempt::Load, problem);
    el("p").class("hint").child(text::problem::both(text::list::unknown(), &why))
}

/// What the list knows, in full.
fn known(app: App, key: &ApiKey) -> Element {
    let now = app.now.get_untracked();
    let at =
        |moment: Option<i64>, none: &'static str, exactly: fn(i64, i64) -> Element| match moment {
            Some(moment) => exactly(moment, now),
            None => el("span").child(none),
        };
    let used = key.last_used_at.as_ref();
    // A moment that is there and cannot be read is not "never".
    let not_used = if used.is_some() { text::list::unknown() } else { text::list::never() };
    let named = untrack(|| app.named(&key.scopes));
    facts(vec![
        (text::list::column_status(), status(KeyStatus::of(key, now))),
        (text::list::column_permissions(), el("span").child(text::grants::full(&named))),
        (text::list::column_last_used(), at(used.and_then(format::parse), not_used, exactly_past)),
        (
            text::list::column_created(),
            at(format::parse(&key.created_at), text::list::unknown(), exactly_past),
        ),
        (text::list::column_expires(), at(key.expires_at, text::list::never(), exactly)),
    ])
}

/// Facts by their names.
pub fn facts(facts: Vec<(&'static str, Element)>) -> Element {
    let fact = |(name, value): (&'static str, Element)| {
        el("div").class("fact").child(el("dt").child(name)).child(el("dd").child(value))
    };
    el("dl").class("facts").part("facts").children(facts.into_iter().map(fact))
}

/// One thing that happened: what, by whom, when.
fn line(happening: &Happening) -> Element {
    let what = text::details::happened(&happening.action, happening.enabled);
    let who = el("span").class("hint").child(text::details::by(&happening.actor));
    let when = format::parse(&happening.at);
    let when = when.map(|at| super::moment::moment(at, format::full(at)).class("hint"));
    el("li").child(el("span").child(what)).child(who).child(when)
}
