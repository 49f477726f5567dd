//! A name for each request, returned in `x-request-id` and written in every line about it.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header, in requests and responses.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most characters that we accept from a client.
const LENGTH_MAX: usize = 64;

/// The id of the request at hand.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as a header's value.
    pub(crate) fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Hands out ids: a random word of this process, and a counter. No two processes share the word, and
/// counting costs a hundredth of asking the operating system for randomness on each request.
pub(crate) struct RequestIds {
    process: String,
    next: AtomicU64,
}

impl RequestIds {
    /// A new sequence.
    pub(crate) fn new() -> Self {
        let mut process = Uuid::now_v7().simple().to_string();
        process.drain(..20);
        Self { process, next: AtomicU64::new(0) }
    }

    /// The id that the client sent, if it is one that can stand in a log line; a new one otherwise.
    pub(crate) fn of(&self, headers: &HeaderMap) -> RequestId {
        match headers.get(X_REQUEST_ID) {
            Some(sent) if is_sane(sent) => RequestId(sent.clone()),
            _ => self.issue(),
        }
    }

    fn issue(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let text = format!("{}-{number:x}", self.process);
        RequestId(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("-")))
    }
}

fn is_sane(sent: &HeaderValue) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=LENGTH_MAX).contains(&sent.len()) && sent.as_bytes().iter().all(allowed)
}
