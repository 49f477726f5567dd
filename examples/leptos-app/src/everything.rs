//! All that the custom element shows.

use leptos::prelude::*;
use oneloop_keys::{Keys, KeysRoot};

use crate::session;

/// The widget as it comes. What happened last is said under it, outside of the widget.
#[component]
pub(crate) fn Everything() -> impl IntoView {
    let (heard, hear) = signal(String::new());
    let options = session::options()
        .expiry_presets([30, 90])
        .on_event(move |name, id| hear.set(format!("{name} {}", id.unwrap_or_default())));
    view! {
        <h1>"Settings"</h1>
        <KeysRoot options>
            <Keys/>
        </KeysRoot>
        <p aria-label="Last event">{heard}</p>
    }
}
