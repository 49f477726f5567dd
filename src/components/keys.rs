//! The widget's root: heading, list in its state, and the dialog that is open.

use leptos::prelude::*;
use oneloop_protocol::LinkTokenPermissions;

use super::button::Button;
use super::create_dialog::{CreateDialog, CreateDialogProps};
use super::delete_dialog::{DeleteDialog, DeleteDialogProps};
use super::details_dialog::{DetailsDialog, DetailsDialogProps};
use super::edit_dialog::{EditDialog, EditDialogProps};
use super::header::{create_button, header};
use super::icon::Icon;
use super::key_list::key_list;
use super::many_dialog::{ManyDialog, ManyDialogProps};
use super::notice::notice;
use super::overlap_dialog::{OverlapDialog, OverlapDialogProps};
use super::placeholder::{placeholder, waiting};
use super::reveal_dialog::{RevealDialog, RevealDialogProps};
use super::rotate_dialog::{RotateDialog, RotateDialogProps};
use super::row_menu::{RowMenuState, row_menu};
use super::unique::unique;
use crate::dom::{Element, View, dynamic, el, slot};
use crate::host::Event;
use crate::problem::Problem;
use crate::signal::Memo;
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
///
/// # Slots
///
/// `footer`: under the list. `empty`: in the empty list.
#[component]
pub fn Keys() -> View {
    let app = App::expect();
    let menu = RowMenuState::new();
    let heading = unique("heading");
    app.load();

    keep_time(app);
    el("section")
        .class("root")
        .part("root")
        .attr("aria-labelledby", heading.clone())
        .child(header(app, heading))
        .child(notice(move || app.notice.get()))
        .child(body(app, menu))
        .child(slot("footer"))
        .child(row_menu(app, menu))
        .child(move || app.sheet.get().map(open))
        .child(announcement(app))
        .effect(move || {
            if !app.must_stay() {
                app.tell(Event::Settled);
            }
        })
        .into()
}

/// Moves the time on, for as long as the view is there.
pub(super) fn keep_time(app: App) {
    let tick = set_interval_with_handle(move || app.now.set(format::now()), TICK);
    on_cleanup(move || {
        if let Ok(tick) = tick {
            tick.clear();
        }
    });
}

/// What a screen reader is told of what happens outside the focus.
pub(super) fn announcement(app: App) -> Element {
    el("div").class("hidden").role("status").child(move || app.announcement.get())
}

/// What stands in the middle.
#[derive(Clone, PartialEq)]
enum Body {
    Waiting,
    Failed(Problem),
    Empty,
    List,
}

/// The list, or what stands in its place.
pub(super) fn body(app: App, menu: RowMenuState) -> View {
    let body = Memo::new(move |_| match app.phase.get() {
        Phase::Loading => Body::Waiting,
        Phase::Failed(problem) => Body::Failed(problem),
        Phase::Ready if app.is_empty() => Body::Empty,
        Phase::Ready => Body::List,
    });
    dynamic(move || match body.get() {
        Body::Waiting => waiting().into(),
        Body::Failed(problem) => failed(app, &problem).into(),
        Body::Empty => empty(app).into(),
        Body::List => untrack(|| key_list(app, menu)),
    })
}

/// Nothing yet: one sentence, one button, one line of what a key is for.
fn empty(app: App) -> Element {
    let may_create = untrack(|| app.may(LinkTokenPermissions::CREATE));
    let hint = if may_create { text::list::empty_hint() } else { text::list::empty_read_only() };
    let create = may_create.then(|| create_button(app));
    placeholder(Icon::Key, text::list::empty(), hint, false, create).child(slot("empty"))
}

/// The list could not be fetched: why, and what to do.
fn failed(app: App, problem: &Problem) -> Element {
    let (title, hint, retry) = if *problem == Problem::SessionExpired {
        let (title, hint) = (text::list::session_over(), text::list::session_over_hint());
        (title, hint.to_owned(), text::list::session_continue())
    } else {
        (text::list::failed(), message(Attempt::Load, problem), text::try_again())
    };
    let again = Button::new(retry).busy(app.fetching).on_press(move || app.load());
    placeholder(Icon::Warning, title, hint, true, again)
}

/// The dialog that is open. Each owns its form, so closing one forgets what was typed, and a failed request
/// does not.
pub(super) fn open(sheet: Sheet) -> View {
    match sheet {
        Sheet::Create(like) => CreateDialog(CreateDialogProps { like }),
        Sheet::Details(row) => DetailsDialog(DetailsDialogProps { row }),
        Sheet::Many(deed, rows) => ManyDialog(ManyDialogProps { deed, rows }),
        Sheet::Edit(row) => EditDialog(EditDialogProps { row }),
        Sheet::Rotate(row) => RotateDialog(RotateDialogProps { row }),
        Sheet::Overlap(row) => OverlapDialog(OverlapDialogProps { row }),
        Sheet::Delete(row) => DeleteDialog(DeleteDialogProps { row }),
        Sheet::Reveal(revealed) => RevealDialog(RevealDialogProps { revealed }),
    }
}
