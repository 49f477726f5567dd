//! JSON bodies.
//!
//! `Content-Type` is not asked for: a published client sends a body-less POST without one, and no cookie
//! makes it worth forging (protocol, 2.4). A body is parsed once, plainly; only a body that is refused is
//! parsed again, slowly, to name the field at fault.

mod body;
mod ndjson;
mod refusal;

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

pub(crate) use body::read as read_body;
pub(crate) use ndjson::Ndjson;

/// A body that must be there.
pub(crate) struct ApiJson<T>(pub(crate) T);

/// A body that may be missing: nothing, `null` and `{}` all stand for the default.
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        parse(&body::read(&head.headers, body).await?).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        let body = body::read(&head.headers, body).await?;
        if body.trim_ascii().is_empty() {
            return Ok(Self(T::default()));
        }
        parse::<Option<T>>(&body).map(|body| Self(body.unwrap_or_default()))
    }
}

/// What a body says.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| refusal::explain::<T>(body, &error))
}
