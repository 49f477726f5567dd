//! A moment in words, with the exact one behind it.

use leptos::prelude::*;
use oneloop_protocol::UnixMillis;

use crate::format;

/// A `<time>` whose `datetime` is exact and whose title is the moment in full, with its zone.
#[component]
pub fn Moment(
    /// The moment.
    at: UnixMillis,
    /// What is shown of it.
    #[prop(into)]
    shown: Signal<String>,
) -> impl IntoView {
    view! {
        <time datetime=format::iso(at) title=format::full(at)>
            {move || shown.get()}
        </time>
    }
}
