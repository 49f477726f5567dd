//! The one moment a secret is shown.

use super::message::messages;

messages! { "reveal"
    /// Heading after create.
    created_title = "Your new key";
    /// Heading after rotate.
    rotated_title = "The new secret";
    /// What matters about it.
    once = "This is the only time it is shown. Store it now.";
    /// Names the field for screen readers.
    secret = "Secret";
    /// Said in place of the dots.
    hidden = "Hidden";
    /// Unmasks.
    show = "Show";
    /// Masks.
    hide = "Hide";
    /// Copies.
    copy = "Copy key";
    /// Said when it is true.
    copied = "Copied";
    /// The clipboard was refused or is missing; the field is selected.
    copy_failed = "The browser did not allow copying. The key is selected: press Ctrl+C, or ⌘C on a Mac.";
    /// Saves a file.
    download = "Download .env";
    /// Legend of the choice between snippets.
    use_from = "Use it from";
    /// Copies a snippet.
    copy_lines = "Copy lines";
    /// The clipboard was refused for a snippet, which can be selected by hand.
    copy_lines_failed = "The browser did not allow copying. Select the lines and press Ctrl+C, or ⌘C on a Mac.";
    /// The tick that allows leaving.
    stored = "I have stored it";
    /// Leaves.
    done = "Done";
    /// Asked when leaving too early.
    discard_title = "Discard the only copy?";
    /// What follows.
    discard_hint = "The key goes on working, but nobody can see its secret again. You would have to rotate it.";
    /// Stays.
    keep = "Keep it open";
    /// Leaves all the same.
    discard = "Discard";
    /// Names the secret for screen readers, without a character of it.
    masked(tail: &str) = "Hidden, ends in {tail}";
    /// After a rotation with an overlap. `moment` is when the old secret ends, in words.
    old_works_until(moment: &str) = "The old secret works until {moment}.";
    /// After a rotation without.
    old_is_over = "The old secret no longer works.";
}

/// What became of the secret before. `moment` is when it ends, in words.
pub fn old_secret(moment: Option<&str>) -> String {
    match moment {
        Some(moment) => old_works_until(moment),
        None => old_is_over().to_owned(),
    }
}
