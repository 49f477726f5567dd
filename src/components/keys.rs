//! The widget's root: heading, list in its state, and the dialog that is open.

use leptos::prelude::*;
use oneloop_protocol::LinkTokenPermissions;

use super::button::{Button, Emphasis};
use super::create_dialog::CreateDialog;
use super::delete_dialog::DeleteDialog;
use super::edit_dialog::EditDialog;
use super::header::Header;
use super::icon::Icon;
use super::key_list::KeyList;
use super::notice::Notice;
use super::placeholder::{Placeholder, Waiting};
use super::reveal_dialog::RevealDialog;
use super::rotate_dialog::RotateDialog;
use super::row_menu::{RowMenu, RowMenuState};
use super::unique::unique;
use crate::problem::Problem;
use crate::state::{App, Phase, Sheet};
use crate::text::problem::{Attempt, message};
use crate::{format, text};

/// How often "2 minutes ago" is looked at again, in milliseconds.
const TICK: std::time::Duration = std::time::Duration::from_secs(20);

/// Everything: the keys of one customer, to see, create, change, rotate and delete.
///
/// Needs an [`App`] in context; [`crate::mount::mount`] provides it.
///
/// # Accessibility
///
/// A region named by its heading. One polite live region stands in it from the start; what happens outside
/// the focus (the list arrived, a key is disabled) is said there.
///
/// # Parts
///
/// `root`.
#[component]
pub fn Keys() -> impl IntoView {
    let app = App::expect();
    provide_context(RowMenuState::new());
    let heading = unique("heading");
    let named_by = heading.clone();
    app.load();

    let tick = set_interval_with_handle(move || app.now.set(format::now()), TICK);
    on_cleanup(move || {
        if let Ok(tick) = tick {
            tick.clear();
        }
    });

    view! {
        <section class="root" part="root" aria-labelledby=named_by>
            <Header heading=heading />
            <Notice message=app.notice />
            <Body />
            <RowMenu />
            <OpenSheet />
            <div class="hidden" role="status">{move || app.announcement.get()}</div>
        </section>
    }
}

/// The list, or what stands in its place.
#[component]
fn Body() -> impl IntoView {
    let app = App::expect();
    let empty = Memo::new(move |_| app.rows.with(Vec::is_empty));
    move || match (app.phase.get(), empty.get()) {
        (Phase::Loading, _) => view! { <Waiting /> }.into_any(),
        (Phase::Failed(problem), _) => view! { <Failed problem /> }.into_any(),
        (Phase::Ready, true) => view! { <Empty /> }.into_any(),
        (Phase::Ready, false) => view! { <KeyList /> }.into_any(),
    }
}

/// Nothing yet: one sentence, one button, one line of what a key is for.
#[component]
fn Empty() -> impl IntoView {
    let app = App::expect();
    let may_create = untrack(|| app.may(LinkTokenPermissions::CREATE));
    let hint = if may_create { text::list::empty_hint() } else { text::list::empty_read_only() };
    view! {
        <Placeholder icon=Icon::Key title=text::list::empty() hint>
            {may_create
                .then(|| {
                    view! {
                        <Button
                            label=text::list::create().to_owned()
                            emphasis=Emphasis::Primary
                            icon=Icon::Plus
                            on_press=move |_| app.sheet.set(Some(Sheet::Create))
                        />
                    }
                })}
        </Placeholder>
    }
}

/// The list could not be fetched: why, and what to do.
#[component]
fn Failed(problem: Problem) -> impl IntoView {
    let app = App::expect();
    let over = problem == Problem::SessionExpired;
    let (title, hint, retry) = if over {
        let (title, hint) = (text::list::session_over(), text::list::session_over_hint());
        (title, hint.to_owned(), text::list::session_continue())
    } else {
        (text::list::failed(), message(Attempt::Load, &problem), text::try_again())
    };
    view! {
        <Placeholder icon=Icon::Warning title hint alert=true>
            <Button
                label=retry.to_owned()
                busy=app.fetching
                autofocus=false
                on_press=move |_| app.load()
            />
        </Placeholder>
    }
}

/// The dialog that is open, if any. Each owns its form, so closing one forgets what was typed, and a
/// failed request does not.
#[component]
fn OpenSheet() -> impl IntoView {
    let app = App::expect();
    move || {
        app.sheet.get().map(|sheet| match sheet {
            Sheet::Create => view! { <CreateDialog /> }.into_any(),
            Sheet::Edit(row) => view! { <EditDialog row /> }.into_any(),
            Sheet::Rotate(row) => view! { <RotateDialog row /> }.into_any(),
            Sheet::Delete(row) => view! { <DeleteDialog row /> }.into_any(),
            Sheet::Reveal(revealed) => view! { <RevealDialog revealed /> }.into_any(),
        })
    }
}
