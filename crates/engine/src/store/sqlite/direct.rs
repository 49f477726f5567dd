//! A writing connection for whole transactions at once, for what is written most often: charges and new keys.
//!
//! sqlx hands every statement to a thread of its own and waits for its answer: with nine statements, those waits were
//! most of what a new key cost. Here one blocking task begins, asks, writes and commits, through rusqlite, on the same
//! library.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::OwnedMutexGuard;

use super::{BUSY, CHECKPOINT_PAGES};
use crate::store::StoreError;

/// Statements that are kept prepared.
const STATEMENTS: usize = 32;

/// The connection. One job at a time, because each holds the place of those that write.
#[derive(Clone)]
pub(super) struct Direct(Arc<Mutex<Option<Connection>>>);

impl Direct {
    /// Opens a file that is there, and whose schema is up to date.
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(BUSY)?;
        // As for the other connections; the file itself knows that it has a write-ahead log.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self(Arc::new(Mutex::new(Some(connection)))))
    }

    /// Does `work` in a transaction, which ends with it: committed, and on disk, if it says `true`.
    pub(super) async fn transaction<T: Send + 'static>(
        &self,
        place: OwnedMutexGuard<()>,
        work: impl FnOnce(&Transaction<'_>) -> Result<(T, bool), StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.0);
        let job = move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let closed = || StoreError::Unavailable("the database is closed".into());
            let connection = connection.as_mut().ok_or_else(closed)?;
            // IMMEDIATE takes the write lock at once: no statement further on can fail for want of it.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let (answer, keep) = work(&transaction)?;
            if keep {
                transaction.commit()?;
            } else {
                transaction.rollback()?;
            }
            // Not before: even if nobody waits for the answer any more.
            drop(place);
            Ok(answer)
        };
        tokio::task::spawn_blocking(job).await.map_err(|error| StoreError::Other(error.into()))?
    }

    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
