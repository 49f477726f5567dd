//! Permissions in words.

use oneloop_protocol::Access;

use super::catalogue::and_list;
use super::message::messages;
use crate::scope_level::{BITS, ScopeLevel};

/// A scope by the name a person knows it by, and what is granted of it.
pub type Named = (String, Access);

messages! { "grants"
    /// What a key may do with a scope, inside a sentence.
    create = "create";
    /// The same, for reading.
    read = "read";
    /// The same, for changing.
    update = "update";
    /// The same, for deleting.
    delete = "delete";
    /// All four of them, inside a sentence.
    read_and_write = "read and write";
    /// All four of them, after a scope's name.
    write = "write";
    /// The label of a bit's checkbox.
    label_create = "Create";
    /// The label of a bit's checkbox, and of the level that is this bit alone.
    label_read = "Read";
    /// The label of a bit's checkbox.
    label_update = "Update";
    /// The label of a bit's checkbox.
    label_delete = "Delete";
    /// The label of the level without any bit.
    level_none = "None";
    /// The label of the level with every bit.
    level_write = "Write";
    /// The label of the level whose bits are picked one by one.
    level_custom = "Custom";
    /// A key that may do nothing.
    nothing = "None";
    /// A key that may do everything.
    everything = "Everything";
    /// A scope and what is granted of it: `Deployments: write`.
    one(scope: &str, access: &str) = "{scope}: {access}";
    /// The first of several, in the width of a table cell.
    first(scope: &str, access: &str, more: usize) = "{scope}: {access}, +{more}";
    /// Stands in the sentence for a name that is not typed yet.
    this_key = "This key";
    /// The sentence while nothing is granted.
    may_nothing(name: &str) = "{name} may do nothing yet: no permission is chosen.";
    /// The sentence. `what` is a list of phrases, `date` a date in words.
    may_until(name: &str, what: &str, date: &str) = "{name} may {what}, until {date}.";
    /// The sentence for a key that never expires.
    may_for_ever(name: &str, what: &str) = "{name} may {what}, with no end date.";
    /// A phrase of the sentence: `read and write Deployments`.
    phrase(verbs: &str, scopes: &str) = "{verbs} {scopes}";
    /// Phrases of the sentence one after the other.
    and_phrase(phrases: &str, phrase: &str) = "{phrases}, and {phrase}";
    /// Many scopes: the first two, and how many there are besides.
    scopes_and_more(first: &str, second: &str, count: usize) =
        "{count, plural, other {{first}, {second} and # more}}";
}

/// The word for one bit.
pub fn bit(access: Access) -> &'static str {
    match access {
        Access::CREATE => create(),
        Access::READ => read(),
        Access::UPDATE => update(),
        _ => delete(),
    }
}

/// The label of one bit's checkbox.
pub fn bit_label(access: Access) -> &'static str {
    match access {
        Access::CREATE => label_create(),
        Access::READ => label_read(),
        Access::UPDATE => label_update(),
        _ => label_delete(),
    }
}

/// The label of a level in the scope picker.
pub fn level(level: ScopeLevel) -> &'static str {
    match level {
        ScopeLevel::None => level_none(),
        ScopeLevel::Read => label_read(),
        ScopeLevel::Write => level_write(),
        ScopeLevel::Custom => level_custom(),
    }
}

/// What is granted of one scope: `read`, `write`, or the bits.
pub fn words(access: Access) -> String {
    match ScopeLevel::of(access) {
        ScopeLevel::Write => write().to_owned(),
        _ => bits(access).join(", "),
    }
}

fn bits(access: Access) -> Vec<String> {
    let held = BITS.into_iter().filter(|single| access.covers(*single));
    held.map(|single| bit(single).to_owned()).collect()
}

/// A key's permissions in the width of a table cell: `Deployments: write, +2`.
///
/// `offered` is how many scopes the workspace has: a key that may write all of them may do everything.
pub fn short(grants: &[Named], offered: usize) -> String {
    let held: Vec<&Named> = grants.iter().filter(|(_, access)| *access != Access::NONE).collect();
    let all = held.len() == offered && held.iter().all(|(_, access)| *access == Access::ALL);
    match held.as_slice() {
        [] => nothing().to_owned(),
        _ if all && offered > 1 => everything().to_owned(),
        [(name, access)] => one(name, &words(*access)),
        [(name, access), rest @ ..] => first(name, &words(*access), rest.len()),
    }
}

/// A key's permissions in full, one scope after the other.
pub fn full(grants: &[Named]) -> String {
    let held = grants.iter().filter(|(_, access)| *access != Access::NONE);
    let parts: Vec<String> = held.map(|(name, access)| one(name, &words(*access))).collect();
    if parts.is_empty() { nothing().to_owned() } else { parts.join("; ") }
}

/// The sentence above the Create button: what the key will be allowed, and until when.
///
/// `until` is a date in words; `None` is a key that never expires. Scopes with the same bits share a verb:
/// *"ci-deploy may read and write Deployments, and read Billing and Metrics, until 21 February 2027."*
pub fn summary(name: &str, grants: &[Named], until: Option<&str>) -> String {
    let name = if name.trim().is_empty() { this_key() } else { name.trim() };
    let mut groups: Vec<(Access, Vec<String>)> = Vec::new();
    for (scope, access) in grants.iter().filter(|(_, access)| *access != Access::NONE) {
        match groups.iter_mut().find(|(held, _)| held == access) {
            Some((_, scopes)) => scopes.push(scope.clone()),
            None => groups.push((*access, vec![scope.clone()])),
        }
    }
    let phrases =
        groups.iter().map(|(access, scopes)| phrase(&verbs(*access), &scope_list(scopes)));
    let Some(what) = phrases.reduce(|before, next| and_phrase(&before, &next)) else {
        return may_nothing(name);
    };
    match until {
        Some(date) => may_until(name, &what, date),
        None => may_for_ever(name, &what),
    }
}

fn verbs(access: Access) -> String {
    match access {
        Access::ALL => read_and_write().to_owned(),
        other => and_list(&bits(other)),
    }
}

/// At most three names, so that the sentence stays one.
fn scope_list(scopes: &[String]) -> String {
    match scopes {
        [first, second, rest @ ..] if rest.len() > 1 => scopes_and_more(first, second, rest.len()),
        few => and_list(few),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(grants: &[(&str, Access)]) -> Vec<Named> {
        grants.iter().map(|(name, access)| ((*name).to_owned(), *access)).collect()
    }

    #[test]
    fn a_cell_names_the_first_and_counts_the_rest() {
        let grants = named(&[
            ("Billing", Access::NONE),
            ("Deployments", Access::ALL),
            ("Metrics", Access::READ),
            ("Members", Access::CREATE.union(Access::READ)),
        ]);
        assert_eq!(short(&grants, 5), "Deployments: write, +2");
        assert_eq!(full(&grants), "Deployments: write; Metrics: read; Members: create, read");
        assert_eq!(short(&named(&[("Metrics", Access::READ)]), 5), "Metrics: read");
        assert_eq!(short(&[], 5), "None");
    }

    #[test]
    fn everything_is_every_bit_of_every_scope() {
        let all = named(&[("A", Access::ALL), ("B", Access::ALL)]);
        assert_eq!(short(&all, 2), "Everything");
        assert_eq!(short(&all, 3), "A: write, +1");
        assert_eq!(short(&named(&[("A", Access::ALL), ("B", Access::READ)]), 2), "A: write, +1");
    }

    #[test]
    fn the_summary_says_what_and_until_when() {
        let both = Access::CREATE.union(Access::READ);
        assert_eq!(
            summary("ci-deploy", &named(&[("Deployments", both)]), Some("21 February 2027")),
            "ci-deploy may create and read Deployments, until 21 February 2027."
        );
        let grants = named(&[
            ("Metrics", Access::READ),
            ("Deployments", Access::ALL),
            ("Billing", Access::READ),
            ("Members", Access::NONE),
        ]);
        assert_eq!(
            summary("", &grants, None),
            "This key may read Metrics and Billing, and read and write Deployments, with no end date."
        );
        assert_eq!(summary("x", &[], None), "x may do nothing yet: no permission is chosen.");
    }

    #[test]
    fn a_long_summary_counts_instead_of_listing() {
        let names = ["A", "B", "C", "D", "E"];
        let grants = named(&names.map(|name| (name, Access::READ)));
        assert_eq!(summary("x", &grants, None), "x may read A, B and 3 more, with no end date.");
        assert_eq!(summary("x", &grants[..3], None), "x may read A, B and C, with no end date.");
    }
}
