//! Disabling or deleting several keys.

use super::message::messages;

messages! { "many"
    /// Heading.
    disable_title = "Disable keys";
    /// Heading, and the button that does it.
    delete_title = "Delete keys";
    /// What follows.
    disable_hint = "Requests with these keys are refused until you enable them again.";
    /// What follows.
    delete_hint = "Every request with these keys is refused from now on. This cannot be undone.";
    /// The tick that is needed when something is likely to break.
    in_use(count: usize) =
        "{count, plural, one {# of them was used within a day. Delete it all the same.} other {# of them were used within a day. Delete them all the same.}}";
    /// Read to screen readers afterwards.
    changed(count: usize) = "{count, plural, one {# key changed} other {# keys changed}}";
}
