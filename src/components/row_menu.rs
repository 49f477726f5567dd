//! The menu of a row: one for the whole table, opened at the button that asked for it.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use oneloop_protocol::LinkTokenPermissions;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement, KeyboardEvent, window};

use super::icon::Icon;
use super::unique::unique;
use crate::dom::{Element, el, on_window, views};
use crate::format::fold;
use crate::key_status::{KeyStatus, overlap_end};
use crate::signal::{RwSignal, StoredValue};
use crate::state::{App, Row, Sheet};
use crate::text;

/// Pixels between the button and the menu, and between the menu and the window's edge.
const GAP: f64 = 4.0;

/// Which row's menu is open, and at which button.
#[derive(Clone, Copy)]
pub struct RowMenuState {
    row: RwSignal<Option<Row>>,
    button: StoredValue<Option<HtmlElement>>,
    id: StoredValue<String>,
    /// Whether to start at the end: the menu was opened with the up arrow.
    from_end: RwSignal<bool>,
    /// How far down the window the button was when the menu was placed at it.
    top: StoredValue<f64>,
}

impl RowMenuState {
    /// No menu open.
    pub fn new() -> Self {
        Self {
            row: RwSignal::new(None),
            button: StoredValue::new(None),
            id: StoredValue::new(unique("menu")),
            from_end: RwSignal::new(false),
            top: StoredValue::new(0.0),
        }
    }

    fn is_open_for(self, row: &Row) -> bool {
        self.row.with(|open| open.as_ref().is_some_and(|open| open.id == row.id))
    }

    fn button_top(self) -> f64 {
        self.button.get_value().map_or(0.0, |button| button.get_bounding_client_rect().top())
    }

    /// Closes the menu when its button has gone elsewhere: it would point nowhere. News of scrolling that was over
    /// before it opened is none.
    pub fn close_if_moved(self) {
        if self.row.with_untracked(Option::is_some) && self.button_top() != self.top.get_value() {
            self.close(false);
        }
    }

    /// Closes the menu and gives the focus back to its button, unless it has gone elsewhere by itself.
    fn close(self, focus: bool) {
        if self.row.with_untracked(Option::is_none) {
            return;
        }
        self.row.set(None);
        if focus && let Some(button) = self.button.get_value() {
            let _ = button.focus();
        }
    }
}

impl Default for RowMenuState {
    fn default() -> Self {
        Self::new()
    }
}

/// The button at the end of a row.
///
/// # Accessibility
///
/// APG menu button: Enter, Space and ArrowDown open at the first item, ArrowUp at the last.
///
/// # Parts
///
/// `menu-button`.
pub fn menu_button(menu: RowMenuState, row: &Row) -> Element {
    let button = el("button");
    let node: HtmlElement = button.node();
    // A press outside closes the menu before the click arrives; the same click must not open it again.
    let was_open = Rc::new(Cell::new(false));
    let open = {
        let row = row.clone();
        move |from_end: bool| {
            menu.button.set_value(Some(node.clone()));
            menu.from_end.set(from_end);
            menu.row.set(Some(row.clone()));
        }
    };
    let pressed = {
        let (row, was_open) = (row.clone(), was_open.clone());
        move |_| was_open.set(untrack(|| menu.is_open_for(&row)))
    };
    let click = {
        let (open, was_open) = (open.clone(), was_open.clone());
        move |_| {
            if was_open.replace(false) {
                menu.close(true);
            } else {
                open(false);
            }
        }
    };
    let key = move |event: Event| {
        was_open.set(false);
        let event: KeyboardEvent = event.unchecked_into();
        if let "ArrowDown" | "ArrowUp" = event.key().as_str() {
            event.prevent_default();
            open(event.key() == "ArrowUp");
        }
    };
    let expanded = {
        let row = row.clone();
        move || if menu.is_open_for(&row) { "true" } else { "false" }
    };
    let key_of = row.key.clone();
    button
        .class("menu-button")
        .part("menu-button")
        .attr("type", "button")
        .attr("aria-haspopup", "menu")
        .attr("aria-expanded", expanded)
        .attr("aria-label", move || key_of.with(|key| text::list::actions_for(&key.name)))
        .on("pointerdown", pressed)
        .on("click", click)
        .on("keydown", key)
        .child(Icon::Dots.view())
}

/// What a menu offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Edit,
    Rotate,
    EndOverlap,
    Switch(bool),
    Again,
    Delete,
}

impl Action {
    fn label(self) -> &'static str {
        match self {
            Self::Edit => text::list::edit(),
            Self::Rotate => text::list::rotate(),
            Self::EndOverlap => text::rotate::end_menu(),
            Self::Switch(true) => text::list::enable(),
            Self::Switch(false) => text::list::disable(),
            Self::Again => text::list::create_again(),
            Self::Delete => text::list::delete(),
        }
    }

    /// What may be done with this key now: what the token forbids is absent, not greyed out.
    fn offered(app: App, row: &Row) -> Vec<Self> {
        let now = app.now.get_untracked();
        let (enabled, status, overlaps) = row
            .key
            .with(|key| (key.enabled, KeyStatus::of(key, now), overlap_end(key, now).is_some()));
        let may_update = app.may(LinkTokenPermissions::UPDATE);
        // A new secret for a key whose time is over would be refused like the old one.
        let may_rotate = app.may(LinkTokenPermissions::ROTATE) && status != KeyStatus::Expired;
        [
            (may_update, Self::Edit),
            (may_rotate, Self::Rotate),
            (may_rotate && overlaps, Self::EndOverlap),
            (may_update, Self::Switch(!enabled)),
            (app.may(LinkTokenPermissions::CREATE), Self::Again),
            (app.may(LinkTokenPermissions::DELETE), Self::Delete),
        ]
        .into_iter()
        .filter_map(|(allowed, action)| allowed.then_some(action))
        .collect()
    }

    fn run(self, app: App, row: Row) {
        match self {
            Self::Edit => app.sheet.set(Some(Sheet::Edit(row))),
            Self::Rotate => app.sheet.set(Some(Sheet::Rotate(row))),
            Self::EndOverlap => app.sheet.set(Some(Sheet::Overlap(row))),
            Self::Switch(enabled) => app.switch(row, enabled),
            Self::Again => app.sheet.set(Some(Sheet::Create(Some(row)))),
            Self::Delete => app.sheet.set(Some(Sheet::Delete(row))),
        }
    }
}

/// The menu itself.
///
/// # Accessibility
///
/// APG menu: arrows wrap around, Home and End, first letters, Escape and Tab close. In the top layer, so
/// that no host's `overflow` cuts it off.
///
/// # Parts
///
/// `menu`, `menu__item`.
pub fn row_menu(app: App, menu: RowMenuState) -> Element {
    let element = el("div");
    let popover: HtmlElement = element.node();

    let shown = popover.clone();
    let toggled = move |event: Event| {
        let state = js_sys::Reflect::get(&event, &"newState".into()).ok();
        if state.and_then(|state| state.as_string()).as_deref() == Some("closed") {
            menu.close(false);
        }
    };
    let key = move |event: Event| {
        let event: KeyboardEvent = event.unchecked_into();
        let items = items(&popover);
        let target: Option<HtmlElement> = event.target().and_then(|target| target.dyn_into().ok());
        let at = items.iter().position(|item| Some(item) == target.as_ref()).unwrap_or(0);
        let last = items.len().saturating_sub(1);
        let key = event.key();
        let next = match key.as_str() {
            "ArrowDown" => Some(if at >= last { 0 } else { at + 1 }),
            "ArrowUp" => Some(at.checked_sub(1).unwrap_or(last)),
            "Home" => Some(0),
            "End" => Some(last),
            "Escape" => {
                event.stop_propagation();
                menu.close(true);
                None
            }
            "Tab" => {
                menu.close(true);
                return;
            }
            letter => {
                let letter = fold(letter);
                let starts = |item: &HtmlElement| {
                    fold(item.text_content().unwrap_or_default().trim()).starts_with(&letter)
                };
                let single = letter.chars().count() == 1 && letter != " ";
                let found = (1..=items.len())
                    .map(|step| (at + step) % items.len().max(1))
                    .find(|index| single && items.get(*index).is_some_and(starts));
                if found.is_none() {
                    return;
                }
                found
            }
        };
        event.prevent_default();
        focus(next.and_then(|index| items.get(index)));
    };
    // A popover stays where it was opened; a page that scrolls under it would leave it pointing nowhere.
    on_window("scroll", move |_| menu.close_if_moved());
    on_window("resize", move |_| menu.close(false));

    let label =
        move || menu.row.with(|row| row.as_ref().map(|row| text::list::actions_for(&row.name())));
    let entries = move || {
        menu.row.get().map(|row| {
            let entry = |action: Action| {
                let row = row.clone();
                let danger = action == Action::Delete;
                el("button")
                    .class(if danger { "menu-item menu-item-danger" } else { "menu-item" })
                    .part("menu__item")
                    .attr("type", "button")
                    .role("menuitem")
                    .attr("tabindex", "-1")
                    .on("click", move |_| {
                        menu.close(true);
                        action.run(app, row.clone());
                    })
                    .child(action.label())
            };
            views(Action::offered(app, &row).into_iter().map(entry))
        })
    };
    element
        .attr("id", menu.id.get_value())
        .class("menu")
        .part("menu")
        .role("menu")
        .attr("popover", "auto")
        .attr("aria-label", label)
        .on("toggle", toggled)
        .on("keydown", key)
        .child(entries)
        .effect(move || show(menu, &shown))
}

/// Shows the menu once its items are there, or hides it.
fn show(menu: RowMenuState, popover: &HtmlElement) {
    if !menu.row.with(Option::is_some) {
        let _ = popover.hide_popover();
        return;
    }
    let _ = popover.show_popover();
    if let Some(button) = menu.button.get_value() {
        place(popover, &button);
        menu.top.set_value(menu.button_top());
    }
    let items = items(popover);
    focus(if menu.from_end.get_untracked() { items.last() } else { items.first() });
}

fn items(menu: &HtmlElement) -> Vec<HtmlElement> {
    let children = menu.children();
    (0..children.length())
        .filter_map(|index| children.item(index)?.dyn_into::<HtmlElement>().ok())
        .collect()
}

fn focus(item: Option<&HtmlElement>) {
    if let Some(item) = item {
        let _ = item.focus();
    }
}

/// Puts the menu under the button, its end at the button's end; above when there is no room below. Uses
/// `style.setProperty`, which a strict `style-src` allows.
fn place(menu: &HtmlElement, button: &HtmlElement) {
    let Some(window) = window() else { return };
    let size =
        |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|value| value.as_f64());
    let (Some(width), Some(height)) = (size(window.inner_width()), size(window.inner_height()))
    else {
        return;
    };
    let (at, own) = (button.get_bounding_client_rect(), menu.get_bounding_client_rect());
    let right_to_left = window
        .get_computed_style(button)
        .ok()
        .flatten()
        .and_then(|style| style.get_property_value("direction").ok())
        .is_some_and(|direction| direction == "rtl");
    let left = if right_to_left { at.left() } else { at.right() - own.width() };
    let below = at.bottom() + GAP;
    let top =
        if below + own.height() + GAP <= height { below } else { at.top() - GAP - own.height() };
    let style = menu.style();
    let clamp =
        |value: f64, most: f64| format!("{}px", value.clamp(GAP, most.max(GAP)).round() as i32);
    let _ = style.set_property("left", &clamp(left, width - own.width() - GAP));
    let _ = style.set_property("top", &clamp(top, height - own.height() - GAP));
}
