//! What went wrong, what became of it, and what to do: one or two sentences a person can act on.

use oneloop_protocol::Reason;

use super::message::messages;
use crate::problem::{Problem, Refusal};

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Fetch the list.
    Load,
    /// Create a key.
    Create,
    /// Change name or scopes.
    Edit,
    /// Switch on or off.
    Switch,
    /// Rotate.
    Rotate,
    /// Delete.
    Delete,
    /// Change or delete several.
    Many,
}

messages! { "problem"
    /// What went wrong, and what became of the attempt.
    both(cause: &str, outcome: &str) = "{cause} {outcome}";
    /// Create failed for certain.
    nothing_created = "Nothing was created.";
    /// Create may have worked.
    may_exist = "The key may exist all the same. Try again: the same form never creates a second key.";
    /// Edit or switch failed for certain.
    nothing_changed = "Nothing was changed.";
    /// Edit or switch may have worked.
    may_have_changed = "The change may have been made all the same.";
    /// Rotate failed for certain.
    old_works = "The old secret goes on working.";
    /// Rotate may have worked.
    may_be_replaced = "The secret may have been replaced all the same. Try again: it is replaced only once.";
    /// Delete failed for certain.
    still_exists = "The key still exists.";
    /// Delete may have worked.
    may_be_gone = "The key may be gone all the same.";
    /// Some of several keys failed.
    not_all = "What is done stays done. Try again for the rest.";
    /// The browser has no network.
    offline = "You are offline.";
    /// No connection, or an answer the browser may not read.
    unreachable = "The key service could not be reached.";
    /// No answer in time.
    timeout = "The key service did not answer in time.";
    /// The token was refused, and so was its successor.
    session_expired = "Your session has ended. Try again to start a new one.";
    /// The page's `getToken` failed.
    no_token = "This page could not start a session with the key service.";
    /// The token is for another workspace than the page says.
    other_workspace_asked = "This session belongs to another workspace than this page asks for.";
    /// An answer against the protocol.
    malformed = "The key service gave an answer that cannot be read.";
    /// The token may not do this.
    not_allowed = "You are not allowed to do this.";
    /// The token is somebody else's.
    somebody_else = "This session belongs to somebody else’s keys.";
    /// The token may not set this field.
    field_not_allowed = "You are not allowed to set one of these fields.";
    /// The token is bound to other pages.
    origin_not_allowed = "The key service does not accept this session from this site.";
    /// The key is not known.
    unknown_key = "This key does not exist any more.";
    /// The key was deleted by somebody else.
    key_deleted = "This key was deleted in the meantime.";
    /// A scope is not known.
    unknown_scope = "One of these permissions is no longer offered. Reload to see the current ones.";
    /// The expiry lies in the past.
    expiry_past = "The expiry lies in the past.";
    /// The page wants every key to end.
    expiry_required = "A key has to expire here. Pick a date.";
    /// The page wants keys to live longer.
    expiry_too_soon = "The expiry is too soon for this site.";
    /// The page wants keys to end sooner.
    expiry_too_late = "The expiry is too late for this site.";
    /// The page does not let this person grant that much.
    scope_not_grantable = "You may not grant one of these permissions.";
    /// 429 with `Retry-After`.
    wait(seconds: usize) =
        "{seconds, plural, one {Too many requests. Wait # second.} other {Too many requests. Wait # seconds.}}";
    /// 429 without.
    wait_a_moment = "Too many requests. Wait a moment.";
    /// 404 of something that is not a key service.
    unknown_address = "The key service does not know this address. Check base-url.";
    /// 413.
    too_large = "That is more than the key service accepts.";
    /// 502 to 504.
    unavailable = "The key service is not available right now.";
    /// Any other 5xx.
    failed = "The key service failed.";
    /// A refusal without a word.
    refused_status(status: &str) = "The key service refused this (status {status}).";
    /// A refusal in the server's own words.
    refused_because(message: &str) = "The key service refused this: {message}.";
}

/// The whole message: the cause, and then what became of the attempt.
pub fn message(attempt: Attempt, problem: &Problem) -> String {
    let cause = cause(problem);
    match outcome(attempt, problem) {
        // "The key still exists" is not true of one that is gone.
        _ if problem.is_gone() => cause,
        "" => cause,
        outcome => both(&cause, outcome),
    }
}

/// What became of the attempt; says so honestly when nobody knows.
fn outcome(attempt: Attempt, problem: &Problem) -> &'static str {
    match (attempt, problem.outcome_is_unknown()) {
        (Attempt::Load, _) => "",
        (Attempt::Create, false) => nothing_created(),
        (Attempt::Create, true) => may_exist(),
        (Attempt::Edit | Attempt::Switch, false) => nothing_changed(),
        (Attempt::Edit | Attempt::Switch, true) => may_have_changed(),
        (Attempt::Rotate, false) => old_works(),
        (Attempt::Rotate, true) => may_be_replaced(),
        (Attempt::Delete, false) => still_exists(),
        (Attempt::Delete, true) => may_be_gone(),
        (Attempt::Many, _) => not_all(),
    }
}

fn cause(problem: &Problem) -> String {
    let fixed = match problem {
        Problem::Aborted => "",
        Problem::Offline => offline(),
        Problem::Unreachable => unreachable(),
        Problem::Timeout => timeout(),
        Problem::SessionExpired => session_expired(),
        Problem::NoToken => no_token(),
        Problem::OtherWorkspace => other_workspace_asked(),
        Problem::Malformed => malformed(),
        Problem::Refused(refusal) => return refused(refusal),
    };
    fixed.to_owned()
}

fn refused(refusal: &Refusal) -> String {
    let known = refusal.reason.as_deref().and_then(Reason::from_wire);
    let by_reason = known.and_then(|reason| match reason {
        Reason::PermissionMissing => Some(not_allowed()),
        Reason::OtherCustomer | Reason::OtherWorkspace => Some(somebody_else()),
        Reason::FieldNotAllowed => Some(field_not_allowed()),
        Reason::OriginNotAllowed => Some(origin_not_allowed()),
        Reason::UnknownApiKey => Some(unknown_key()),
        Reason::ApiKeyDeleted => Some(key_deleted()),
        Reason::UnknownScope => Some(unknown_scope()),
        Reason::ExpiresAtPast => Some(expiry_past()),
        Reason::ExpiryRequired => Some(expiry_required()),
        Reason::ExpiryTooSoon => Some(expiry_too_soon()),
        Reason::ExpiryTooLate => Some(expiry_too_late()),
        Reason::ScopeNotGrantable => Some(scope_not_grantable()),
        Reason::NameEmpty => Some(super::form::name_missing()),
        Reason::NameTooLong => Some(super::form::name_too_long()),
        Reason::ControlCharacter => Some(super::form::name_control()),
        _ => None,
    });
    if let Some(sentence) = by_reason {
        return sentence.to_owned();
    }
    let by_status = match (refusal.status, refusal.retry_after) {
        (429, Some(seconds)) => return wait(seconds as usize),
        (429, None) => wait_a_moment(),
        (403, _) => not_allowed(),
        (404, _) => unknown_address(),
        (413, _) => too_large(),
        (502..=504, _) => unavailable(),
        (500.., _) => failed(),
        _ if refusal.message.is_empty() => return refused_status(&refusal.status.to_string()),
        _ => return refused_because(refusal.message.trim_end_matches('.')),
    };
    by_status.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, reason: Option<&str>, retry_after: Option<u32>) -> Problem {
        let reason = reason.map(str::to_owned);
        Problem::Refused(Refusal { status, reason, retry_after, ..Refusal::default() })
    }

    #[test]
    fn a_certain_failure_says_that_nothing_was_created() {
        assert_eq!(
            message(Attempt::Create, &Problem::Offline),
            "You are offline. Nothing was created."
        );
        assert_eq!(
            message(Attempt::Create, &refusal(429, None, Some(1))),
            "Too many requests. Wait 1 second. Nothing was created."
        );
    }

    #[test]
    fn an_uncertain_failure_does_not_claim_that_nothing_was_created() {
        for problem in
            [Problem::Timeout, Problem::Unreachable, Problem::Malformed, refusal(502, None, None)]
        {
            let text = message(Attempt::Create, &problem);
            assert!(!text.contains("Nothing was created"), "{text}");
            assert!(text.contains("may exist"), "{text}");
        }
    }

    #[test]
    fn the_reason_speaks_before_the_status() {
        let missing = refusal(403, Some("permission_missing"), None);
        assert_eq!(
            message(Attempt::Delete, &missing),
            "You are not allowed to do this. The key still exists."
        );
        let gone = refusal(404, Some("unknown_api_key"), None);
        assert!(message(Attempt::Rotate, &gone).starts_with("This key does not exist any more."));
        assert!(message(Attempt::Load, &refusal(404, None, None)).contains("base-url"));
    }

    #[test]
    fn every_kind_has_words_of_its_own() {
        let kinds = [
            Problem::Offline,
            Problem::Unreachable,
            Problem::Timeout,
            Problem::SessionExpired,
            Problem::NoToken,
            Problem::OtherWorkspace,
            Problem::Malformed,
            refusal(400, None, None),
            refusal(403, None, None),
            refusal(404, None, None),
            refusal(413, None, None),
            refusal(429, None, None),
            refusal(500, None, None),
            refusal(503, None, None),
        ];
        let texts: std::collections::HashSet<String> =
            kinds.iter().map(|kind| message(Attempt::Load, kind)).collect();
        assert_eq!(texts.len(), kinds.len());
        assert!(texts.iter().all(|text| text.ends_with('.')), "{texts:?}");
    }
}
