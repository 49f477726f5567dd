//! Deleting a key.

use super::message::messages;

messages! { "delete"
    /// The dialog's heading.
    title = "Delete key";
    /// What follows.
    hint = "Every request with this key is refused from now on. This cannot be undone.";
    /// A gentler way.
    instead = "Not sure? Disable it instead: that can be undone.";
    /// Sends.
    delete = "Delete key";
    /// While it is sent.
    deleting = "Deleting…";
    /// Nothing uses it.
    never_used = "Never used";
    /// The typed name differs.
    mismatch = "That is not the key’s name.";
    /// When it was last used; `moment` is relative (`2 minutes ago`).
    last_used(moment: &str) = "Last used {moment}";
    /// Said when something is likely to break.
    still_in_use(moment: &str) = "Used {moment}. Something still depends on it.";
    /// The label of the field in which the name is typed.
    type_name(name: &str) = "Type {name} to confirm";
    /// Read to screen readers afterwards.
    deleted(name: &str) = "{name} is deleted";
}
