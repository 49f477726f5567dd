//! The time limit, and the net under every handler.

use std::any::Any;
use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
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
    panicked().into_response()
}

fn panicked() -> ApiError {
    ApiError::Internal(anyhow!("a handler panicked"))
}

/// Both at once, for a route that is called without layers.
///
/// The clock is started by the second time that there is nothing to answer yet: the first is the rule,
/// because the connection hands over a body only after it was asked for it, and then at once. A timer set
/// and unset each time would be an eighth of what verify costs.
pub(crate) async fn around<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let mut answer = pin!(answer);
    let mut timer = None;
    let mut asked_before = false;
    poll_fn(move |context| {
        match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(Poll::Ready(answer)) => return Poll::Ready(answer),
            Ok(Poll::Pending) => {}
            Err(_payload) => return Poll::Ready(Err(panicked())),
        }
        if !asked_before {
            asked_before = true;
            // Whatever the answer waits for, there is a second time.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        // Boxed: a request that waits can pay for it, and the others need not carry it along.
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        timer.as_mut().poll(context).map(|()| Err(ApiError::Timeout))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer_at_every_step() {
        for step in 0..3 {
            let answer = async move {
                for _ in 0..step {
                    tokio::task::yield_now().await;
                }
                panic!("the canary")
            };
            let answer: Result<(), ApiError> = around(Duration::from_secs(9), answer).await;
            assert!(matches!(answer, Err(ApiError::Internal(_))), "{step}");
        }
    }

    #[tokio::test]
    async fn what_wakes_nobody_is_given_up_all_the_same() {
        let answer: Result<(), ApiError> =
            around(Duration::from_millis(10), std::future::pending()).await;
        assert!(matches!(answer, Err(ApiError::Timeout)));
    }
}
