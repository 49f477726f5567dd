//! What stands where the list would be: rows to come, nothing yet, or an error.

use leptos::prelude::*;

use super::icon::Icon;
use crate::text;

/// A picture, a heading, a sentence, and what to do.
///
/// # Accessibility
///
/// With `alert`, read out when it appears.
///
/// # Parts
///
/// `placeholder`.
#[component]
pub fn Placeholder(
    /// The picture.
    icon: Icon,
    /// The heading.
    #[prop(into)]
    title: String,
    /// The sentence.
    #[prop(into)]
    hint: String,
    /// Whether it interrupts. Defaults to `false`.
    #[prop(optional)]
    alert: bool,
    /// What to do.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="placeholder" part="placeholder">
            <span class="placeholder-icon" aria-hidden=true>{icon.view()}</span>
            <div role=alert.then_some("alert")>
                <h3 class="placeholder-title">{title}</h3>
                <p class="placeholder-hint">{hint}</p>
            </div>
            {children()}
        </div>
    }
}

/// Rows to come, of the size of rows, so that nothing jumps when they are there.
///
/// # Parts
///
/// `skeleton`.
#[component]
pub fn Waiting() -> impl IntoView {
    let bar =
        |width: &'static str| view! { <span class=format!("bar {width}") aria-hidden=true></span> };
    let row = |widths: [&'static str; 4]| {
        view! { <div class="skeleton-row">{widths.map(bar).collect_view()}</div> }
    };
    view! {
        <div class="skeleton" part="skeleton" role="status">
            <span class="hidden">{text::list::loading()}</span>
            {row(["w3", "w4", "w5", "w2"])}
            {row(["w2", "w4", "w4", "w2"])}
            {row(["w4", "w4", "w3", "w2"])}
        </div>
    }
}
