//! The table of keys.

use super::icon::Icon;
use super::key_row::key_row;
use super::row_menu::RowMenuState;
use crate::dom::{Element, View, dynamic, each, el, views};
use crate::format::fold;
use crate::signal::{Memo, RwSignal};
use crate::state::{App, Row};
use crate::text;

/// From how many keys a search field is worth its place.
const SEARCH_FROM: usize = 8;

fn matches(row: &Row, query: &str) -> bool {
    let query = fold(query.trim());
    row.key.with(|key| {
        query.is_empty()
            || fold(&key.name).contains(&query)
            || fold(&key.masked_key).contains(&query)
    })
}

/// The table: one row a key, newest first.
///
/// # Accessibility
///
/// A real table with a caption; the name is the row's header. The roles are written out because a narrow
/// widget lays the rows out as grids, and browsers drop the implied ones with the table layout.
///
/// # Parts
///
/// `search`, `table`, `head`.
pub fn key_list(app: App, menu: RowMenuState) -> View {
    let query = RwSignal::new(String::new());
    let searchable = Memo::new(move |_| app.rows.with(|rows| rows.len() >= SEARCH_FROM));
    let shown = Memo::new_with_compare(
        move |_| {
            let query = query.get();
            app.rows.with(|rows| {
                rows.iter().filter(|row| matches(row, &query)).cloned().collect::<Vec<Row>>()
            })
        },
        // Rows compare by place and id; what changes inside one is the row's own signal.
        |before, after| {
            let ids = |rows: &Vec<Row>| rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
            before.map(ids) != after.map(ids)
        },
    );
    let field = move || searchable.get().then(|| search_field(query));
    let head =
        el("tr").role("row").children(COLUMNS.map(|(class, label)| heading(class).child(label())));
    let actions = el("span").class("hidden").child(text::list::column_actions());
    let rows = each(
        move || shown.get(),
        |row| row.id.as_str().to_owned(),
        move |row| key_row(app, menu, &row),
    );
    let table = el("table")
        .class("table")
        .part("table")
        .role("table")
        .child(el("caption").class("hidden").child(text::list::title()))
        .child(
            el("thead")
                .role("rowgroup")
                .part("head")
                .child(head.child(heading("cell cell-actions").child(actions))),
        )
        .child(el("tbody").role("rowgroup").child(rows));
    let nothing = move || {
        let words = || el("p").class("no-match").role("status").child(text::list::no_match());
        shown.with(Vec::is_empty).then(words)
    };
    views([dynamic(move || field().into()), table.into(), dynamic(move || nothing().into())])
}

type Heading = (&'static str, fn() -> &'static str);

const COLUMNS: [Heading; 7] = [
    ("cell cell-name", text::list::column_name),
    ("cell cell-key", text::list::column_key),
    ("cell cell-permissions", text::list::column_permissions),
    ("cell cell-status", text::list::column_status),
    ("cell cell-used", text::list::column_last_used),
    ("cell cell-created", text::list::column_created),
    ("cell cell-expires", text::list::column_expires),
];

fn heading(class: &'static str) -> Element {
    el("th").class(class).role("columnheader").attr("scope", "col")
}

fn search_field(query: RwSignal<String>) -> Element {
    let field = el("input")
        .class("input")
        .attr("type", "search")
        .attr("aria-label", text::list::search())
        .attr("placeholder", text::list::search())
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .on_input(move |text| query.set(text));
    el("div").class("search").part("search").child(Icon::Search.view()).child(field)
}
