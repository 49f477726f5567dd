//! What stands where the list would be: rows to come, nothing yet, or an error.

use super::icon::Icon;
use crate::dom::{Child, Element, el};
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
pub fn placeholder(
    icon: Icon,
    title: impl Child,
    hint: impl Child,
    alert: bool,
    deed: impl Child,
) -> Element {
    let words = el("div")
        .role(alert.then_some("alert"))
        .child(el("h3").class("placeholder-title").child(title))
        .child(el("p").class("placeholder-hint").child(hint));
    let picture = el("span").class("placeholder-icon").attr("aria-hidden", "true");
    el("div")
        .class("placeholder")
        .part("placeholder")
        .child(picture.child(icon.view()))
        .child(words)
        .child(deed)
}

/// Rows to come, of the size of rows, so that nothing jumps when they are there.
///
/// # Parts
///
/// `skeleton`.
pub fn waiting() -> Element {
    let bar = |class: &'static str| el("span").class(class).attr("aria-hidden", "true");
    let row = |bars: [&'static str; 4]| el("div").class("skeleton-row").children(bars.map(bar));
    el("div")
        .class("skeleton")
        .part("skeleton")
        .role("status")
        .child(el("span").class("hidden").child(text::list::loading()))
        .child(row(["bar w3", "bar w4", "bar w5", "bar w2"]))
        .child(row(["bar w2", "bar w4", "bar w4", "bar w2"]))
        .child(row(["bar w4", "bar w4", "bar w3", "bar w2"]))
}
