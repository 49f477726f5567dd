//! Deleting a key.

messages! {
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
}

/// When it was last used; `moment` is relative (`2 minutes ago`).
pub fn last_used(moment: &str) -> String {
    format!("Last used {moment}")
}

/// Said when something is likely to break.
pub fn still_in_use(moment: &str) -> String {
    format!("Used {moment}. Something still depends on it.")
}

/// The label of the field in which the name is typed.
pub fn type_name(name: &str) -> String {
    format!("Type {name} to confirm")
}

/// Read to screen readers afterwards.
pub fn deleted(name: &str) -> String {
    format!("{name} is deleted")
}
