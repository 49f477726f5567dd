//! A message that something went wrong, where it went wrong.

use leptos::prelude::*;

use super::icon::Icon;

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
#[component]
pub fn Notice(
    /// The message.
    #[prop(into)]
    message: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <div class="notice-place" role="alert">
            {move || {
                message
                    .get()
                    .map(|message| {
                        view! {
                            <div class="notice" part="notice">
                                {Icon::Warning.view()}
                                <p>{message}</p>
                            </div>
                        }
                    })
            }}
        </div>
    }
}
