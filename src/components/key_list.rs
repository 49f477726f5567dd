//! The table of keys.

use leptos::prelude::*;
use web_sys::HtmlElement;

use super::button::{Button, Emphasis};
use super::icon::Icon;
use super::key_row::key_row;
use super::notice::notice;
use super::row_menu::RowMenuState;
use super::scroll::Scroll;
use super::selection::{pick_all, selection_bar};
use super::toolbar::toolbar;
use crate::dom::{Element, View, dynamic, each, el, once_mounted, views};
use crate::listing::{EXPIRED, EXPIRING, ORDERS, Query};
use crate::signal::{Memo, RwSignal};
use crate::state::{App, Row};
use crate::text;
use crate::text::problem::{Attempt, message};

/// From how many keys searching and sorting are worth their place.
const SEARCH_FROM: usize = 8;
/// From how many rows the table keeps room for a scrollbar, so that the columns and their headings agree.
const LONG: usize = 12;
/// A place that no row has.
const NOBODY: usize = usize::MAX;

/// The table: one row a key. However many have been read, a few dozen rows are in the page: those in sight, some around
/// them, and the one that has the focus.
///
/// # Accessibility
///
/// A real table with a caption; the name is the row's header. `aria-rowcount` and `aria-rowindex` say where in the
/// whole list a row stands. The roles are written out because the rows are laid out as grids, and browsers drop
/// the implied ones with the table layout.
///
/// APG sortable table: the headings of what the server can sort by are buttons, and `aria-sort` says which one does.
///
/// # Parts
///
/// `table`, `head`, `body`, `no-match`, `banner`, `foot`.
pub fn key_list(app: App, menu: RowMenuState) -> View {
    let rows = app.rows;
    let picks = app.picks();
    let searchable = Memo::new(move |before| {
        // Once the question is the usual one again, what was found is that of the narrow one until the answer is there.
        let is_on_its_way = before.is_some_and(|before| *before) && app.fetching.get();
        let is_asked = app.query.with(|query| *query != Query::default());
        is_asked || is_on_its_way || app.total.get().max(rows.with(Vec::len)) >= SEARCH_FROM
    });
    let picking = Memo::new(move |_| app.picked.with(|picked| !picked.is_empty()));
    let bar = move || match (picking.get(), searchable.get()) {
        (true, _) => Some(selection_bar(app)),
        (false, true) => Some(untrack(|| toolbar(app))),
        (false, false) => None,
    };
    let headings = COLUMNS.into_iter().map(move |column| heading_of(app, column));
    let actions = el("span").class("hidden").child(text::list::column_actions());
    let head = el("tr")
        .class("head")
        .role("row")
        .attr("aria-rowindex", "1")
        .child(picks.then(|| heading("cell cell-pick").child(pick_all(app))))
        .children(headings)
        .child(heading("cell cell-actions").child(actions));
    let caption = el("caption").class("hidden").child(text::list::title());
    let table = el("table")
        .class(if picks { "table table-picks" } else { "table" })
        .part("table")
        .role("table")
        .attr("data-long", move || rows.with(Vec::len) >= LONG)
        .attr("aria-rowcount", move || (app.total.get().max(rows.with(Vec::len)) + 1).to_string())
        .attr("aria-busy", move || app.fetching.get().then_some("true"))
        .child(caption)
        .child(el("thead").role("rowgroup").part("head").child(head))
        .child(body(app, menu));
    let nothing = move || {
        let words = match (app.fetching.get(), app.query.with(Query::is_narrow)) {
            (true, _) => text::list::loading(),
            (false, true) => text::list::no_match(),
            (false, false) => text::list::none_current(),
        };
        let words = || el("p").class("no-match").part("no-match").child(words);
        rows.with(Vec::is_empty).then(words)
    };
    views([
        dynamic(move || banner(app).into()),
        dynamic(move || bar().into()),
        table.into(),
        dynamic(move || nothing().into()),
        foot(app).into(),
    ])
}

/// The rows, in a place of their own to scroll in once there are many.
fn body(app: App, menu: RowMenuState) -> Element {
    let rows = app.rows;
    let body = el("tbody");
    let ground = el("tr").class("ground").attr("aria-hidden", "true");
    let scroll = Scroll::new(app, body.node(), ground.node());
    // `NOBODY` while no row has the focus.
    let focused = RwSignal::new(NOBODY);
    let count = Memo::new(move |_| rows.with(Vec::len));
    let high: HtmlElement = ground.node();
    once_mounted({
        let scroll = scroll.clone();
        move || scroll.follow()
    });
    let window = scroll.clone();
    let in_page = move || {
        rows.with(|rows| {
            let places = window.window().places(rows.len(), focused.get());
            places.into_iter().map(|at| (at, rows[at].clone())).collect::<Vec<(usize, Row)>>()
        })
    };
    let row = move |(at, row): (usize, Row)| {
        let element = key_row(app, menu, &row)
            .attr("aria-rowindex", (at + 2).to_string())
            .on("focusin", move |_| focused.set(at))
            .on("focusout", move |_| focused.set(NOBODY));
        let node: HtmlElement = element.node();
        set_rows(&node, "inset-block-start", at);
        element
    };
    let key = |(at, row): &(usize, Row)| [row.id.as_str(), &at.to_string()].concat();
    let in_sight = {
        let scroll = scroll.clone();
        move |(at, _): &(usize, Row)| scroll.shows(*at)
    };
    let (moved, restarted) = (scroll.clone(), scroll.clone());
    body.class("rows")
        .part("body")
        .role("rowgroup")
        .on("scroll", move |_| {
            moved.follow();
            menu.close_if_moved();
        })
        .child(ground.effect(move || set_rows(&high, "block-size", count.get())))
        .child(each(1, in_page, key, in_sight, row))
        .effect(move || {
            // What another question finds begins at its beginning.
            app.query.with(|_| ());
            restarted.restart();
        })
        .effect(move || {
            // The key that the page asked for, if it has been read.
            let Some(id) = app.marked.get() else { return };
            let place = rows.with_untracked(|all| all.iter().position(|it| it.id.as_str() == id));
            if let Some(place) = place {
                let scroll = scroll.clone();
                once_mounted(move || scroll.bring(place));
            }
        })
}

/// Makes a length that of so many rows. Not by a property of our own: all that is inside would inherit it, and be styled anew.
fn set_rows(node: &HtmlElement, property: &str, count: usize) {
    let _ = node.style().set_property(property, &format!("calc({count} * var(--_row))"));
}

/// A column: its class, its heading, and the places in [`ORDERS`] of what a press on that asks for first, and then in
/// turn. None = the server has no such order.
type Column = (&'static str, fn() -> &'static str, &'static [usize]);

const COLUMNS: [Column; 7] = [
    ("cell cell-name", text::list::column_name, &[2, 5]),
    ("cell cell-key", text::list::column_key, &[]),
    ("cell cell-permissions", text::list::column_permissions, &[]),
    ("cell cell-status", text::list::column_status, &[]),
    ("cell cell-used", text::list::column_last_used, &[3, 6]),
    ("cell cell-created", text::list::column_created, &[0, 1]),
    ("cell cell-expires", text::list::column_expires, &[4, 7]),
];

/// A heading, with a button in it if the list can be sorted by its column.
fn heading_of(app: App, (class, label, orders): Column) -> Element {
    let order = move || app.query.with(|query| query.order);
    let direction = move || {
        let is_down = ORDERS[order()].starts_with('-');
        orders.contains(&order()).then_some(if is_down { "descending" } else { "ascending" })
    };
    let sort = move |_| {
        let next = orders.iter().find(|it| **it != untrack(order)).copied();
        app.ask(|query| query.order = next.unwrap_or_default());
    };
    let button = || el("button").class("sort clip").attr("type", "button").on("click", sort);
    let words = match orders {
        [] => el("span"),
        _ => button(),
    };
    heading(class).attr("aria-sort", direction).child(words.child(label()))
}

fn heading(class: &'static str) -> Element {
    el("th").class(class).role("columnheader").attr("scope", "col")
}

/// What ends soon, until it is looked at or put away.
fn banner(app: App) -> Option<Element> {
    let count = app.expiring.get();
    let is_open = count > app.dismissed.get() && app.query.with(|query| query.shown != EXPIRING);
    is_open.then(|| {
        let review =
            Button::new(text::list::review()).emphasis(Emphasis::Quiet).on_press(move || {
                app.focus_heading();
                app.ask(|query| query.shown = EXPIRING);
            });
        let away = Button::new(text::dismiss()).emphasis(Emphasis::Quiet).on_press(move || {
            app.focus_heading();
            app.dismissed.set(count);
        });
        el("div")
            .class("banner")
            .part("banner")
            .child(Icon::Half.view())
            .child(el("span").class("banner-words").child(text::list::expiring_soon(count)))
            .child(review)
            .child(away)
    })
}

/// How far the list was read, what went wrong with reading on, and the way to the keys that are kept apart.
fn foot(app: App) -> Element {
    let counted = move || {
        let (read, total) = (app.rows.with(Vec::len), app.total.get());
        (read > 0 && total > read).then(|| text::form::scopes_shown(read, total))
    };
    let failed =
        move || app.stuck.with(|problem| problem.as_ref().map(|it| message(Attempt::Load, it)));
    let stuck = Memo::new(move |_| app.stuck.with(Option::is_some));
    let again = move || {
        let again = || Button::new(text::try_again()).on_press(move || app.ask_again()).view();
        stuck.get().then(again)
    };
    let apart = move || {
        let is_there = app.query.with(|query| query.shown == EXPIRED);
        let count = app.expired.get();
        let words = if is_there {
            text::list::shown_current().to_owned()
        } else {
            text::list::expired_apart(count)
        };
        let to = if is_there { 0 } else { EXPIRED };
        let go = move || {
            app.focus_heading();
            app.ask(|query| *query = Query { shown: to, ..Query::default() });
        };
        let button = || Button::new(words).emphasis(Emphasis::Quiet).on_press(go).view();
        (is_there || count > 0).then(button)
    };
    el("div")
        .class("foot")
        .part("foot")
        .child(el("span").class("foot-count").child(counted))
        .child(notice(failed))
        .child(again)
        .child(apart)
}
