//! When keys were last used.
//!
//! A few uses are written where they belong, into `api_key.last_used_at`. Under load that would cost more
//! than the verifications themselves, because every use touches a page of its own. Then a batch of uses is
//! appended to `use_journal` as one row, which makes them as durable, and the column is brought up to date
//! at leisure: once for each key, however often it was used, and in the order of the pages. Until then
//! [`Pending`] holds them, and every row that this process reads is given its latest use from there.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use oneloop_protocol::UnixMillis;
use sqlx::sqlite::SqlitePool;
use sqlx::{Row, query, query_scalar};
use tokio::sync::Mutex;

use crate::store::columns::json;
use crate::store::{ApiKeyRow, StoreError};

/// Up to this many uses at once are written where they belong.
const FEW: usize = 500;

/// How long the column may lag behind the journal.
const FOLD_INTERVAL: Duration = Duration::from_secs(30);

/// Keys with uses in the journal, at most: some 50 bytes of memory each.
const PENDING_MAX: usize = 1_000_000;

/// Keys brought up to date in one transaction: a long one would keep other writers waiting.
const BATCH: usize = 5_000;

/// Bytes of one use in the journal.
const WIDTH: usize = 24;

/// The latest uses that are in the journal and not in the column.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending(Arc<RwLock<HashMap<u128, UnixMillis>>>);

impl Pending {
    /// Gives the rows their latest use.
    pub(super) fn complete(&self, rows: &mut [ApiKeyRow]) {
        let pending = self.read();
        if pending.is_empty() {
            return;
        }
        for row in rows {
            row.last_used_at = row.last_used_at.max(pending.get(&row.id).copied());
        }
    }

    fn note(&self, uses: &[(u128, UnixMillis)]) {
        let mut pending = self.write();
        for (id, at) in uses {
            let latest = pending.entry(*id).or_insert(*at);
            *latest = (*latest).max(*at);
        }
    }

    /// All of them, in the order in which keys were created, which is that of their pages.
    fn sorted(&self) -> Vec<(u128, UnixMillis)> {
        let mut uses: Vec<_> = self.read().iter().map(|(id, at)| (*id, *at)).collect();
        uses.sort_unstable();
        uses
    }

    fn len(&self) -> usize {
        self.read().len()
    }

    fn clear(&self) {
        // Not `clear`: a table that once held a million should not stay that large.
        *self.write() = HashMap::new();
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<u128, UnixMillis>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<u128, UnixMillis>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes uses; one batch at a time.
pub(super) struct Uses {
    pending: Pending,
    journal: Mutex<Journal>,
}

/// This process's rows of the journal.
#[derive(Default)]
struct Journal {
    rows: Vec<i64>,
    /// When the first of them was written.
    since: Option<Instant>,
}

impl Uses {
    /// Folds in what an earlier process left in the journal. What another process may add meanwhile is in
    /// that process's memory, too, so nobody needs its row.
    pub(super) async fn open(writer: &SqlitePool) -> Result<Self, StoreError> {
        let uses = Self { pending: Pending::default(), journal: Mutex::default() };
        let rows =
            query("SELECT seq, uses FROM use_journal ORDER BY seq").fetch_all(writer).await?;
        if !rows.is_empty() {
            let mut journal = uses.journal.lock().await;
            for row in &rows {
                journal.rows.push(row.try_get("seq")?);
                uses.pending.note(&unpack(row.try_get("uses")?));
            }
            uses.fold(&mut journal, writer).await?;
        }
        Ok(uses)
    }

    pub(super) fn pending(&self) -> Pending {
        self.pending.clone()
    }

    /// Makes the uses durable.
    pub(super) async fn note(
        &self,
        writer: &SqlitePool,
        uses: &[(u128, UnixMillis)],
    ) -> Result<(), StoreError> {
        let mut journal = self.journal.lock().await;
        if uses.len() <= FEW {
            return update(writer, uses).await;
        }
        let append = query_scalar("INSERT INTO use_journal (uses) VALUES (?1) RETURNING seq");
        let row = append.bind(pack(uses)).fetch_one(writer).await?;
        journal.rows.push(row);
        journal.since.get_or_insert_with(Instant::now);
        self.pending.note(uses);
        Ok(())
    }

    /// Folds the journal into the column, if it is time.
    pub(super) async fn fold_if_due(&self, writer: &SqlitePool) -> Result<(), StoreError> {
        let mut journal = self.journal.lock().await;
        let Some(since) = journal.since else { return Ok(()) };
        if since.elapsed() < FOLD_INTERVAL && self.pending.len() < PENDING_MAX {
            return Ok(());
        }
        self.fold(&mut journal, writer).await
    }

    /// Folds the journal into the column now.
    pub(super) async fn fold_now(&self, writer: &SqlitePool) -> Result<(), StoreError> {
        self.fold(&mut *self.journal.lock().await, writer).await
    }

    async fn fold(&self, journal: &mut Journal, writer: &SqlitePool) -> Result<(), StoreError> {
        for batch in self.pending.sorted().chunks(BATCH) {
            update(writer, batch).await?;
        }
        // After the column: uses that stand in both places do no harm, and uses that stand in none do.
        query("DELETE FROM use_journal WHERE seq IN (SELECT value FROM json_each(?1))")
            .bind(json(&journal.rows))
            .execute(writer)
            .await?;
        *journal = Journal::default();
        self.pending.clear();
        Ok(())
    }
}

/// Brings the column up to date, in one statement however many keys there are.
async fn update(writer: &SqlitePool, uses: &[(u128, UnixMillis)]) -> Result<(), StoreError> {
    let uses: Vec<_> = uses.iter().map(|(id, at)| (format!("{id:032x}"), at)).collect();
    query(
        "UPDATE api_key SET last_used_at = used.at
         FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS at FROM json_each(?1)) AS used
         WHERE api_key.id = used.id
           AND (api_key.last_used_at IS NULL OR api_key.last_used_at < used.at)",
    )
    .bind(json(&uses))
    .execute(writer)
    .await?;
    Ok(())
}

fn pack(uses: &[(u128, UnixMillis)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(uses.len() * WIDTH);
    for (id, at) in uses {
        bytes.extend_from_slice(&id.to_be_bytes());
        bytes.extend_from_slice(&at.to_be_bytes());
    }
    bytes
}

fn unpack(bytes: &[u8]) -> Vec<(u128, UnixMillis)> {
    let one = |packed: &[u8]| {
        let (id, at) = packed.split_first_chunk()?;
        Some((u128::from_be_bytes(*id), UnixMillis::from_be_bytes(at.try_into().ok()?)))
    };
    bytes.chunks_exact(WIDTH).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packing_keeps_uses(uses: Vec<(u128, i64)>) {
            prop_assert_eq!(unpack(&pack(&uses)), uses);
        }
    }
}
