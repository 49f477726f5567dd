//! The list of keys, its states and its menu.

use super::message::messages;
use crate::key_status::{DAY, HOUR, KeyStatus};

messages! { "list"
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
    /// There are expired keys, and no other.
    none_current = "No current keys.";
    /// The filter's first choice: all but expired keys.
    shown_current = "Current keys";
    /// The filter's choice of keys that end within a week.
    shown_expiring = "Expire soon";
    /// The filter's choice of keys whose old secret still works.
    shown_rotating = "Rotating";
    /// The filter's choice of keys that hardly anybody needs.
    shown_unused = "Unused for 90 days";
    /// The filter by scope, not used.
    any_scope = "Any permission";
    /// Name of the choice of an order.
    sort = "Sort";
    /// An order.
    newest = "Newest first";
    /// An order.
    oldest = "Oldest first";
    /// An order.
    by_name = "By name";
    /// An order: the last used one first.
    by_use = "By last use";
    /// An order: the next to end first.
    by_expiry = "By expiry";
    /// The way to the keys that are kept apart.
    expired_apart(count: usize) = "{count, plural, one {# expired key} other {# expired keys}}";
    /// Above the list.
    expiring_soon(count: usize) =
        "{count, plural, one {# key expires within 7 days.} other {# keys expire within 7 days.}}";
    /// Shows them.
    review = "Review";
    /// A moment that cannot be read.
    unknown = "Unknown";
    /// The page asked for a key that is not there.
    unknown_id(id: &str) = "There is no key {id} here.";
    /// Menu item: a new key with the settings of this one.
    create_again = "Create again…";
    /// Name of the box that picks a key.
    pick(name: &str) = "Select {name}";
    /// Name of the box that picks them all.
    pick_all = "Select all";
    /// How many are picked.
    picked(count: usize) = "{count, plural, other {# selected}}";
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
    /// The name of a row's menu button.
    actions_for(name: &str) = "Actions for {name}";
    /// Read to screen readers once the list is there.
    loaded(count: usize) = "{count, plural, one {# API key} other {# API keys}}";
    /// Read to screen readers after a switch.
    enabled(name: &str) = "{name} is enabled";
    /// Read to screen readers after a switch.
    disabled(name: &str) = "{name} is disabled";
    /// What went wrong with one key, above the list.
    about(name: &str, problem: &str) = "{name}: {problem}";
    /// The states of a key.
    status_active = "Active";
    /// Switched off.
    status_disabled = "Disabled";
    /// Its time is over.
    status_expired = "Expired";
    /// Ends soon, in whole days.
    expires_in_days(count: usize) = "{count, plural, one {Expires in # day} other {Expires in # days}}";
    /// Ends soon, in whole hours.
    expires_in_hours(count: usize) = "{count, plural, other {Expires in # h}}";
    /// Ends soon, in whole minutes.
    expires_in_minutes(count: usize) = "{count, plural, other {Expires in # min}}";
    /// Ends now.
    expires_at_once = "Expires in less than a minute";
    /// The secret before the rotation still works, for whole days.
    rotating_days(count: usize) = "{count, plural, one {Rotating, # day left} other {Rotating, # days left}}";
    /// The secret before the rotation still works, for whole hours.
    rotating_hours(count: usize) = "{count, plural, other {Rotating, # h left}}";
    /// The secret before the rotation still works, for whole minutes.
    rotating_minutes(count: usize) = "{count, plural, other {Rotating, # min left}}";
    /// The secret before the rotation ends now.
    rotating_at_once = "Rotating, less than a minute left";
}

/// The labels of [`crate::listing::SHOWN`].
pub const SHOWN: [fn() -> &'static str; 7] = [
    shown_current,
    shown_expiring,
    shown_rotating,
    status_disabled,
    super::delete::never_used,
    shown_unused,
    status_expired,
];

/// The labels of the first of [`crate::listing::ORDERS`].
pub const ORDERS: [fn() -> &'static str; 5] = [newest, oldest, by_name, by_use, by_expiry];

/// Read to screen readers after a switch.
pub fn switched(name: &str, is_enabled: bool) -> String {
    if is_enabled { enabled(name) } else { disabled(name) }
}

/// A key's state in words.
pub fn status(status: KeyStatus) -> String {
    match status {
        KeyStatus::Active => status_active().to_owned(),
        KeyStatus::Disabled => status_disabled().to_owned(),
        KeyStatus::Expired => status_expired().to_owned(),
        KeyStatus::ExpiresSoon { left } => match whole(left) {
            Left::Days(count) => expires_in_days(count),
            Left::Hours(count) => expires_in_hours(count),
            Left::Minutes(count) => expires_in_minutes(count),
            Left::Moments => expires_at_once().to_owned(),
        },
        KeyStatus::Rotating { left } => match whole(left) {
            Left::Days(count) => rotating_days(count),
            Left::Hours(count) => rotating_hours(count),
            Left::Minutes(count) => rotating_minutes(count),
            Left::Moments => rotating_at_once().to_owned(),
        },
    }
}

/// A time in its largest unit.
enum Left {
    Days(usize),
    Hours(usize),
    Minutes(usize),
    Moments,
}

/// What is left in its largest unit, rounded down: a promise of time must not be too long.
fn whole(left: i64) -> Left {
    const MINUTE: i64 = 60_000;
    let count = |unit: i64| usize::try_from(left / unit).unwrap_or_default();
    match left {
        DAY.. => Left::Days(count(DAY)),
        HOUR.. => Left::Hours(count(HOUR)),
        MINUTE.. => Left::Minutes(count(MINUTE)),
        _ => Left::Moments,
    }
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
