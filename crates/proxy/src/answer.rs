//! A successful JSON answer.

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::ApiError;

mod verified;

pub(crate) use verified::Verified;

/// Room for a verification or a key with a few scopes, so that writing one seldom has to grow the buffer.
const USUAL_BYTES: usize = 512;

/// A body for status 200, the only status of success (decisions, "success code").
pub(crate) struct Answer<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        match serde_json::to_writer(&mut json, &self.0) {
            Ok(()) => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], json)
                .into_response(),
            Err(error) => ApiError::Internal(error.into()).into_response(),
        }
    }
}
