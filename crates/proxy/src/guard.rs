//! The time limit, and the net under every handler.

use std::any::Any;
use std::convert::Infallible;
use std::time::Duration;

use anyhow::anyhow;
use axum::response::{IntoResponse, Response};
use axum::routing::future::RouteFuture;

use crate::error::ApiError;

/// Gives up on a request that takes longer than `limit`, its body included.
///
/// It wraps the handler's future instead of being a middleware function, which would cost verify three
/// allocations.
pub(crate) async fn limit_time(
    limit: Duration,
    answer: RouteFuture<Infallible>,
) -> Result<Response, Infallible> {
    tokio::time::timeout(limit, answer)
        .await
        .unwrap_or_else(|_| Ok(ApiError::Timeout.into_response()))
}

/// Answers for a handler that panicked.
///
/// The payload is dropped unread: a panic's text may quote what the handler was working on, keys included.
/// Where it happened is in the panic hook's own line.
pub(crate) fn answer_panic(_payload: Box<dyn Any + Send>) -> Response {
    ApiError::Internal(anyhow!("a handler panicked")).into_response()
}
