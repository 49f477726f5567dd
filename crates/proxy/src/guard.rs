//! The time limit, and the net under every handler.

use std::any::Any;

use anyhow::anyhow;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::backend::App;
use crate::error::ApiError;

/// Gives up on a request that takes longer than the limit, its body included.
pub(crate) async fn limit_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let limit = app.settings.request_timeout;
    tokio::time::timeout(limit, next.run(request))
        .await
        .unwrap_or_else(|_| ApiError::Timeout.into_response())
}

/// Answers for a handler that panicked.
///
/// The payload is dropped unread: a panic's text may quote what the handler was working on, keys included.
/// Where it happened is in the panic hook's own line.
pub(crate) fn answer_panic(_payload: Box<dyn Any + Send>) -> Response {
    ApiError::Internal(anyhow!("a handler panicked")).into_response()
}
