//! The one moment a secret is shown.

use leptos::prelude::*;
use oneloop_protocol::Secret;
use web_sys::{HtmlElement, HtmlInputElement};

use super::button::{Button, Emphasis};
use super::copy::{copy_selected, copy_then, download, file_name};
use super::dialog::dialog;
use super::icon::Icon;
use super::leave_guard::guard_leaving;
use super::notice::notice;
use super::snippets::snippets;
use super::unique::unique;
use crate::dom::{Element, View, el, on_window, once_mounted, target_checked, views};
use crate::host::Event;
use crate::signal::{RwSignal, StoredValue};
use crate::snippet::env_line;
use crate::state::{App, Revealed};
use crate::{format, text};

/// A new secret: masked until asked, copied or ticked off before it can be left.
///
/// # Safety with the secret
///
/// It is in the page only while it is shown, as text; never in an attribute. Hiding the page masks it
/// again. While nobody has copied or ticked it off, Escape, Back and closing the page ask first.
/// Closing the dialog drops and overwrites our copy (the browser's own are beyond reach). Session
/// recorders are asked to leave the field out.
///
/// # Accessibility
///
/// Copy works by click, so from the keyboard as well, and while masked. What became of it is said in a live
/// region inside the dialog, because everything outside is inert.
///
/// # Parts
///
/// `secret`, `secret__text`.
#[component]
pub fn RevealDialog(
    /// The secret and whose it is.
    revealed: Revealed,
) -> View {
    let app = App::expect();
    let Revealed { row, secret, replaced } = revealed;
    let name = row.name();
    let mask = row.key.with_untracked(|key| Mask::new(&key.masked_key, &secret));
    let id = StoredValue::new(row.id.as_str().to_owned());
    let secret = StoredValue::new(secret);

    let shown = RwSignal::new(false);
    let selectable = RwSignal::new(false);
    let copied = RwSignal::new(false);
    let copy_failed = RwSignal::new(false);
    let stored = RwSignal::new(false);
    let asking = RwSignal::new(false);
    // The selectable field, while there is one.
    let field = StoredValue::new(None::<HtmlInputElement>);

    let confirm_copy = move || {
        copied.set(true);
        copy_failed.set(false);
        stored.set(true);
        asking.set(false);
        app.tell(Event::Copy(&id.get_value()));
    };
    let select = move |input: &HtmlInputElement| {
        if copy_selected(input) {
            confirm_copy();
        } else {
            copy_failed.set(true);
        }
    };
    let press_copy = move || {
        copied.set(false);
        copy_then(secret.get_value(), move |done| {
            if copied.is_disposed() {
                return;
            }
            match (done, field.get_value()) {
                (true, _) => confirm_copy(),
                (false, Some(input)) => select(&input),
                (false, None) => selectable.set(true),
            }
        });
    };
    let press_download = move || {
        let (file, variable) = (file_name(&row.name()), app.key_variable());
        let line = secret.with_value(|secret| Secret::new(env_line(&variable, secret.expose())));
        // No browser says what became of it: it may be forbidden in a frame, or be given up. So the tick is left to the
        // one who looks.
        download(&file, &format!("{}\n", line.expose()));
    };
    let leave = move || {
        if stored.get_untracked() { app.sheet.set(None) } else { asking.set(true) }
    };
    guard_leaving(move || !stored.get_untracked(), move || asking.set(true));
    // Of the first key, the button that opened all this is gone.
    on_cleanup(move || app.keep_focus());
    // `visibilitychange` is the document's, and bubbles to the window.
    on_window("visibilitychange", move |_| {
        shown.set(false);
        selectable.set(false);
        copy_failed.set(false);
    });

    let dotted = mask.dotted.clone();
    let label = unique("secret");
    let secret_text = {
        let label = label.clone();
        move || {
            let clear = || secret.with_value(|secret| secret.expose().to_owned());
            if selectable.get() {
                let element = selectable_field(&label);
                let input: HtmlInputElement = element.node();
                input.set_value(&clear());
                field.set_value(Some(input.clone()));
                // It can be selected once it is in the page.
                once_mounted(move || {
                    if input.is_connected() {
                        select(&input);
                    }
                });
                element
            } else {
                field.set_value(None);
                let code = el("code")
                    .class("secret-text")
                    .part("secret__text")
                    .attr("dir", "ltr")
                    .attr("translate", "no");
                if shown.get() { code.child(clear()) } else { mask.fill(code) }
            }
        }
    };
    let show = move || {
        let word = move || if shown.get() { text::reveal::hide() } else { text::reveal::show() };
        let toggle = move || shown.update(|shown| *shown = !*shown);
        let button = || Button::new(word).emphasis(Emphasis::Quiet).on_press(toggle).view();
        (!selectable.get()).then(button)
    };
    let said = move || {
        copied.get().then(|| el("span").child(Icon::Check.view()).child(text::reveal::copied()))
    };
    let failed = move || copy_failed.get().then(|| text::reveal::copy_failed().to_owned());
    let old = replaced.map(|until| {
        let words = text::reveal::old_secret(until.map(format::full).as_deref());
        el("p").class("hint").child(words)
    });
    let copy_button = Button::new(text::reveal::copy())
        .icon(Icon::Copy)
        .emphasis_with(move || next(!stored.get()))
        .autofocus(true)
        .on_press(press_copy)
        .view();
    // Where one goes on from when one has decided to stay.
    let copy_field = StoredValue::new(Some(copy_button.node::<HtmlElement>()));
    let foot = move || {
        if asking.get() {
            let back = move || {
                asking.set(false);
                if let Some(copy) = copy_field.get_value() {
                    let _ = copy.focus();
                }
            };
            question(move || app.sheet.set(None), back)
        } else {
            way_out(stored, leave)
        }
    };

    let described_by = unique("once");
    let name = el("span").class("which-name").attr("dir", "auto").child(name);
    let once = el("span").class("once").child(text::reveal::once());
    let download_button =
        Button::new(text::reveal::download()).icon(Icon::Download).on_press(press_download);
    let actions = el("div")
        .class("secret-actions")
        .child(copy_button)
        .child(download_button)
        .child(el("span").class("copied").role("status").child(said));
    let body = el("div")
        .class("form-body")
        .part("dialog__body")
        .child(el("p").class("which").attr("id", described_by.clone()).child(name).child(once))
        .child(el("span").class("hidden").attr("id", label).child(text::reveal::secret()))
        .child(unrecorded().child(secret_text).child(show))
        .child(actions)
        .child(notice(failed))
        .child(old)
        .child(snippets(app, secret, dotted, confirm_copy));
    let title = match replaced {
        None => text::reveal::created_title(),
        Some(_) => text::reveal::rotated_title(),
    };
    dialog(title, leave)
        .attr("aria-describedby", described_by)
        .child(body)
        .child(el("div").class("form-foot").part("dialog__foot").child(foot))
        .into()
}

/// Where the secret stands, with the marks that session recorders look for.
fn unrecorded() -> Element {
    el("div")
        .class("secret ph-no-capture fs-exclude sentry-mask rr-block")
        .part("secret")
        .attr("data-private", "true")
        .attr("data-sentry-mask", "true")
        .attr("data-clarity-mask", "true")
        .attr("data-dd-privacy", "mask")
        .attr("data-hj-suppress", "true")
}

/// The field that holds the secret when the clipboard is refused, for Ctrl+C.
fn selectable_field(label: &str) -> Element {
    el("input")
        .class("secret-text ph-no-capture fs-exclude rr-block")
        .part("secret__text")
        .attr("type", "text")
        .attr("readonly", true)
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .attr("translate", "no")
        .attr("dir", "ltr")
        .attr("aria-labelledby", label.to_owned())
}

/// Asked when somebody leaves too early.
fn question(discard: impl Fn() + 'static, keep: impl Fn() + 'static) -> View {
    let words = el("div")
        .class("question")
        .role("alert")
        .child(el("p").class("question-title").child(text::reveal::discard_title()))
        .child(el("p").class("lead").child(text::reveal::discard_hint()));
    let discard = Button::new(text::reveal::discard()).emphasis(Emphasis::Danger).on_press(discard);
    let keep = Button::new(text::reveal::keep()).emphasis(Emphasis::Primary).on_press(keep).view();
    let node: HtmlElement = keep.node();
    // What had the focus may have been what this stands in place of.
    once_mounted(move || drop(node.focus()));
    views([words, el("div").class("actions").child(discard).child(keep)])
}

/// The tick that allows leaving, and the button that leaves.
fn way_out(stored: RwSignal<bool>, leave: impl Fn() + 'static) -> View {
    let tick = el("input")
        .attr("type", "checkbox")
        .prop("checked", move || stored.get())
        .on("change", move |event| stored.set(target_checked(&event)));
    let words = el("span").class("check-label").child(text::reveal::stored());
    let done = Button::new(text::reveal::done())
        .emphasis_with(move || next(stored.get()))
        .disabled(move || !stored.get())
        .on_press(leave);
    let check = el("label").class("check").child(tick).child(words);
    el("div").class("actions actions-apart").child(check).child(done).into()
}

/// The accent goes to the one thing to do next: first the copy, then the way out.
fn next(is_next: bool) -> Emphasis {
    if is_next { Emphasis::Primary } else { Emphasis::Plain }
}

/// What the server writes in place of a key's middle.
const STARS: &[u8] = b"****";

/// What stands in the field while the secret is hidden: as long as the secret, so that nothing moves.
struct Mask {
    dotted: String,
    tail: String,
}

impl Mask {
    /// From the server's own mask, so that list and reveal agree on what may be seen.
    fn new(masked_key: &str, secret: &Secret) -> Self {
        // Byte by byte: the search of the standard library for a text in a text weighs a kilobyte.
        let at = masked_key.as_bytes().windows(STARS.len()).position(|bytes| bytes == STARS);
        let (head, tail) =
            at.map(|at| (&masked_key[..at], &masked_key[at + STARS.len()..])).unwrap_or_default();
        let dots = secret.expose().chars().count().saturating_sub(head.len() + tail.len());
        Self { dotted: format!("{head}{}{tail}", "•".repeat(dots)), tail: tail.to_owned() }
    }

    /// Puts the dots into `field`, and words for those who cannot see them.
    fn fill(&self, field: Element) -> Element {
        let dots = el("span").attr("aria-hidden", "true").child(self.dotted.clone());
        let words = el("span").class("hidden").child(text::reveal::masked(&self.tail));
        field.child(dots).child(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_is_as_long_as_the_secret_and_shows_what_the_list_shows() {
        let mask = Mask::new("ol_****9f3a", &Secret::new("ol_secretsecret9f3a"));
        assert_eq!(mask.dotted, "ol_••••••••••••9f3a");
        assert_eq!(mask.tail, "9f3a");
        assert_eq!(Mask::new("(hidden)", &Secret::new("abcdef")).dotted, "••••••");
    }
}
