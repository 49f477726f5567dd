//! A transaction. The questions are in `read.rs`, the changes in `write.rs`.

use sqlx::{PgConnection, Postgres, Row, Transaction, query};

use super::listener::CHANNEL;
use crate::index::Revision;
use crate::store::{StoreError, Written};

/// One transaction. Dropped, it rolls back.
pub(super) struct PostgresTransaction {
    inner: Transaction<'static, Postgres>,
    head: Head,
    /// The first line of the change log that it wrote.
    first: Option<Revision>,
}

/// The last numbers given, those of this transaction included.
#[derive(Clone, Copy, Default)]
struct Head {
    change: Revision,
    audit: i64,
}

impl PostgresTransaction {
    /// Only questions will be asked.
    pub(super) fn reading(inner: Transaction<'static, Postgres>) -> Self {
        Self { inner, head: Head::default(), first: None }
    }

    /// Waits until every other writer is done.
    pub(super) async fn writing(
        mut inner: Transaction<'static, Postgres>,
    ) -> Result<Self, StoreError> {
        let row = query("SELECT change, audit FROM head FOR UPDATE").fetch_one(&mut *inner).await?;
        let head = Head { change: row.try_get("change")?, audit: row.try_get("audit")? };
        Ok(Self { inner, head, first: None })
    }

    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// The numbers of the next `count` lines of the change log: the first of them.
    pub(super) fn next_changes(&mut self, count: usize) -> Revision {
        let first = self.head.change + 1;
        self.head.change += i64::try_from(count).unwrap_or(i64::MAX);
        self.first.get_or_insert(first);
        first
    }

    /// The same for the audit log.
    pub(super) fn next_audit(&mut self, count: usize) -> i64 {
        let first = self.head.audit + 1;
        self.head.audit += i64::try_from(count).unwrap_or(i64::MAX);
        first
    }

    /// Moves the head, tells the other nodes, and commits: they hear of it when it is visible to them.
    pub(super) async fn finish(mut self) -> Result<Written, StoreError> {
        let head = self.head;
        query(
            "WITH moved AS (UPDATE head SET change = $1, audit = $2 RETURNING one)
             SELECT pg_notify($3, '') FROM moved",
        )
        .bind(head.change)
        .bind(head.audit)
        .bind(CHANNEL)
        .execute(self.connection())
        .await?;
        self.inner.commit().await?;
        Ok(self.first.map(|first| first..=head.change))
    }
}
