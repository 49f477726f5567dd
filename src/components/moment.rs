//! A moment in words, with the exact one behind it.

use oneloop_protocol::UnixMillis;

use crate::dom::{Child, Element, el};
use crate::format;

/// A `<time>` whose `datetime` is exact and whose title is the moment in full, with its zone. `shown` is what
/// is shown of it.
pub fn moment(at: UnixMillis, shown: impl Child) -> Element {
    el("time").attr("datetime", format::iso(at)).attr("title", format::full(at)).child(shown)
}
