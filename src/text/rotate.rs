//! Rotation: a new secret for the same key.

use super::message::messages;
use crate::overlap::Overlap;

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
    /// A number of hours of one's own.
    custom = "Custom…";
    /// Label of the field for it.
    hours = "Hours";
    /// That number is none, or too large.
    hours_wrong(most: usize) = "{most, plural, one {One hour at most, as a whole number.} other {From 1 to # hours, as a whole number.}}";
    /// Before the way out of an emergency.
    leaked = "Has the secret leaked?";
    /// That way out.
    delete_instead = "Delete the key now";
    /// The secret before the last rotation.
    old = "Old secret";
    /// It was not used since.
    unused = "Not used since the rotation";
    /// Menu item: opens the question whether it is to stop now.
    end_menu = "End the old secret…";
    /// It stops working now.
    end = "End the old secret now";
    /// Rotating once more ends the secret before the last rotation. `mask` is what may be shown of it.
    ends_older(mask: &str) = "{mask}, from before the last rotation, stops working at once.";
    /// Read to screen readers afterwards.
    ended(name: &str) = "The old secret of {name} no longer works";
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

/// The label of a choice.
pub fn overlap(choice: Overlap) -> String {
    match choice {
        Overlap::Seconds(0) => now().to_owned(),
        // A day is 24 hours here: what is about to break is counted finely.
        Overlap::Seconds(seconds @ ..=86_400) => in_hours((seconds / 3_600) as usize),
        Overlap::Seconds(seconds) => in_days((seconds / 86_400) as usize),
        Overlap::Custom => custom().to_owned(),
    }
}

/// What the choice means. `moment` is the end of the overlap in words; `None` is at once.
pub fn consequence(moment: Option<&str>) -> String {
    match moment {
        Some(moment) => both_work(moment),
        None => refused_now().to_owned(),
    }
}
