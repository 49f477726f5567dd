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
    pub(crate) fn into_header_value(self) -> HeaderValue {
        self.0
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
        // Twelve digits are left: with sixteen of the counter they fit into what `issue` has room for.
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

    /// The same of a header that is bytes yet.
    pub(crate) fn of_bytes(&self, sent: Option<&[u8]>) -> RequestId {
        match sent.map(HeaderValue::from_bytes) {
            Some(Ok(sent)) if is_sane(&sent) => RequestId(sent),
            _ => self.issue(),
        }
    }

    fn issue(&self) -> RequestId {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut number = self.next.fetch_add(1, Ordering::Relaxed);
        // By hand and not with `{:x}`: every verification has one. From the last digit to the first.
        let mut text = [b'-'; 40];
        let mut at = text.len();
        loop {
            at -= 1;
            text[at] = HEX[(number & 0x0f) as usize];
            number >>= 4;
            if number == 0 {
                break;
            }
        }
        let start = at - 1 - self.process.len();
        text[start..at - 1].copy_from_slice(self.process.as_bytes());
        let value = HeaderValue::from_bytes(&text[start..]);
        RequestId(value.unwrap_or(HeaderValue::from_static("-")))
    }
}

fn is_sane(sent: &HeaderValue) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=LENGTH_MAX).contains(&sent.len()) && sent.as_bytes().iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issued_ids_are_the_process_and_a_counter() {
        let ids = RequestIds::new();
        for (number, digits) in [(0, "0"), (1, "1"), (0xab0, "ab0"), (u64::MAX, "ffffffffffffffff")]
        {
            ids.next.store(number, Ordering::Relaxed);
            let id = ids.of(&HeaderMap::new());
            assert_eq!(id.as_str(), format!("{}-{digits}", ids.process));
            assert!(is_sane(&id.into_header_value()));
        }
    }
}
