//! Whether anybody has committed: the head of the change log, asked for on a connection that does nothing else.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, query_scalar};
use tokio::sync::Mutex;

use super::connections;
use crate::index::Revision;
use crate::store::StoreError;

/// How long an answer may take. A connection whose other end vanished would say nothing for many minutes.
const PATIENCE: Duration = Duration::from_secs(1);

/// A look at the head of the change log.
pub(super) struct Watch {
    options: PgConnectOptions,
    state: Mutex<State>,
}

enum State {
    Open { connection: Option<PgConnection>, seen: Option<Revision> },
    Closed,
}

impl Watch {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self { options, state: Mutex::new(State::Open { connection: None, seen: None }) }
    }

    /// Whether the head has moved since the last call. A connection that failed is replaced by the next call.
    pub(super) async fn has_news(&self) -> Result<bool, StoreError> {
        let mut state = self.state.lock().await;
        let State::Open { connection, seen } = &mut *state else {
            return Err(StoreError::Unavailable("the database is closed".into()));
        };
        // Taken out: dropped if this fails, or is given up.
        let mut used = match connection.take() {
            Some(used) => used,
            None => in_time(connections::single(&self.options)).await?,
        };
        let head = query_scalar("SELECT change FROM head").fetch_one(&mut used);
        let head: Revision = in_time(head).await?;
        *connection = Some(used);
        Ok(seen.replace(head) != Some(head))
    }

    pub(super) async fn close(&self) {
        let state = std::mem::replace(&mut *self.state.lock().await, State::Closed);
        if let State::Open { connection: Some(connection), .. } = state {
            // Ignored: it has nothing to lose.
            let _ = connection.close().await;
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(late) => Err(StoreError::Unavailable(late.into())),
    }
}
