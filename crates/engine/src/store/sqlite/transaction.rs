//! A transaction. The questions are in `read.rs`, the changes in `write.rs`.

use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, SqliteConnection, Transaction};
use tokio::sync::OwnedMutexGuard;

use super::uses::Pending;
use crate::index::Revision;
use crate::store::from_columns::all;
use crate::store::{ApiKeyRow, StoreError, Written};

/// One transaction. Dropped, it rolls back.
pub(super) struct SqliteTransaction {
    inner: Transaction<'static, Sqlite>,
    /// Held while it may write. After it, so that others begin when it has ended.
    _place: Option<OwnedMutexGuard<()>>,
    /// The lines of the change log it wrote.
    written: Written,
    /// What the rows of keys do not say yet.
    pending: Pending,
    /// Where the database is.
    file: Arc<Path>,
}

impl SqliteTransaction {
    pub(super) fn new(
        inner: Transaction<'static, Sqlite>,
        place: Option<OwnedMutexGuard<()>>,
        pending: Pending,
        file: Arc<Path>,
    ) -> Self {
        Self { inner, _place: place, written: None, pending, file }
    }

    pub(super) fn file(&self) -> Arc<Path> {
        Arc::clone(&self.file)
    }

    /// The rows as keys, their latest use included.
    pub(super) fn keys(&self, rows: Vec<SqliteRow>) -> Result<Vec<ApiKeyRow>, StoreError> {
        let mut keys = all(rows)?;
        self.pending.complete(&mut keys);
        Ok(keys)
    }

    /// The row as a key, its latest use included.
    pub(super) fn key(&self, row: Option<SqliteRow>) -> Result<Option<ApiKeyRow>, StoreError> {
        Ok(self.keys(row.into_iter().collect())?.pop())
    }

    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    /// Remembers that the lines `first..=last` of the change log are this transaction's.
    pub(super) fn logged(&mut self, first: Revision, last: Revision) {
        let first = self.written.as_ref().map_or(first, |written| *written.start());
        self.written = Some(first..=last);
    }

    pub(super) async fn finish(self) -> Result<Written, StoreError> {
        self.inner.commit().await?;
        Ok(self.written)
    }
}
