//! The table of keys.

use leptos::prelude::*;

use super::icon::Icon;
use super::key_row::KeyRow;
use crate::format::fold;
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
#[component]
pub fn KeyList() -> impl IntoView {
    let app = App::expect();
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
    let columns = [
        ("name", text::list::column_name()),
        ("key", text::list::column_key()),
        ("permissions", text::list::column_permissions()),
        ("status", text::list::column_status()),
        ("used", text::list::column_last_used()),
        ("created", text::list::column_created()),
        ("expires", text::list::column_expires()),
    ];
    view! {
        {move || {
            searchable
                .get()
                .then(|| {
                    view! {
                        <div class="search" part="search">
                            {Icon::Search.view()}
                            <input
                                class="input"
                                type="search"
                                aria-label=text::list::search()
                                placeholder=text::list::search()
                                autocomplete="off"
                                spellcheck="false"
                                on:input:target=move |event| query.set(event.target().value())
                            />
                        </div>
                    }
                })
        }}
        <table class="table" part="table" role="table">
            <caption class="hidden">{text::list::title()}</caption>
            <thead role="rowgroup" part="head">
                <tr role="row">
                    {columns
                        .map(|(name, label)| {
                            view! {
                                <th class=format!("cell cell-{name}") role="columnheader" scope="col">
                                    {label}
                                </th>
                            }
                        })
                        .collect_view()} <th class="cell cell-actions" role="columnheader" scope="col">
                        <span class="hidden">{text::list::column_actions()}</span>
                    </th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                <For each=move || shown.get() key=|row| row.id.clone() let:row>
                    <KeyRow row />
                </For>
            </tbody>
        </table>
        {move || {
            shown
                .with(Vec::is_empty)
                .then(|| view! { <p class="no-match" role="status">{text::list::no_match()}</p> })
        }}
    }
}
