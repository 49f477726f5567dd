//! A key's state: a shape and a word, so that neither colour nor sight is needed.

use leptos::prelude::*;

use super::icon::Icon;
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
#[component]
pub fn Status(
    /// The state.
    #[prop(into)]
    status: Signal<KeyStatus>,
) -> impl IntoView {
    move || {
        let status = status.get();
        let (icon, class) = shape(status);
        view! {
            <span class=class part="status">
                {icon.view()}
                <span class="status-word">{text::list::status(status)}</span>
            </span>
        }
    }
}
