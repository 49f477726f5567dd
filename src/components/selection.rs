//! Picking several keys, and what can be done with them.

use leptos::prelude::*;
use oneloop_protocol::LinkTokenPermissions;

use super::button::{Button, Emphasis};
use crate::dom::{Element, el, target_checked};
use crate::state::{App, Deed, Row, Sheet};
use crate::text;

impl App {
    /// Whether there is anything that can be done to several keys.
    pub fn picks(self) -> bool {
        untrack(|| self.may(LinkTokenPermissions::UPDATE) || self.may(LinkTokenPermissions::DELETE))
    }

    fn is_picked(self, row: &Row) -> bool {
        self.picked.with(|picked| picked.iter().any(|one| one.id == row.id))
    }
}

fn tick(label: impl Fn() -> String + 'static, change: impl Fn(bool) + 'static) -> Element {
    el("input")
        .attr("type", "checkbox")
        .attr("aria-label", label)
        .on("change", move |event| change(target_checked(&event)))
}

/// A label around a box makes its target larger than the box.
fn target(tick: Element) -> Element {
    el("label").class("pick").child(tick)
}

/// The box that picks one key.
pub fn pick_one(app: App, row: Row) -> Element {
    let (key, one) = (row.key.clone(), row.clone());
    let change = move |is_on: bool| {
        app.picked.update(|picked| {
            picked.retain(|other| other.id != row.id);
            if is_on {
                picked.push(row.clone());
            }
        });
    };
    let tick = tick(move || key.with(|key| text::list::pick(&key.name)), change);
    target(tick.prop("checked", move || app.is_picked(&one)))
}

/// The box that picks every key that has been read; half ticked while some are.
pub fn pick_all(app: App) -> Element {
    let change = move |is_on: bool| {
        app.picked.set(if is_on { app.rows.get_untracked() } else { Vec::new() });
    };
    // How many are picked, and whether these are all.
    let picked = move || {
        let (picked, all) = (app.picked.with(Vec::len), app.rows.with(Vec::len));
        (picked > 0, picked >= all)
    };
    let tick = tick(|| text::list::pick_all().to_owned(), change)
        .prop("checked", move || picked() == (true, true))
        .prop("indeterminate", move || picked() == (true, false));
    target(tick)
}

/// What stands in the toolbar's place while keys are picked.
///
/// # Parts
///
/// `selection`.
pub fn selection_bar(app: App) -> Element {
    let open = move |deed: Deed| {
        move || app.sheet.set(Some(Sheet::Many(deed, app.picked.get_untracked())))
    };
    let disable = || Button::new(text::list::disable()).on_press(open(Deed::Disable));
    let delete = || Button::new(text::list::delete()).on_press(open(Deed::Delete));
    let none = Button::new(text::form::clear()).emphasis(Emphasis::Quiet).on_press(move || {
        app.focus_heading();
        app.picked.set(Vec::new());
    });
    let count = move || text::list::picked(app.picked.with(Vec::len));
    el("div")
        .class("toolbar")
        .part("selection")
        .role("group")
        .attr("aria-label", text::list::column_actions())
        .child(el("span").class("picked").role("status").child(count))
        .child(untrack(|| app.may(LinkTokenPermissions::UPDATE)).then(disable))
        .child(untrack(|| app.may(LinkTokenPermissions::DELETE)).then(delete))
        .child(none)
}
