//! One line for each request: method, route, status, duration, request id, caller.
//!
//! Never in it: headers, bodies, query strings, and the text of a path that may hold a secret. A request
//! that matched a route is logged with the route's template (`/api/v1/link-token/{token}`); of any other
//! path only the words of our own routes are kept.
//!
//! Levels: what failed on our side is an error, with its cause. Everything else is at `info`, except what
//! happens all the time and went well, which is at `debug`: verifications, health checks, static files.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::MatchedPath;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use oneloop_engine::{SdkCaller, SdkKeyHolder};
use oneloop_protocol::{LinkTokenId, SdkKeyId};

use crate::error::{Refusal, ServerFault};
use crate::extract::Identity;
use crate::request_id::RequestId;
use crate::routes::verify;

/// The target of these lines, for filters.
const TARGET: &str = "oneloop::access";

/// Whom a credential turned out to belong to.
#[derive(Debug)]
enum CallerId {
    /// A team's server, with its id.
    SdkKey(SdkKeyId),
    /// A team's server that asked for a verification. Its id is made only for a line that is written.
    Verifier(SdkKeyHolder),
    /// A customer's browser.
    LinkToken(LinkTokenId),
}

impl CallerId {
    fn to_text(&self) -> String {
        match self {
            Self::SdkKey(id) => id.as_str().to_owned(),
            Self::Verifier(holder) => SdkCaller::from(*holder).sdk_key.as_str().to_owned(),
            Self::LinkToken(id) => id.as_str().to_owned(),
        }
    }
}

/// Where an extractor leaves the caller's id for the log line.
#[derive(Default)]
pub(crate) struct CallerSlot(OnceLock<CallerId>);

impl CallerSlot {
    /// Notes who is asking. The first note stays.
    pub(crate) fn note(&self, identity: &Identity) {
        self.0.get_or_init(|| match identity {
            Identity::Sdk(caller) => CallerId::SdkKey(caller.sdk_key.clone()),
            Identity::Link(caller) => CallerId::LinkToken(caller.id.clone()),
        });
    }

    /// The same for a verification.
    pub(crate) fn note_verifier(&self, holder: SdkKeyHolder) {
        self.0.get_or_init(|| CallerId::Verifier(holder));
    }
}

/// The line of a request that is under way.
pub(crate) struct Entry {
    started: Instant,
    method: Method,
    route: Route,
}

/// The part of a path that may be written down.
enum Route {
    /// The path of a route without parameters.
    Fixed(&'static str),
    /// The template of a route in the table.
    Template(MatchedPath),
    /// A path that matched none, without what could be a secret.
    Redacted(String),
}

impl Route {
    fn as_str(&self) -> &str {
        match self {
            Self::Fixed(path) => path,
            Self::Template(path) => path.as_str(),
            Self::Redacted(path) => path,
        }
    }

    /// Whether success here is so common that a line about it is noise.
    fn is_routine(&self) -> bool {
        match self {
            // The last is the demo page and its files.
            Self::Fixed(_) | Self::Template(_) => {
                matches!(self.as_str(), verify::PATH | "/healthz" | "/readyz" | "/{*path}")
            }
            Self::Redacted(path) => path.starts_with("/widget/"),
        }
    }
}

impl Entry {
    /// Starts the clock. `path` is that of a route without parameters, if the request is known to be for one.
    pub(crate) fn open(head: &Parts, path: Option<&'static str>) -> Self {
        let route = match (path, head.extensions.get::<MatchedPath>()) {
            (Some(path), _) => Route::Fixed(path),
            (None, Some(path)) => Route::Template(path.clone()),
            (None, None) => Route::Redacted(redact(head.uri.path())),
        };
        Self { started: Instant::now(), method: head.method.clone(), route }
    }

    /// Starts the clock of a verification.
    pub(crate) fn verification() -> Self {
        Self { started: Instant::now(), method: Method::POST, route: Route::Fixed(verify::PATH) }
    }

    /// When the request had arrived.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Writes the line.
    pub(crate) fn close<B>(self, id: &RequestId, caller: &CallerSlot, response: &Response<B>) {
        if let Some(ServerFault(cause)) = response.extensions().get() {
            let cause = Causes(&**cause);
            tracing::error!(target: TARGET, request_id = id.as_str(), %cause, "request failed");
        }
        let reason = response.extensions().get::<Refusal>().map(|it| it.reason.as_str());
        self.write(id, caller, response.status(), reason);
    }

    /// Writes the line of an answer that is not a response yet.
    pub(crate) fn write(
        &self,
        id: &RequestId,
        caller: &CallerSlot,
        status: StatusCode,
        reason: Option<&'static str>,
    ) {
        // `event!` wants its level at compile time, hence one call for each.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    method = self.method.as_str(),
                    route = self.route.as_str(),
                    status = status.as_u16(),
                    duration_ms = self.started.elapsed().as_micros() as f64 / 1_000.0,
                    request_id = id.as_str(),
                    caller = caller.0.get().map(CallerId::to_text),
                    reason,
                    "request"
                )
            };
        }
        if status.is_server_error() {
            line!(error);
        } else if self.route.is_routine() && !status.is_client_error() {
            line!(debug);
        } else {
            line!(info);
        }
    }
}

/// An error and all its causes, on one line.
struct Causes<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// Segments that stand in our own routes. Anything else in a path could be a key or a token: somebody's
/// typing mistake (`/link-token/{token}/`) must not put one in the log.
const WORDS: [&str; 14] = [
    "",
    "api",
    "v1",
    "workspace",
    "scope",
    "scopes",
    "api-key",
    "verify",
    "migrate",
    "rotate",
    "link-token",
    "widget",
    "healthz",
    "readyz",
];

/// A path with every segment that is not one of our own replaced by `…`.
fn redact(path: &str) -> String {
    let known = |segment| if WORDS.contains(&segment) { segment } else { "…" };
    path.split('/').map(known).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_words_survive() {
        for (path, logged) in [
            ("/api/v1/link-token/ollt_secret/", "/api/v1/link-token/…/"),
            ("/api/v1//link-token/ollt_secret", "/api/v1//link-token/…"),
            ("/api/v1/%6cink-token/ollt_secret", "/api/v1/…/…"),
            ("/correct-horse-battery-staple", "/…"),
            ("/", "/"),
        ] {
            assert_eq!(redact(path), logged);
        }
    }
}
