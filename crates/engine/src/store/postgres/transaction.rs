//! A transaction. The questions are in `read.rs`, the changes in `write.rs`.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, Transaction, query};

use super::audit;
use super::listener::CHANNEL;
use crate::audit_chain::ChainHead;
use crate::index::Revision;
use crate::pepper::Pepper;
use crate::store::columns::Columns;
use crate::store::{NewAudit, StoreError, Written};

/// One transaction. Dropped, it rolls back.
pub(super) struct PostgresTransaction {
    inner: Transaction<'static, Postgres>,
    head: Head,
    /// The first line of the change log that it wrote.
    first: Option<Revision>,
}

/// The last numbers given, those of this transaction included, and where the chain of the audit log ends.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) change: Revision,
    pub(super) audit: i64,
    pub(super) chain: ChainHead,
}

impl Head {
    /// As the columns of table `head` say.
    pub(super) fn of(row: &PgRow) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            change: columns.number("change")?,
            audit: columns.number("audit")?,
            chain: columns.chain_head("tied")?,
        })
    }
}

impl PostgresTransaction {
    /// Only questions will be asked.
    pub(super) fn reading(inner: Transaction<'static, Postgres>) -> Self {
        let head = Head { change: 0, audit: 0, chain: ChainHead::START };
        Self { inner, head, first: None }
    }

    /// Waits until every other writer is done.
    pub(super) async fn writing(
        mut inner: Transaction<'static, Postgres>,
    ) -> Result<Self, StoreError> {
        let row = query("SELECT change, audit, tied, link, seal FROM head FOR UPDATE")
            .fetch_one(&mut *inner)
            .await?;
        Ok(Self { inner, head: Head::of(&row)?, first: None })
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

    /// Adds lines to the audit log, tied to those before.
    pub(super) async fn add_audit(
        &mut self,
        lines: &[NewAudit],
        pepper: &Pepper,
    ) -> Result<(), StoreError> {
        if lines.is_empty() {
            return Ok(());
        }
        // Written by a node of an earlier release meanwhile.
        self.tie_rest(u32::MAX, pepper).await?;
        let numbered = (self.head.audit + 1..).zip(lines).map(|(seq, line)| line.numbered(seq));
        let mut numbered: Vec<_> = numbered.collect();
        self.head.chain.tie(&mut numbered, pepper);
        self.head.audit = self.head.chain.seq;
        audit::insert(self.connection(), &numbered).await
    }

    /// Ties lines that are not tied yet, `limit` at most; says how many.
    pub(super) async fn tie_rest(
        &mut self,
        limit: u32,
        pepper: &Pepper,
    ) -> Result<u64, StoreError> {
        let mut chain = self.head.chain;
        if chain.seq >= self.head.audit {
            return Ok(0);
        }
        let tied = audit::tie_rest(self.connection(), &mut chain, limit, pepper).await?;
        self.head.chain = chain;
        Ok(tied)
    }

    /// Moves the head, tells the other nodes, and commits: they hear of it when it is visible to them.
    pub(super) async fn finish(mut self) -> Result<Written, StoreError> {
        let head = self.head;
        query(
            "WITH moved AS (UPDATE head SET change = $1, audit = $2, tied = $3, link = $4, seal = $5
                            RETURNING one)
             SELECT pg_notify($6, '') FROM moved",
        )
        .bind(head.change)
        .bind(head.audit)
        .bind(head.chain.seq)
        .bind(head.chain.link.as_bytes().to_vec())
        .bind(head.chain.seal.map(|seal| seal.to_vec()))
        .bind(CHANNEL)
        .execute(self.connection())
        .await?;
        self.inner.commit().await?;
        Ok(self.first.map(|first| first..=head.change))
    }
}
