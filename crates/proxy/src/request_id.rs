//! A name for each request, returned in `x-request-id` and written in every line about it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header, in requests and responses.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most characters that we accept from a client.
const LENGTH_MAX: usize = 64;

/// The id of the request at hand: 1 to 64 letters, digits, `_` and `-`. It lies here and not in a piece of memory of its
/// own, because every verification has one.
#[derive(Clone, Copy)]
pub(crate) struct RequestId {
    text: [u8; LENGTH_MAX],
    length: u8,
}

impl RequestId {
    /// The id that somebody sent, if it is one that can stand in a log line.
    fn of(sent: &[u8]) -> Option<Self> {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if sent.is_empty() || !sent.iter().all(allowed) {
            return None;
        }
        let mut text = [0; LENGTH_MAX];
        text.get_mut(..sent.len())?.copy_from_slice(sent);
        Some(Self { text, length: u8::try_from(sent.len()).ok()? })
    }

    fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The id as a header's value.
    pub(crate) fn into_header_value(self) -> HeaderValue {
        HeaderValue::from_bytes(self.as_bytes()).unwrap_or(HeaderValue::from_static("-"))
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({})", self.as_str())
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
        self.of_bytes(headers.get(X_REQUEST_ID).map(HeaderValue::as_bytes))
    }

    /// The same of a header that is bytes yet.
    pub(crate) fn of_bytes(&self, sent: Option<&[u8]>) -> RequestId {
        sent.and_then(RequestId::of).unwrap_or_else(|| self.issue())
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
        RequestId::of(&text[start..]).unwrap_or(RequestId { text: [b'-'; LENGTH_MAX], length: 1 })
    }
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
            assert_eq!(id.into_header_value(), id.as_str());
        }
    }

    #[test]
    fn an_id_that_can_stand_in_a_line_is_kept() {
        let ids = RequestIds::new();
        let longest = "a".repeat(LENGTH_MAX);
        for sent in ["7", "Az_-09", &longest] {
            assert_eq!(ids.of_bytes(Some(sent.as_bytes())).as_str(), sent);
        }
        for sent in ["", "a b", "a\n", "ü", &"a".repeat(LENGTH_MAX + 1)] {
            let id = ids.of_bytes(Some(sent.as_bytes()));
            assert!(id.as_str().starts_with(&ids.process), "{sent:?}");
        }
    }
}
