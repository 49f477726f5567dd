//! Rotation: a new secret for the same key.

use super::message::messages;

messages! { "rotate"
    /// The dialog's heading.
    title = "Rotate key";
    /// What it does.
    hint = "You get a new secret. Name, permissions and expiry stay as they are.";
    /// Legend of the choice.
    old_secret = "The old secret stops working";
    /// Sends.
    rotate = "Rotate key";
    /// While it is sent.
    rotating = "Rotating…";
    /// The old secret stops at once.
    now = "Now";
    /// The old secret stops in so many hours.
    in_hours(count: usize) = "{count, plural, one {In # hour} other {In # hours}}";
    /// The old secret stops in so many days.
    in_days(count: usize) = "{count, plural, one {In # day} other {In # days}}";
    /// What an overlap means. `moment` is its end in words.
    both_work(moment: &str) = "Both secrets work until {moment}. Then the old one is refused.";
    /// What no overlap means.
    refused_now = "The old secret is refused from now on. Whatever still uses it fails.";
}

/// Seconds of overlap that are offered.
pub const OVERLAPS: [u64; 4] = [0, 3_600, 86_400, 604_800];

/// The place of the one selected at first: a day is enough to roll a secret out, and short enough to end
/// by itself.
pub const OVERLAP_DEFAULT: usize = 2;

/// The label of a choice.
pub fn overlap(seconds: u64) -> String {
    match seconds {
        0 => now().to_owned(),
        // A day is 24 hours here: what is about to break is counted finely.
        1..=86_400 => in_hours((seconds / 3_600) as usize),
        _ => in_days((seconds / 86_400) as usize),
    }
}

/// What the choice means. `moment` is the end of the overlap in words; `None` is at once.
pub fn consequence(moment: Option<&str>) -> String {
    match moment {
        Some(moment) => both_work(moment),
        None => refused_now().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_within_the_limit_and_one_is_selected() {
        let limit = oneloop_protocol::limits::OVERLAP_SECONDS_MAX;
        assert!(OVERLAPS.iter().all(|seconds| *seconds <= limit));
        assert_eq!(OVERLAPS.get(OVERLAP_DEFAULT), Some(&86_400));
        let labels = OVERLAPS.map(overlap);
        assert_eq!(labels, ["Now", "In 1 hour", "In 24 hours", "In 7 days"]);
    }
}
