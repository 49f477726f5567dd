//! Ids in the path.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use oneloop_protocol::Reason;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// What stands in the path. Text that cannot be an id (bytes that are not UTF-8) names nothing, so it gets
/// the answer of an id that names nothing.
pub(crate) struct ApiPath<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for ApiPath<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(rejection) => Err(ApiError::not_found(what_is_unknown(&rejection))),
        }
    }
}

fn what_is_unknown(rejection: &PathRejection) -> Reason {
    let PathRejection::FailedToDeserializePathParams(failure) = rejection else {
        return Reason::UnknownRoute;
    };
    match failure.kind() {
        ErrorKind::InvalidUtf8InPathParam { key } => match key.as_str() {
            "workspace" => Reason::UnknownWorkspace,
            "api_key" => Reason::UnknownApiKey,
            "token" => Reason::UnknownLinkToken,
            "migration" => Reason::UnknownMigration,
            _ => Reason::UnknownRoute,
        },
        _ => Reason::UnknownRoute,
    }
}
