//! Reading a body, up to the limit.

use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::http::request::Parts;
use http_body_util::BodyExt;
use oneloop_protocol::Reason;
use oneloop_protocol::limits::BODY_BYTES;

use crate::error::ApiError;

/// How much of a body that is too large is read and thrown away before it is refused.
///
/// A client that is still sending when the connection closes sees a broken pipe, and not the answer. So a
/// body that is too large by a little is drained; one that is too large by far is not worth the traffic.
const DRAIN_BYTES: usize = 8 * BODY_BYTES;

/// The whole body of an ordinary request.
pub(super) async fn read(request: Request) -> Result<Vec<u8>, ApiError> {
    read_up_to(request, BODY_BYTES).await
}

/// The whole body, of at most `limit` bytes.
pub(super) async fn read_up_to(request: Request, limit: usize) -> Result<Vec<u8>, ApiError> {
    let (parts, mut body) = request.into_parts();
    let announced = announced_length(&parts);
    let drained = limit.max(DRAIN_BYTES);
    // A client that waits for "100 Continue" has sent nothing yet, and reads the refusal at once.
    if announced > limit && (announced > drained || parts.headers.contains_key(EXPECT)) {
        return Err(ApiError::BodyTooLarge { limit });
    }

    let mut bytes = Vec::with_capacity(announced.min(limit));
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            ApiError::refused(Reason::InvalidJson, "the body ended before it was complete")
        })?;
        let Ok(data) = frame.into_data() else { continue };
        received += data.len();
        if received <= limit {
            bytes.extend_from_slice(&data);
        } else if received > drained {
            break;
        }
    }
    if received > limit {
        return Err(ApiError::BodyTooLarge { limit });
    }
    Ok(bytes)
}

/// What `Content-Length` says; nothing when it says nothing.
fn announced_length(parts: &Parts) -> usize {
    let header = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    header.and_then(|text| text.parse().ok()).unwrap_or(0)
}
