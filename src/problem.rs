//! What can go wrong between the widget and its server, in the kinds a person can act on.

use serde::Deserialize;

/// Why a request brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The widget left the page; nobody is there to be told.
    Aborted,
    /// The browser says it has no network.
    Offline,
    /// The server could not be reached, or the browser was not allowed to read its answer.
    Unreachable,
    /// No answer within the time limit.
    Timeout,
    /// The token was refused, and so was the one fetched after it.
    SessionExpired,
    /// The page's `getToken` failed.
    NoToken,
    /// The token belongs to another workspace than the page asked for.
    OtherWorkspace,
    /// The answer is not what the protocol says.
    Malformed,
    /// The server refused.
    Refused(Refusal),
}

/// An answer of the server that is not a success: the inside of its error body, and what its head says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// The HTTP status.
    #[serde(skip)]
    pub status: u16,
    /// The stable word of the protocol; absent when something in between answered.
    pub reason: Option<String>,
    /// The field at fault, in the request's own spelling.
    pub field: Option<String>,
    /// The server's own sentence. Shown only where we have no better one.
    pub message: String,
    /// Seconds to wait, from `Retry-After`.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

impl Problem {
    /// Whether the request may have taken effect although no success came back. Then "nothing was
    /// created" would be a guess, and guessing wrong costs a key that nobody knows about.
    pub fn outcome_is_unknown(&self) -> bool {
        match self {
            Self::Timeout | Self::Unreachable | Self::Malformed => true,
            Self::Refused(refusal) => refusal.status >= 500,
            _ => false,
        }
    }

    /// Whether the key is not there any more. Trying again is of no use.
    pub fn is_gone(&self) -> bool {
        let Self::Refused(refusal) = self else { return false };
        matches!(refusal.reason.as_deref(), Some("unknown_api_key" | "api_key_deleted"))
    }

    /// Whether the server refused the credential.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 401)
    }

    /// Whether the fault lies in this field of the request.
    pub fn concerns(&self, field: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.field.as_deref().is_some_and(|at| is_within(at, field)))
    }

    /// A stable word for the `code` of an `oneloop-error` event.
    pub fn code(&self) -> &str {
        match self {
            Self::Aborted => "aborted",
            Self::Offline => "offline",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::SessionExpired => "session_expired",
            Self::NoToken => "no_token",
            Self::OtherWorkspace => "other_workspace",
            Self::Malformed => "malformed",
            Self::Refused(refusal) => refusal.reason.as_deref().unwrap_or("refused"),
        }
    }
}

/// Whether `at`, such as `scopes[3].representation`, is `field` or a part of it.
fn is_within(at: &str, field: &str) -> bool {
    at.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_field_concerns_the_field() {
        assert!(is_within("scopes[3].representation", "scopes") && is_within("name", "name"));
        assert!(!is_within("names", "name") && !is_within("name", "scopes"));
    }

    fn refused(status: u16) -> Problem {
        Problem::Refused(Refusal { status, ..Refusal::default() })
    }

    #[test]
    fn only_a_refusal_proves_that_nothing_happened() {
        for certain in [
            Problem::Offline,
            Problem::SessionExpired,
            Problem::NoToken,
            refused(400),
            refused(429),
        ] {
            assert!(!certain.outcome_is_unknown(), "{certain:?}");
        }
        for unknown in
            [Problem::Timeout, Problem::Unreachable, Problem::Malformed, refused(500), refused(502)]
        {
            assert!(unknown.outcome_is_unknown(), "{unknown:?}");
        }
    }

    #[test]
    fn only_401_is_about_the_credential() {
        assert!(refused(401).is_unauthorized());
        assert!(!refused(403).is_unauthorized());
    }
}
