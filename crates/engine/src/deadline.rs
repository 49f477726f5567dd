//! How long the database may take to answer.
//!
//! A server that vanishes (a power cut, an address that moved) closes no connection: whoever waits for its answer would
//! wait for ever, and with it everybody who waits for them. What a request waits for ends with the request; what runs by
//! itself ends here. The connection is then given up, see `store/postgres/pools.rs`.

use std::time::Duration;

use tokio::time::timeout;

use crate::store::StoreError;

/// For one statement, or a few short ones: longer than any of them waits for others to finish writing.
pub(crate) const SHORT: Duration = Duration::from_secs(15);

/// For what reads or writes many rows.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// What `answer` gives.
///
/// # Errors
///
/// Its own, or [`StoreError::Unavailable`] if it takes longer than `limit`. Whether something was done is then not known.
pub(crate) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(late) => Err(StoreError::Unavailable(late.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_waited_for_so_long() {
        assert_eq!(within(SHORT, async { Ok(7) }).await.expect("an answer"), 7);
        let moment = Duration::from_millis(10);
        let late = within(moment, std::future::pending::<Result<(), _>>()).await;
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    }
}
