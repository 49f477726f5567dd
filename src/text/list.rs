//! The list of keys, its states and its menu.

use crate::key_status::{DAY, HOUR, KeyStatus};

messages! {
    /// The widget's heading.
    title = "API keys";
    /// Under the heading.
    intro = "Keys let your scripts and services act as you. Treat them like passwords.";
    /// Opens the create dialog.
    create = "Create key";
    /// Placeholder and name of the search field.
    search = "Search keys";
    /// Nothing matches the search.
    no_match = "No key matches.";
    /// Column headings.
    column_name = "Name";
    /// The masked key.
    column_key = "Key";
    /// What it may do.
    column_permissions = "Permissions";
    /// The state, as a word and a shape.
    column_status = "Status";
    /// When it was last found valid.
    column_last_used = "Last used";
    /// When it was made.
    column_created = "Created";
    /// When it stops.
    column_expires = "Expires";
    /// Heading of the column of menu buttons, for screen readers.
    column_actions = "Actions";
    /// Nothing yet, or no end.
    never = "Never";
    /// Announced while the list is fetched.
    loading = "Loading API keys";
    /// The empty state's heading.
    empty = "No API keys yet";
    /// What a key is for.
    empty_hint = "Create a key to call the API from a script, a server or a pipeline.";
    /// The empty state for a person who may not create keys.
    empty_read_only = "Nobody has created a key here yet.";
    /// The list could not be fetched.
    failed = "Your keys could not be loaded";
    /// The token ran out.
    session_over = "Your session has ended";
    /// What was kept.
    session_over_hint = "Your keys go on working. Continue to see and change them.";
    /// Gets a new token.
    session_continue = "Continue";
    /// Menu items.
    edit = "Edit…";
    /// Opens the rotate dialog.
    rotate = "Rotate…";
    /// Switches the key on.
    enable = "Enable";
    /// Switches the key off.
    disable = "Disable";
    /// Opens the delete dialog.
    delete = "Delete…";
}

/// The name of a row's menu button.
pub fn actions_for(name: &str) -> String {
    format!("Actions for {name}")
}

/// Read to screen readers once the list is there.
pub fn loaded(count: usize) -> String {
    super::counted(count, "API key", "API keys")
}

/// Read to screen readers after a switch.
pub fn switched(name: &str, enabled: bool) -> String {
    format!("{name} is {}", if enabled { "enabled" } else { "disabled" })
}

/// A key's state in words.
pub fn status(status: KeyStatus) -> String {
    match status {
        KeyStatus::Active => "Active".to_owned(),
        KeyStatus::ExpiresSoon { left } => format!("Expires in {}", duration(left)),
        KeyStatus::Rotating { left } => format!("Rotating, {} left", duration(left)),
        KeyStatus::Disabled => "Disabled".to_owned(),
        KeyStatus::Expired => "Expired".to_owned(),
    }
}

/// What is left, in its largest unit, rounded down: a promise of time must not be too long.
fn duration(left: i64) -> String {
    const MINUTE: i64 = 60_000;
    match left {
        DAY.. => super::counted(whole(left, DAY), "day", "days"),
        HOUR.. => format!("{} h", left / HOUR),
        MINUTE.. => format!("{} min", left / MINUTE),
        _ => "less than a minute".to_owned(),
    }
}

fn whole(left: i64, unit: i64) -> usize {
    usize::try_from(left / unit).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_never_overstated() {
        let soon = |left| status(KeyStatus::ExpiresSoon { left });
        assert_eq!(soon(3 * DAY), "Expires in 3 days");
        assert_eq!(soon(2 * DAY - 1), "Expires in 1 day");
        assert_eq!(soon(DAY - 1), "Expires in 23 h");
        assert_eq!(soon(HOUR - 1), "Expires in 59 min");
        assert_eq!(soon(59_999), "Expires in less than a minute");
        assert_eq!(status(KeyStatus::Rotating { left: 22 * HOUR + 5 }), "Rotating, 22 h left");
    }
}
