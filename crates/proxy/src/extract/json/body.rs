//! Reading a body, up to the limit.

use axum::body::{Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
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
pub(crate) async fn read<B>(headers: &HeaderMap, body: B) -> Result<Bytes, ApiError>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    read_up_to(headers, body, BODY_BYTES).await
}

/// The whole body, of at most `limit` bytes.
pub(super) async fn read_up_to<B>(
    headers: &HeaderMap,
    mut body: B,
    limit: usize,
) -> Result<Bytes, ApiError>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let announced = announced_length(headers);
    let drained = limit.max(DRAIN_BYTES);
    // A client that waits for "100 Continue" has sent nothing yet, and reads the refusal at once.
    if announced > limit && (announced > drained || headers.contains_key(EXPECT)) {
        return Err(ApiError::BodyTooLarge { limit });
    }

    let mut bytes = Vec::new();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            ApiError::refused(Reason::InvalidJson, "the body ended before it was complete")
        })?;
        let Ok(data) = frame.into_data() else { continue };
        received += data.len();
        if received == announced && received == data.len() && received <= limit {
            // The rule for small bodies: all of it at once, and nothing to copy.
            return Ok(data);
        }
        if received <= limit {
            bytes.reserve(announced.min(limit).saturating_sub(bytes.len()));
            bytes.extend_from_slice(&data);
        } else if received > drained {
            break;
        }
    }
    if received > limit {
        return Err(ApiError::BodyTooLarge { limit });
    }
    Ok(bytes.into())
}

/// What `Content-Length` says; nothing when it says nothing.
fn announced_length(headers: &HeaderMap) -> usize {
    let header = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    header.and_then(|text| text.parse().ok()).unwrap_or(0)
}
