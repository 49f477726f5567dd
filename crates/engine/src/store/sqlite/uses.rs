//! When keys were last used.
//!
//! A few uses are written where they belong, into `api_key.last_used_at` or, of a secret that was replaced, into
//! `replaced_tag.last_used_at`. Under load that would cost more than the verifications themselves, because every use
//! touches a page of its own. Then a batch of uses is appended to `use_journal` as one row, which makes them as durable,
//! and the column is brought up to date at leisure: once for each key, however often it was used, and in the order of
//! the pages. Until then [`Pending`] holds them, and every row that this process reads is given its latest use from
//! there.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use oneloop_protocol::UnixMillis;
use sqlx::sqlite::SqlitePool;
use sqlx::{Row, query, query_scalar};
use tokio::sync::Mutex;

use crate::store::columns::json;
use crate::store::{ApiKeyRow, StoreError};
use crate::tag::Tag;

/// Up to this many uses at once are written where they belong.
const FEW: usize = 500;

/// How long the column may lag behind the journal.
pub(super) const FOLD_INTERVAL: Duration = Duration::from_secs(30);

/// Keys with uses in the journal, at most: some 50 bytes of memory each.
const PENDING_MAX: usize = 1_000_000;

/// Keys brought up to date in one transaction: a long one would keep other writers waiting.
const BATCH: usize = 5_000;

/// A key's id or a secret's tag, as the columns have it.
trait Subject: Copy + Eq + Hash + Ord {
    /// Its bytes in the journal.
    const WIDTH: usize;
    /// Adds a row to the journal.
    const APPEND: &'static str;
    /// Brings the column up to date, from a JSON list of pairs.
    const UPDATE: &'static str;

    fn bytes(&self) -> impl AsRef<[u8]>;
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// Moves `last_used_at` of a table forward, in one statement however many rows there are.
macro_rules! move_forward {
    ($table:literal, $by:literal) => {
        concat!(
            "UPDATE ", $table, " AS found SET last_used_at = used.at
             FROM (SELECT unhex(value ->> 0) AS known, value ->> 1 AS at FROM json_each(?1)) AS used
             WHERE found.", $by, " = used.known
               AND (found.last_used_at IS NULL OR found.last_used_at < used.at)",
        )
    };
}

impl Subject for u128 {
    const WIDTH: usize = 16;
    const APPEND: &'static str = "INSERT INTO use_journal (uses) VALUES (?1) RETURNING seq";
    const UPDATE: &'static str = move_forward!("api_key", "id");

    fn bytes(&self) -> impl AsRef<[u8]> {
        self.to_be_bytes()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_be_bytes(bytes.try_into().ok()?))
    }
}

impl Subject for Tag {
    const WIDTH: usize = 32;
    const APPEND: &'static str =
        "INSERT INTO use_journal (uses, replaced) VALUES (x'', ?1) RETURNING seq";
    const UPDATE: &'static str = move_forward!("replaced_tag", "tag");

    fn bytes(&self) -> impl AsRef<[u8]> {
        self.as_bytes()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_bytes(bytes.try_into().ok()?))
    }
}

/// The latest uses that are in the journal and not in the columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    keys: Latest<u128>,
    /// Of secrets that were replaced.
    replaced: Latest<Tag>,
}

impl Pending {
    /// Gives the rows their latest use.
    pub(super) fn complete(&self, rows: &mut [ApiKeyRow]) {
        let (keys, replaced) = (self.keys.read(), self.replaced.read());
        if keys.is_empty() && replaced.is_empty() {
            return;
        }
        for row in rows {
            row.last_used_at = row.last_used_at.max(keys.get(&row.id).copied());
            let previous = row.previous_tag.and_then(|tag| replaced.get(&tag).copied());
            row.previous_last_used_at = row.previous_last_used_at.max(previous);
        }
    }

    fn len(&self) -> usize {
        self.keys.read().len() + self.replaced.read().len()
    }
}

/// The latest uses of one kind.
#[derive(Clone, Debug)]
struct Latest<S>(Arc<RwLock<HashMap<S, UnixMillis>>>);

impl<S> Default for Latest<S> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<S: Subject> Latest<S> {
    fn note(&self, uses: &[(S, UnixMillis)]) {
        let mut pending = self.write();
        for (subject, at) in uses {
            let latest = pending.entry(*subject).or_insert(*at);
            *latest = (*latest).max(*at);
        }
    }

    /// Brings the column up to date: keys in the order in which they were created, which is that of their pages.
    async fn fold(&self, writer: &SqlitePool) -> Result<(), StoreError> {
        let mut uses: Vec<_> = self.read().iter().map(|(subject, at)| (*subject, *at)).collect();
        uses.sort_unstable();
        for batch in uses.chunks(BATCH) {
            update(writer, batch).await?;
        }
        Ok(())
    }

    fn clear(&self) {
        // Not `clear`: a table that once held a million should not stay that large.
        *self.write() = HashMap::new();
    }
}

impl<S> Latest<S> {
    fn read(&self) -> RwLockReadGuard<'_, HashMap<S, UnixMillis>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<S, UnixMillis>> {
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

impl Journal {
    fn is_older_than(&self, interval: Duration) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= interval)
    }
}

impl Uses {
    /// Folds in what an earlier process left in the journal. What another process may add meanwhile is in
    /// that process's memory, too, so nobody needs its row.
    pub(super) async fn open(writer: &SqlitePool) -> Result<Self, StoreError> {
        let uses = Self { pending: Pending::default(), journal: Mutex::default() };
        let journal = "SELECT seq, uses, replaced FROM use_journal ORDER BY seq";
        let rows = query(journal).fetch_all(writer).await?;
        if !rows.is_empty() {
            let mut journal = uses.journal.lock().await;
            for row in &rows {
                journal.rows.push(row.try_get("seq")?);
                uses.pending.keys.note(&unpack(row.try_get("uses")?));
                uses.pending.replaced.note(&unpack(row.try_get("replaced")?));
            }
            uses.fold(&mut journal, writer).await?;
        }
        Ok(uses)
    }

    pub(super) fn pending(&self) -> Pending {
        self.pending.clone()
    }

    /// Makes the uses of keys durable.
    pub(super) async fn note(
        &self,
        writer: &SqlitePool,
        uses: &[(u128, UnixMillis)],
    ) -> Result<(), StoreError> {
        self.write(writer, &self.pending.keys, uses).await
    }

    /// Makes the uses of secrets that were replaced durable.
    pub(super) async fn note_replaced(
        &self,
        writer: &SqlitePool,
        uses: &[(Tag, UnixMillis)],
    ) -> Result<(), StoreError> {
        self.write(writer, &self.pending.replaced, uses).await
    }

    async fn write<S: Subject>(
        &self,
        writer: &SqlitePool,
        latest: &Latest<S>,
        uses: &[(S, UnixMillis)],
    ) -> Result<(), StoreError> {
        let mut journal = self.journal.lock().await;
        if uses.len() <= FEW {
            return update(writer, uses).await;
        }
        let row = query_scalar(S::APPEND).bind(pack(uses)).fetch_one(writer).await?;
        journal.rows.push(row);
        journal.since.get_or_insert_with(Instant::now);
        latest.note(uses);
        Ok(())
    }

    /// Whether something is in the journal for `interval`, or so much that it must not become more.
    pub(super) async fn is_due(&self, interval: Duration) -> bool {
        self.journal.lock().await.is_older_than(interval) || self.pending.len() >= PENDING_MAX
    }

    /// Folds the journal into the column, if [it is time](Self::is_due).
    pub(super) async fn fold_if_due(
        &self,
        writer: &SqlitePool,
        interval: Duration,
    ) -> Result<(), StoreError> {
        let mut journal = self.journal.lock().await;
        if !journal.is_older_than(interval) && self.pending.len() < PENDING_MAX {
            return Ok(());
        }
        self.fold(&mut journal, writer).await
    }

    /// Folds the journal into the column now.
    pub(super) async fn fold_now(&self, writer: &SqlitePool) -> Result<(), StoreError> {
        self.fold(&mut *self.journal.lock().await, writer).await
    }

    async fn fold(&self, journal: &mut Journal, writer: &SqlitePool) -> Result<(), StoreError> {
        self.pending.keys.fold(writer).await?;
        self.pending.replaced.fold(writer).await?;
        // After the column: uses that stand in both places do no harm, and uses that stand in none do.
        query("DELETE FROM use_journal WHERE seq IN (SELECT value FROM json_each(?1))")
            .bind(json(&journal.rows))
            .execute(writer)
            .await?;
        *journal = Journal::default();
        self.pending.keys.clear();
        self.pending.replaced.clear();
        Ok(())
    }
}

/// Brings a column up to date, in one statement however many uses there are.
async fn update<S: Subject>(
    writer: &SqlitePool,
    uses: &[(S, UnixMillis)],
) -> Result<(), StoreError> {
    let hex = |subject: &S| data_encoding::HEXLOWER.encode(subject.bytes().as_ref());
    let uses: Vec<_> = uses.iter().map(|(subject, at)| (hex(subject), at)).collect();
    query(S::UPDATE).bind(json(&uses)).execute(writer).await?;
    Ok(())
}

fn pack<S: Subject>(uses: &[(S, UnixMillis)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(uses.len() * width::<S>());
    for (subject, at) in uses {
        bytes.extend_from_slice(subject.bytes().as_ref());
        bytes.extend_from_slice(&at.to_be_bytes());
    }
    bytes
}

fn unpack<S: Subject>(bytes: &[u8]) -> Vec<(S, UnixMillis)> {
    let one = |packed: &[u8]| {
        let (subject, at) = packed.split_at_checked(S::WIDTH)?;
        Some((S::read(subject)?, UnixMillis::from_be_bytes(at.try_into().ok()?)))
    };
    bytes.chunks_exact(width::<S>()).filter_map(one).collect()
}

/// Bytes of one use in the journal.
const fn width<S: Subject>() -> usize {
    S::WIDTH + size_of::<UnixMillis>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packing_keeps_uses(
            keys: Vec<(u128, i64)>,
            replaced: Vec<([u8; 32], i64)>,
        ) {
            prop_assert_eq!(unpack(&pack(&keys)), keys);
            let replaced: Vec<_> =
                replaced.into_iter().map(|(tag, at)| (Tag::from_bytes(tag), at)).collect();
            prop_assert_eq!(unpack(&pack(&replaced)), replaced);
        }
    }
}
