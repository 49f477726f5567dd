//! One key in the table.

use leptos::prelude::*;
use oneloop_protocol::{ApiKey, LinkTokenPermissions};

use super::key_status::Status;
use super::moment::Moment;
use super::row_menu::MenuButton;
use crate::key_status::KeyStatus;
use crate::state::{App, Row};
use crate::{format, text};

/// What a row's menu needs one of.
const ANY_ACTION: [LinkTokenPermissions; 3] =
    [LinkTokenPermissions::UPDATE, LinkTokenPermissions::ROTATE, LinkTokenPermissions::DELETE];

/// One key: what it is called, what is shown of it, what it may do, and how it stands.
///
/// # Accessibility
///
/// The permissions are shortened for the eye and read out in full. The menu button carries the key's name.
///
/// # Parts
///
/// `row`, `row__name`, `row__key`, `row__permissions`, `row__menu`.
#[component]
pub fn KeyRow(
    /// The key.
    row: Row,
) -> impl IntoView {
    let app = App::expect();
    let key = row.key.clone();
    let read = move |part: fn(&ApiKey) -> String| {
        let key = key.clone();
        move || key.with(part)
    };
    let status = {
        let key = row.key.clone();
        Memo::new(move |_| key.with(|key| KeyStatus::of(key, app.now.get())))
    };
    let named = {
        let key = row.key.clone();
        Memo::new(move |_| key.with(|key| app.named(&key.scopes)))
    };
    let offered = move || app.scopes.with(Vec::len);
    let used = {
        let key = row.key.clone();
        Memo::new(move |_| key.with(|key| key.last_used_at.as_ref().and_then(format::parse)))
    };
    let created = {
        let key = row.key.clone();
        Memo::new(move |_| key.with(|key| format::parse(&key.created_at)))
    };
    let expires = {
        let key = row.key.clone();
        Memo::new(move |_| key.with(|key| key.expires_at))
    };
    let moment = |at: Option<i64>, shown: Box<dyn Fn(i64) -> Signal<String>>| match at {
        Some(at) => view! { <Moment at shown=shown(at) /> }.into_any(),
        None => view! { <span class="never">{text::list::never()}</span> }.into_any(),
    };
    let has_menu = move || ANY_ACTION.into_iter().any(|permission| app.may(permission));
    let fixed = |shown: fn(i64) -> String| -> Box<dyn Fn(i64) -> Signal<String>> {
        Box::new(move |at| Signal::stored(shown(at)))
    };

    view! {
        <tr
            class=move || if status.get().works() { "row" } else { "row row-off" }
            part="row"
            role="row"
        >
            <th class="cell cell-name" part="row__name" role="rowheader" scope="row">
                <span class="clip" dir="auto">{read.clone()(|key| key.name.clone())}</span>
            </th>
            <td class="cell cell-key" part="row__key" role="cell">
                <code dir="ltr" translate="no">{read(|key| key.masked_key.clone())}</code>
            </td>
            <td class="cell cell-permissions" part="row__permissions" role="cell">
                <span class="clip" aria-hidden="true" title=move || text::grants::full(&named.get())>
                    {move || text::grants::short(&named.get(), offered())}
                </span>
                <span class="hidden">{move || text::grants::full(&named.get())}</span>
            </td>
            <td class="cell cell-status" role="cell">
                <Status status />
            </td>
            <td class="cell cell-used" role="cell">
                {move || moment(
                    used.get(),
                    Box::new(move |at| Signal::derive(move || format::relative(at, app.now.get()))),
                )}
            </td>
            <td class="cell cell-created" role="cell">
                {move || moment(created.get(), fixed(format::short_date))}
            </td>
            <td class="cell cell-expires" role="cell">
                {move || moment(expires.get(), fixed(format::short_date))}
            </td>
            <td class="cell cell-actions" part="row__menu" role="cell">
                {move || has_menu().then(|| view! { <MenuButton row=row.clone() /> })}
            </td>
        </tr>
    }
}
