//! Creating and editing a key.

use crate::expiry::{Expiry, ExpiryChoice};

use super::message::messages;

messages! { "form"
    /// The create dialog's heading.
    create_title = "Create API key";
    /// The edit dialog's heading.
    edit_title = "Edit key";
    /// What editing leaves alone.
    edit_hint = "The secret stays the same. Changes count from the next request.";
    /// Sends the create form.
    create = "Create key";
    /// While it is sent.
    creating = "Creating…";
    /// Sends the edit form.
    save = "Save changes";
    /// While it is sent.
    saving = "Saving…";
    /// Label of the name field.
    name = "Name";
    /// An example of a good name.
    name_placeholder = "ci-deploy";
    /// The name field is empty.
    name_missing = "Give the key a name, so that you know later what it is for.";
    /// The name is too long.
    name_too_long = "A name may have 255 characters at most.";
    /// The name contains tabs or line breaks.
    name_control = "A name may not contain line breaks or tabs.";
    /// Legend of the scope matrix.
    permissions = "Permissions";
    /// Gives read to every scope.
    read_everything = "Read everything";
    /// Takes everything away.
    clear = "Clear";
    /// Placeholder and name of the scope filter.
    find_scope = "Find a permission";
    /// The filter matches nothing.
    no_scope = "No permission matches.";
    /// The workspace has no scopes.
    no_scopes = "This workspace defines no permissions.";
    /// Describes a scope that stands on the key but not in the catalogue any more.
    scope_gone = "No longer offered";
    /// Legend of the expiry choice.
    expires = "Expires";
    /// Label of the date field.
    date = "Expiry date";
    /// The preset of a year.
    one_year = "1 year";
    /// A date of one's own.
    on_date = "Date…";
    /// No end.
    never = "Never";
    /// The end that was picked; `moment` in words, with its zone.
    works_until(moment: &str) = "Works until {moment}.";
    /// No end was picked.
    works_for_ever = "Works until you disable or delete it.";
    /// A date was asked for and is not there yet.
    pick_date = "Pick the last day on which the key should work.";
    /// The date lies in the past.
    past_date = "That time is over. Pick a later one.";
    /// The page wants keys to live longer.
    too_soon(moment: &str) = "Too soon: a key has to work at least until {moment}.";
    /// The page wants keys to end sooner.
    too_late(moment: &str) = "Too late: a key may work until {moment} at most.";
    /// Label of the time field.
    time = "Time";
    /// A scope of which the person may grant nothing.
    may_not_grant = "You may not grant this permission.";
    /// A scope of which the person may grant a part.
    may_grant_only(access: &str) = "You may grant: {access}";
    /// The name of a scope's radio group.
    access_to(scope: &str) = "Access to {scope}";
    /// How many scopes the filter left.
    scopes_shown(shown: usize, all: usize) = "{shown} of {all} shown";
    /// Read to screen readers after an edit.
    saved(name: &str) = "{name} is saved";
}

/// The label of an expiry choice.
pub fn choice(choice: ExpiryChoice) -> String {
    match choice {
        ExpiryChoice::Days(365) => one_year().to_owned(),
        ExpiryChoice::Days(days) => super::days(days.into()),
        ExpiryChoice::OnDate => on_date().to_owned(),
        ExpiryChoice::Never => never().to_owned(),
    }
}

/// The line under the expiry choice. `moment` is what it is about in words, with its zone.
pub fn expiry(expiry: Expiry, moment: &str) -> String {
    match expiry {
        Expiry::At(_) => works_until(moment),
        Expiry::Never => works_for_ever().to_owned(),
        Expiry::NoDate => pick_date().to_owned(),
        Expiry::Past => past_date().to_owned(),
        Expiry::TooSoon(_) => too_soon(moment),
        Expiry::TooLate(_) => too_late(moment),
    }
}
