//! A key's state: a shape and a word, so that neither colour nor sight is needed.

use super::icon::Icon;
use crate::dom::{Element, el};
use crate::key_status::KeyStatus;
use crate::text;

fn shape(status: KeyStatus) -> (Icon, &'static str) {
    match status {
        KeyStatus::Active => (Icon::Full, "status status-good"),
        KeyStatus::ExpiresSoon { .. } => (Icon::Half, "status status-warn"),
        KeyStatus::Rotating { .. } => (Icon::Turning, "status status-warn"),
        KeyStatus::Disabled => (Icon::Empty, "status status-off"),
        KeyStatus::Expired => (Icon::Over, "status status-bad"),
    }
}

/// The state of a key.
///
/// # Parts
///
/// `status`.
pub fn status(status: KeyStatus) -> Element {
    let (icon, class) = shape(status);
    let word = el("span").class("status-word").child(text::list::status(status));
    el("span").class(class).part("status").child(icon.view()).child(word)
}
