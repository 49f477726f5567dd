//! A message that something went wrong, where it went wrong.

use super::icon::Icon;
use crate::dom::{Element, el};

/// What went wrong; absent while nothing did.
///
/// # Accessibility
///
/// `role="alert"`: read out when it appears. The element is in place before the text, so that every
/// screen reader notices.
///
/// # Parts
///
/// `notice`.
pub fn notice(message: impl Fn() -> Option<String> + 'static) -> Element {
    el("div").class("notice-place").role("alert").child(move || {
        let shown = |message: String| {
            let words = el("p").child(message);
            el("div").class("notice").part("notice").child(Icon::Warning.view()).child(words)
        };
        message().map(shown)
    })
}
