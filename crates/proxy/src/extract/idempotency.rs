//! The name under which a request has its effect at most once.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use oneloop_engine::Once;

use crate::error::ApiError;

/// The header's name, also for the preflight.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The `Idempotency-Key` header, if it was sent. One that cannot be read is refused rather than ignored: the client
/// would rely on it.
pub(crate) struct IdempotencyKey(pub(crate) Option<Once>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut sent = parts.headers.get_all(IDEMPOTENCY_KEY).into_iter();
        match (sent.next(), sent.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => Ok(Self(Some(Once::new(value.to_str().unwrap_or_default())?))),
            // Two names for one request: the same refusal as for one that is none.
            (Some(_), Some(_)) => Ok(Self(Some(Once::new("")?))),
        }
    }
}
