//! Searching, filtering and sorting the list.

use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;

use super::button::{Button, Emphasis};
use super::icon::Icon;
use crate::dom::{Element, el, target_value};
use crate::format::{fold, holds};
use crate::listing::{Query, named_order};
use crate::signal::{Memo, RwSignal};
use crate::state::{App, Row};
use crate::text;

/// How long nothing is typed before the server is asked.
const PAUSE: Duration = Duration::from_millis(250);

/// A search field, what to show, and in which order.
///
/// What is typed narrows what has been read already at once; the server's answer replaces that.
///
/// # Accessibility
///
/// Native selects, each with a name. How many keys were found is announced, once they are there.
///
/// # Parts
///
/// `toolbar`, `search`.
pub fn toolbar(app: App) -> Element {
    let query = app.query;
    let is_narrow = Memo::new(move |_| query.with(Query::is_narrow));
    let clear = move || {
        let all = move || {
            app.focus_heading();
            app.ask(|query| *query = Query { order: query.order, ..Query::default() });
        };
        let button = || Button::new(text::form::clear()).emphasis(Emphasis::Quiet).on_press(all);
        is_narrow.get().then(|| button().view())
    };
    let scopes = app.scopes.with_untracked(|scopes| {
        let any = (String::new(), text::list::any_scope().to_owned());
        let one = scopes.iter().map(|scope| (scope.representation.clone(), scope.name.clone()));
        std::iter::once(any).chain(one).collect::<Vec<_>>()
    });
    let names: Vec<String> = scopes.iter().map(|(_, name)| name.clone()).collect();
    let scopes = Rc::new(scopes);
    let scope = {
        let scopes = scopes.clone();
        move || {
            let is_it = |(one, _): &(String, String)| query.with(|query| *one == query.scope);
            scopes.iter().position(is_it).unwrap_or_default()
        }
    };
    let pick_scope = move |place: usize| {
        let scope = scopes.get(place).map(|(one, _)| one.clone());
        app.ask(|query| query.scope = scope.unwrap_or_default());
    };
    let words = |labels: &[fn() -> &'static str]| {
        labels.iter().map(|label| label().to_owned()).collect::<Vec<_>>()
    };
    let shown = select(
        text::list::column_status(),
        words(&text::list::SHOWN),
        move || query.with(|query| query.shown),
        move |place| app.ask(|query| query.shown = place),
    );
    let order = select(
        text::list::sort(),
        words(&text::list::ORDERS),
        move || named_order(query.with(|query| query.order)),
        move |place| app.ask(|query| query.order = place),
    );
    el("div")
        .class("toolbar")
        .part("toolbar")
        .child(search_field(app))
        .child(shown)
        .child(select(text::list::column_permissions(), names, scope, pick_scope))
        .child(clear)
        .child(el("span").class("select-order").child(order))
}

fn search_field(app: App) -> Element {
    let query = app.query;
    let typed = RwSignal::new(0_usize);
    let run = move |text: String| {
        let needle = fold(text.trim());
        app.rows.update(|rows| rows.retain(|row| matches(row, &needle)));
        typed.update(|typed| *typed += 1);
        let turn = typed.get_untracked();
        let ask = move || {
            // More was typed since, or the field is gone.
            if !typed.is_disposed() && typed.get_untracked() == turn {
                app.ask(|query| query.text = text);
            }
        };
        set_timeout(ask, PAUSE);
    };
    let field = el("input")
        .class("input")
        .part("input")
        .attr("type", "search")
        .attr("aria-label", text::list::search())
        .attr("placeholder", text::list::search())
        .attr("maxlength", "255")
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .prop("value", move || query.with(|query| query.text.clone()))
        .on_input(run);
    el("div").class("search").part("search").child(Icon::Search.view()).child(field)
}

fn matches(row: &Row, needle: &str) -> bool {
    row.key.with_untracked(|key| {
        holds(&key.name, needle) || holds(&key.masked_key, needle) || row.id.as_str() == needle
    })
}

/// One of several, known by their places.
fn select(
    label: &'static str,
    options: Vec<String>,
    value: impl Fn() -> usize + 'static,
    pick: impl Fn(usize) + 'static,
) -> Element {
    let value = Rc::new(value);
    let is_set = value.clone();
    let options = options
        .into_iter()
        .enumerate()
        .map(|(place, label)| el("option").attr("value", place.to_string()).child(label));
    el("select")
        .class(move || if is_set() > 0 { "select select-on" } else { "select" })
        .part("select")
        .attr("aria-label", label)
        .children(options)
        .prop("value", move || value().to_string())
        .on("change", move |event| pick(target_value(&event).parse().unwrap_or_default()))
}
