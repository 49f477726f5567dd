//! Disabling or deleting several keys: which, and what became of each.

use leptos::prelude::*;
use oneloop_protocol::PatchApiKey;

use super::button::Emphasis;
use super::form::Form;
use super::icon::Icon;
use crate::dom::{Element, View, el, once_mounted, target_checked};
use crate::host::Event;
use crate::key_status::DAY;
use crate::problem::Problem;
use crate::signal::{RwSignal, StoredValue};
use crate::state::{App, Deed, Row, Submission};
use crate::text::problem::{Attempt, message};
use crate::{format, text};

/// One key of several, and what became of it.
#[derive(Clone)]
struct Item {
    row: Row,
    done: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
}

/// Asks before several keys are disabled or deleted, and says of each what became of it. Sent again, only those that
/// failed are tried.
///
/// Keys that were used within a day have to be deleted knowingly.
#[component]
pub fn ManyDialog(
    /// What is to be done.
    deed: Deed,
    /// The keys.
    rows: Vec<Row>,
) -> View {
    let app = App::expect();
    let deletes = deed == Deed::Delete;
    let attempt = if deletes { Attempt::Delete } else { Attempt::Switch };
    let submission = Submission::new(Attempt::Many);
    let now = app.now.get_untracked();
    let in_use = |row: &&Row| {
        let used = row.key.with_untracked(|key| key.last_used_at.as_ref().and_then(format::parse));
        deletes && used.is_some_and(|at| now - at < DAY)
    };
    let hot = rows.iter().filter(in_use).count();
    let knows = RwSignal::new(hot == 0);
    let tried = RwSignal::new(false);
    let items: Vec<Item> = rows
        .into_iter()
        .map(|row| Item { row, done: RwSignal::new(false), problem: RwSignal::new(None) })
        .collect();
    let lines: Vec<Element> = items.iter().map(|item| line(item, attempt)).collect();
    // Left after a part was done, what was done leaves the list all the same.
    let items = StoredValue::new(items);
    on_cleanup(move || settle(app, deed, items.try_get_value().unwrap_or_default()));

    let submit = move || {
        tried.set(true);
        if !knows.get_untracked() {
            return;
        }
        let items = items.get_value();
        let request = async move {
            let mut last = Ok(());
            for item in items {
                // Left in the middle: the rest stays as it is.
                if item.done.is_disposed() {
                    return Err(Problem::Aborted);
                }
                if item.done.get_untracked() {
                    continue;
                }
                item.problem.set(None);
                match carry_out(app, deed, &item.row).await {
                    Err(Problem::Aborted) => return Err(Problem::Aborted),
                    Err(problem) => {
                        item.problem.set(Some(problem.clone()));
                        last = Err(problem);
                    }
                    Ok(()) => item.done.set(true),
                }
            }
            last
        };
        submission.send(app, request, move |()| app.sheet.set(None));
    };
    let warning = (hot > 0).then(|| {
        let tick = el("input")
            .attr("type", "checkbox")
            .attr("aria-invalid", move || (tried.get() && !knows.get()).then_some("true"))
            .prop("checked", move || knows.get())
            .on("change", move |event| knows.set(target_checked(&event)));
        let words = el("span").class("check-label usage-warn").child(text::many::in_use(hot));
        el("label").class("check").child(tick).child(words)
    });
    let (title, hint, send) = match deed {
        Deed::Disable => (
            text::many::disable_title(),
            text::many::disable_hint(),
            (text::list::disable(), text::form::saving()),
        ),
        Deed::Delete => (
            text::many::delete_title(),
            text::many::delete_hint(),
            (text::many::delete_title(), text::delete::deleting()),
        ),
    };
    let form = Form {
        title,
        submission,
        send,
        emphasis: if deletes { Emphasis::Danger } else { Emphasis::Primary },
        cancel_first: true,
        body: el("div")
            .attr("tabindex", "0")
            .role("group")
            .attr("aria-label", title)
            .child(el("p").class("lead").child(hint))
            .child(el("ul").class("many").part("many").children(lines))
            .child(warning),
        foot: None,
    };
    form.alert(app, submit)
}

async fn carry_out(app: App, deed: Deed, row: &Row) -> Result<(), Problem> {
    let client = app.client();
    match deed {
        Deed::Disable => {
            let patch = PatchApiKey { enabled: Some(false), ..PatchApiKey::default() };
            row.learn(client.edit_key(&row.id, &patch).await?);
            app.tell(Event::KeyUpdated(row.id.as_str()));
        }
        Deed::Delete => {
            client.delete_key(&row.id).await?;
            app.tell(Event::KeyDeleted(row.id.as_str()));
        }
    }
    Ok(())
}

/// One key: its name, and what became of it.
fn line(item: &Item, attempt: Attempt) -> Element {
    let (done, problem) = (item.done, item.problem);
    let became = move || {
        let failed = problem.with(|it| it.as_ref().map(|problem| message(attempt, problem)));
        let failed = failed.map(|words| el("span").class("field-problem").child(words));
        let good = || {
            let words = el("span").class("hidden").child(text::reveal::done());
            el("span").class("status-good").child(Icon::Check.view()).child(words)
        };
        failed.or_else(|| done.get().then(good))
    };
    let key = item.row.key.get_untracked();
    let name = el("span").class("which-name").attr("dir", "auto").child(key.name);
    el("li").child(name).child(became)
}

/// Takes what is done out of the selection, and what is deleted out of the list.
fn settle(app: App, deed: Deed, items: Vec<Item>) {
    let done =
        items.into_iter().filter(|item| !item.done.is_disposed() && item.done.get_untracked());
    let ids: Vec<_> = done.map(|item| item.row.id).collect();
    if ids.is_empty() {
        return;
    }
    app.announcement.set(text::many::changed(ids.len()));
    match deed {
        Deed::Delete => app.remove_after_dialog(ids),
        Deed::Disable => {
            app.picked.update(|rows| rows.retain(|row| !ids.contains(&row.id)));
            // What opened the dialog goes with the last key that was picked.
            once_mounted(move || app.focus_heading());
        }
    }
}
