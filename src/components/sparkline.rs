//! The use of a key, day by day, as a small picture and in words.

use oneloop_protocol::UnixMillis;

use crate::dom::{Element, el, svg};
use crate::evidence::{Day, bars, since};
use crate::{format, text};

/// Thirty bars, one a day, and what they amount to. Days before `begin` are left empty: there was nothing to count, or
/// nobody who did. Where nothing was counted although the key was used (`is_used`), its use is not known.
///
/// # Accessibility
///
/// The words beside it say what the picture shows: how often in all, and how often on the busiest day.
///
/// # Parts
///
/// `usage`.
pub fn sparkline(days: &[Day], begin: &str, is_used: bool) -> Element {
    let known = since(days, begin);
    let skip = days.len() - known.len();
    let total: usize = known.iter().map(|day| day.total).sum();
    if total == 0 && is_used {
        return el("p").class("hint").child(text::list::unknown());
    }
    let busiest = known.iter().max_by_key(|day| day.total).filter(|day| day.total > 0);
    let busiest = busiest.map(|day| {
        let words = text::details::busiest(&format::day(&day.day), day.total);
        el("span").class("hint").child(words)
    });
    let width = (8 * days.len()).to_string();
    let ground = ["M", &(8 * skip).to_string(), " 40H", &width].concat();
    let picture = svg("svg")
        .class("bars")
        .attr("viewBox", ["0 0 ", &width, " 41"].concat())
        .attr("preserveAspectRatio", "none")
        .attr("aria-hidden", "true")
        .child(svg("path").class("bars-ground").attr("d", ground))
        .child(svg("path").attr("d", bars(known, skip)));
    let words = el("p")
        .class("usage-total")
        .child(el("span").child(text::details::requests(total)))
        .child(busiest);
    el("div").class("chart").part("usage").child(picture).child(words)
}

/// When a moment is, and how long from now: what a fact of a key says.
pub fn exactly(at: UnixMillis, now: UnixMillis) -> Element {
    beside(at, format::relative(at, now))
}

/// The same of a moment that is over, whatever the clock here says.
pub fn exactly_past(at: UnixMillis, now: UnixMillis) -> Element {
    beside(at, format::ago(at, now))
}

fn beside(at: UnixMillis, distance: String) -> Element {
    let distance = el("span").class("hint").child(distance);
    el("span").class("exactly").child(super::moment::moment(at, format::full(at))).child(distance)
}
