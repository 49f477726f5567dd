//! Newline-delimited JSON: a chunk of a migration job, one row a line.

use axum::extract::{FromRequest, Request};
use oneloop_protocol::migration::{CHUNK_BYTES, Hex32, ROWS_PER_CHUNK};
use oneloop_protocol::{FieldError, Reason};
use serde::de::DeserializeOwned;

use super::{body, refusal};
use crate::error::ApiError;

/// The lines of a body, and SHA-256 of it all.
pub(crate) struct Ndjson<T> {
    pub(crate) lines: Vec<T>,
    pub(crate) digest: Hex32,
}

impl<T: DeserializeOwned + Send + 'static, S: Send + Sync> FromRequest<S> for Ndjson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        let body = body::read_up_to(&head.headers, body, CHUNK_BYTES).await?;
        // Megabytes of JSON take some milliseconds: a thread of their own, so that no verification waits.
        let parsed = tokio::task::spawn_blocking(move || parse(&body));
        parsed.await.map_err(|error| ApiError::Internal(error.into()))?
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<Ndjson<T>, ApiError> {
    let mut lines = Vec::new();
    for (line, number) in body.split(|byte| *byte == b'\n').zip(1_usize..) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if lines.len() == ROWS_PER_CHUNK {
            let message = format!("the chunk has more than {ROWS_PER_CHUNK} rows");
            return Err(FieldError::new("rows", Reason::RowsOutOfRange, message).into());
        }
        let row = serde_json::from_slice(line);
        lines.push(row.map_err(|error| in_line(number, refusal::explain::<T>(line, &error)))?);
    }
    Ok(Ndjson { lines, digest: Hex32::sha256(body) })
}

/// The same refusal, with the line that it is about.
fn in_line(number: usize, refused: ApiError) -> ApiError {
    match refused {
        ApiError::Refused { reason, message, field } => ApiError::Refused {
            reason,
            message: format!("line {number}: {message}").into(),
            field: field.map(|field| format!("line {number}: {field}").into()),
        },
        other => other,
    }
}
