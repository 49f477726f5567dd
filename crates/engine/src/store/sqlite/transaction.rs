//! A transaction. The questions are in `read.rs`, the changes in `write.rs`.

use sqlx::{Sqlite, SqliteConnection, Transaction};

use crate::index::Revision;
use crate::store::{StoreError, Written};

/// One transaction. Dropped, it rolls back.
pub(super) struct SqliteTransaction {
    inner: Transaction<'static, Sqlite>,
    /// The lines of the change log it wrote.
    written: Written,
}

impl SqliteTransaction {
    pub(super) fn new(inner: Transaction<'static, Sqlite>) -> Self {
        Self { inner, written: None }
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
