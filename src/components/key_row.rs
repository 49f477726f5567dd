//! One key in the table.

use oneloop_protocol::{ApiKey, LinkTokenPermissions, UnixMillis};

use super::form::masked;
use super::key_status::status;
use super::moment::moment;
use super::row_menu::{RowMenuState, menu_button};
use super::selection::pick_one;
use crate::dom::{Element, el, slot};
use crate::key_status::{KeyStatus, overlap_end};
use crate::signal::Memo;
use crate::state::{App, Row, Sheet};
use crate::{format, text};

/// What a row's menu needs one of.
const ANY_ACTION: [LinkTokenPermissions; 4] = [
    LinkTokenPermissions::CREATE,
    LinkTokenPermissions::UPDATE,
    LinkTokenPermissions::ROTATE,
    LinkTokenPermissions::DELETE,
];

/// One key: what it is called, what is shown of it, what it may do, and how it stands.
///
/// # Accessibility
///
/// The permissions are shortened for the eye and read out in full. The name opens what is known of the key; the
/// menu button and the box carry it.
///
/// # Parts
///
/// `row`; `row__pick`, `row__name`, `row__key`, `row__permissions`, `row__status`, `row__used`, `row__created`,
/// `row__expires`, `row__menu`.
pub fn key_row(app: App, menu: RowMenuState, row: &Row) -> Element {
    let key = row.key.clone();
    let read = |part: fn(&ApiKey) -> String| {
        let key = key.clone();
        move || key.with(part)
    };
    let state = {
        let key = key.clone();
        Memo::new(move |_| key.with(|key| KeyStatus::of(key, app.now.get())))
    };
    let named = {
        let key = key.clone();
        Memo::new(move |_| key.with(|key| app.named(&key.scopes)))
    };
    let times = {
        let key = key.clone();
        Memo::new(move |_| key.with(Times::of))
    };
    let has_menu = Memo::new(move |_| ANY_ACTION.into_iter().any(|permission| app.may(permission)));

    let details = {
        let row = row.clone();
        move |_| app.sheet.set(Some(Sheet::Details(row.clone())))
    };
    let name = el("button")
        .class("name clip")
        .attr("type", "button")
        .attr("dir", "auto")
        .on("click", details)
        .child(read(|key| key.name.clone()));
    let pick = app
        .picks()
        .then(|| cell("cell cell-pick").part("row__pick").child(pick_one(app, row.clone())));
    let id = row.id.clone();
    let marked = Memo::new(move |_| app.marked.with(|it| it.as_deref() == Some(id.as_str())));
    let old = {
        let key = key.clone();
        Memo::new(move |_| {
            let now = app.now.get();
            key.with(|key| {
                key.previous_masked_key.clone().filter(|_| overlap_end(key, now).is_some())
            })
        })
    };
    let old = move || {
        old.get().map(|mask| {
            let whose = el("span").class("hidden").child(text::rotate::old());
            el("span").class("old").child(whose).child(masked(mask))
        })
    };
    let current = masked(read(|key| key.masked_key.clone()));
    let short = el("span")
        .class("clip")
        .attr("aria-hidden", "true")
        .attr("title", move || named.with(|named| text::grants::full(named)))
        .child(move || named.with(|named| text::grants::short(named, app.scopes.with(Vec::len))));
    let full =
        el("span").class("hidden").child(move || named.with(|named| text::grants::full(named)));
    let used = move || {
        let at = times.get().used;
        time_or_never(at, |at| moment(at, move || format::ago(at, app.now.get())))
    };
    let created = move || {
        let unknown = || el("span").class("never").child(text::list::unknown());
        times.get().created.map_or_else(unknown, short_moment)
    };
    let expires = move || time_or_never(times.get().expires, short_moment);
    let own = slot(format!("row-actions:{}", row.id.as_str()));
    let row = row.clone();
    let button = move || has_menu.get().then(|| menu_button(menu, &row));

    el("tr")
        .class(move || match (marked.get(), state.get().works()) {
            (true, _) => "row row-marked",
            (false, true) => "row",
            (false, false) => "row row-off",
        })
        .part("row")
        .role("row")
        .child(pick)
        .child(
            el("th")
                .class("cell cell-name")
                .part("row__name")
                .role("rowheader")
                .attr("scope", "row")
                .child(name),
        )
        .child(cell("cell cell-key").part("row__key").child(current).child(old))
        .child(cell("cell cell-permissions").part("row__permissions").child(short).child(full))
        .child(cell("cell cell-status").part("row__status").child(move || status(state.get())))
        .child(cell("cell cell-used").part("row__used").child(used))
        .child(cell("cell cell-created").part("row__created").child(created))
        .child(cell("cell cell-expires").part("row__expires").child(expires))
        .child(cell("cell cell-actions").part("row__menu").child(own).child(button))
}

fn cell(class: &'static str) -> Element {
    el("td").class(class).role("cell")
}

/// The moments of a key, as the browser reads them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Times {
    used: Option<UnixMillis>,
    created: Option<UnixMillis>,
    expires: Option<UnixMillis>,
}

impl Times {
    fn of(key: &ApiKey) -> Self {
        Self {
            used: key.last_used_at.as_ref().and_then(format::parse),
            created: format::parse(&key.created_at),
            expires: key.expires_at,
        }
    }
}

fn time_or_never(at: Option<UnixMillis>, shown: impl FnOnce(UnixMillis) -> Element) -> Element {
    at.map_or_else(|| el("span").class("never").child(text::list::never()), shown)
}

fn short_moment(at: UnixMillis) -> Element {
    moment(at, format::short_date(at))
}
