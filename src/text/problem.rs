//! What went wrong, what became of it, and what to do: one or two sentences a person can act on.

use oneloop_protocol::Reason;

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
}

/// The whole message: the cause, and then what became of the attempt.
pub fn message(attempt: Attempt, problem: &Problem) -> String {
    let cause = cause(problem);
    match outcome(attempt, problem) {
        "" => cause,
        outcome => format!("{cause} {outcome}"),
    }
}

/// What became of the attempt; says so honestly when nobody knows.
fn outcome(attempt: Attempt, problem: &Problem) -> &'static str {
    match (attempt, problem.outcome_is_unknown()) {
        (Attempt::Load, _) => "",
        (Attempt::Create, false) => "Nothing was created.",
        (Attempt::Create, true) => {
            "The key may exist all the same: look at the list before you try again."
        }
        (Attempt::Edit | Attempt::Switch, false) => "Nothing was changed.",
        (Attempt::Edit | Attempt::Switch, true) => "The change may have been made all the same.",
        (Attempt::Rotate, false) => "The old secret goes on working.",
        (Attempt::Rotate, true) => {
            "The secret may have been replaced all the same. Rotate again to be sure."
        }
        (Attempt::Delete, false) => "The key still exists.",
        (Attempt::Delete, true) => "The key may be gone all the same.",
    }
}

fn cause(problem: &Problem) -> String {
    match problem {
        Problem::Aborted => String::new(),
        Problem::Offline => "You are offline.".to_owned(),
        Problem::Unreachable => "The key service could not be reached.".to_owned(),
        Problem::Timeout => "The key service did not answer in time.".to_owned(),
        Problem::SessionExpired => {
            "Your session has ended. Try again to start a new one.".to_owned()
        }
        Problem::NoToken => "This page could not start a session with the key service.".to_owned(),
        Problem::OtherWorkspace => {
            "This session belongs to another workspace than this page asks for.".to_owned()
        }
        Problem::Malformed => "The key service gave an answer that cannot be read.".to_owned(),
        Problem::Refused(refusal) => refused(refusal),
    }
}

fn refused(refusal: &Refusal) -> String {
    let known = refusal.reason.as_deref().and_then(Reason::from_wire);
    let by_reason = known.and_then(|reason| match reason {
        Reason::PermissionMissing => Some("You are not allowed to do this."),
        Reason::OtherCustomer | Reason::OtherWorkspace => {
            Some("This session belongs to somebody else’s keys.")
        }
        Reason::FieldNotAllowed => Some("You are not allowed to set one of these fields."),
        Reason::OriginNotAllowed => {
            Some("The key service does not accept this session from this site.")
        }
        Reason::UnknownApiKey => Some("This key does not exist any more."),
        Reason::ApiKeyDeleted => Some("This key was deleted in the meantime."),
        Reason::UnknownScope => {
            Some("One of these permissions is no longer offered. Reload to see the current ones.")
        }
        Reason::ExpiresAtPast => Some("The expiry lies in the past."),
        Reason::NameEmpty => Some(super::form::name_missing()),
        Reason::NameTooLong => Some(super::form::name_too_long()),
        Reason::ControlCharacter => Some(super::form::name_control()),
        _ => None,
    });
    if let Some(sentence) = by_reason {
        return sentence.to_owned();
    }
    match (refusal.status, refusal.retry_after) {
        (429, Some(seconds)) => {
            format!(
                "Too many requests. Wait {}.",
                super::counted(seconds as usize, "second", "seconds")
            )
        }
        (429, None) => "Too many requests. Wait a moment.".to_owned(),
        (403, _) => "You are not allowed to do this.".to_owned(),
        (404, _) => "The key service does not know this address. Check base-url.".to_owned(),
        (413, _) => "That is more than the key service accepts.".to_owned(),
        (502..=504, _) => "The key service is not available right now.".to_owned(),
        (500.., _) => "The key service failed.".to_owned(),
        _ if refusal.message.is_empty() => {
            format!("The key service refused this (status {}).", refusal.status)
        }
        _ => format!("The key service refused this: {}.", refusal.message.trim_end_matches('.')),
    }
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
