//! The query string.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use oneloop_protocol::Reason;

use crate::error::ApiError;

/// The parameters of a query string, decoded, in their order.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// All of them.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parameter of this name that is not empty; the last one, if it stands twice.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs().filter(|pair| pair.0 == name && !pair.1.is_empty()).last().map(|pair| pair.1)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let unreadable =
            |_| ApiError::refused(Reason::InvalidQuery, "the query string cannot be read");
        Query::try_from_uri(&parts.uri).map(|Query(pairs)| Self(pairs)).map_err(unreadable)
    }
}
