//! Answers as bytes.

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use oneloop_protocol::Verification;

use crate::access_log::CallerSlot;
use crate::answer::Verified;
use crate::envelope::Envelope;
use crate::error::ApiError;

/// Writes answers, one at a time, into memory that is used again.
#[derive(Default)]
pub(super) struct Writer {
    body: Vec<u8>,
    bytes: Vec<u8>,
    date: Date,
}

impl Writer {
    /// The answer that was written last.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes a verdict and its log line.
    pub(super) fn verified(
        &mut self,
        verification: &Verification,
        envelope: &Envelope,
        caller: &CallerSlot,
        closes: bool,
    ) -> Result<(), ApiError> {
        self.body.clear();
        Verified::write(&mut self.body, verification)?;
        envelope.log(caller, StatusCode::OK);
        self.bytes.clear();
        self.bytes.extend_from_slice(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-content-type-options: nosniff\r\n\
              referrer-policy: no-referrer\r\ncache-control: no-store\r\nx-request-id: ",
        );
        self.bytes.extend_from_slice(envelope.request_id().as_bytes());
        self.finish(closes);
        Ok(())
    }

    /// Writes a refusal and its log line.
    pub(super) fn refused(
        &mut self,
        refusal: ApiError,
        envelope: Envelope,
        caller: &CallerSlot,
        closes: bool,
    ) {
        let mut response = refusal.into_response();
        envelope.close(caller, &mut response);
        let (head, body) = response.into_parts();
        self.body.clear();
        // A refusal's body lies in one piece: there is nothing to wait for.
        if let Some(Ok(body)) = body.collect().now_or_never() {
            self.body.extend_from_slice(&body.to_bytes());
        }
        self.bytes.clear();
        let (code, reason) = (head.status.as_u16(), head.status.canonical_reason());
        let line = write!(self.bytes, "HTTP/1.1 {code} {}", reason.unwrap_or_default());
        debug_assert!(line.is_ok(), "memory takes everything");
        for (name, value) in &head.headers {
            for part in [b"\r\n", name.as_str().as_bytes(), b": ", value.as_bytes()] {
                self.bytes.extend_from_slice(part);
            }
        }
        self.finish(closes);
    }

    /// Ends the head, whose last line is not ended yet, and adds the body.
    fn finish(&mut self, closes: bool) {
        if closes {
            self.bytes.extend_from_slice(b"\r\nconnection: close");
        }
        let length = write!(self.bytes, "\r\ncontent-length: {}\r\ndate: ", self.body.len());
        debug_assert!(length.is_ok(), "memory takes everything");
        self.bytes.extend_from_slice(self.date.now());
        self.bytes.extend_from_slice(b"\r\n\r\n");
        self.bytes.extend_from_slice(&self.body);
    }
}

/// The `Date` of an answer, made once a second (RFC 9110, section 6.6.1).
#[derive(Default)]
struct Date {
    second: u64,
    text: String,
}

impl Date {
    fn now(&mut self) -> &[u8] {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if now != self.second || self.text.is_empty() {
            self.second = now;
            self.text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(now));
        }
        self.text.as_bytes()
    }
}
