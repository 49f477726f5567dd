//! What is known of one key.

use super::message::messages;

messages! { "details"
    /// Heading.
    title = "Key details";
    /// Heading of the chart.
    usage = "Last 30 days";
    /// How often the key was asked about.
    requests(count: usize) = "{count, plural, =0 {No requests} one {# request} other {# requests}}";
    /// The busiest of these days; `day` is a date.
    busiest(day: &str, count: usize) = "Most on {day}: {count}";
    /// Heading of what happened.
    activity = "Activity";
    /// What happened: it came from another service.
    migrated = "Brought over";
    /// Name, permissions or expiry.
    updated = "Changed";
    /// Switched on.
    enabled = "Enabled";
    /// A new secret.
    rotated = "Rotated";
    /// The secret before the rotation was ended.
    ended = "Old secret ended";
    /// The end.
    deleted = "Deleted";
    /// Who: a program of the company that offers the API.
    by_server = "by the service";
    /// Who: somebody in a page like this one.
    by_person = "by a person";
    /// Who: those who run the key service.
    by_operator = "by an operator";
}

/// What happened, in words; the server's own where there are none.
pub fn happened(action: &str, is_enabled: Option<bool>) -> String {
    let words = match (action, is_enabled) {
        ("api_key.created", _) => super::list::column_created(),
        ("api_key.migrated", _) => migrated(),
        ("api_key.updated", Some(true)) => enabled(),
        ("api_key.updated", Some(false)) => super::list::status_disabled(),
        ("api_key.updated", None) => updated(),
        ("api_key.rotated", _) => rotated(),
        ("api_key.overlap_ended", _) => ended(),
        ("api_key.deleted", _) => deleted(),
        (other, _) => return other.to_owned(),
    };
    words.to_owned()
}

/// Who did it; nothing where nobody knows.
pub fn by(actor: &str) -> &'static str {
    match actor {
        "sdk_key" => by_server(),
        "link_token" => by_person(),
        "operator" => by_operator(),
        _ => "",
    }
}
