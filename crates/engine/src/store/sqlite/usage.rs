//! Counts of verifications.
//!
//! A few are added where they belong, to `key_usage`. Under load that would cost more than the verifications
//! themselves. Then a batch of counts is appended to `usage_journal` as one row, which makes them as durable,
//! and the table is brought up to date at leisure, once for each key. A chart adds both up.

use std::time::{Duration, Instant};

use sqlx::sqlite::SqlitePool;
use sqlx::{SqliteConnection, query, query_scalar};
use tokio::sync::Mutex;

use super::usage_journal;
use crate::store::columns::{blob, json};
use crate::store::from_columns::all;
use crate::store::{StoreError, USAGE_DAYS_KEPT, USAGE_ROUTES, UsageRow};
use crate::usage::OTHER_ROUTES;

/// Rows that one write clears away at most.
const PURGE: u32 = 1_000;

/// Up to this many counts at once are added where they belong. In the journal's rows that are about to be folded
/// in, as many stand together: one transaction, short enough for other writers to wait for.
const FEW: usize = 500;

/// How long counts may stay in the journal.
const FOLD_INTERVAL: Duration = Duration::from_secs(30);

/// Bytes of counts that may stay in the journal.
const JOURNAL_MAX: usize = 64 * 1024 * 1024;

/// Writes counts; one batch at a time.
pub(super) struct Usage(Mutex<Waiting>);

/// What is in the journal.
#[derive(Default)]
struct Waiting {
    since: Option<Instant>,
    bytes: usize,
}

impl Usage {
    /// Whatever is in the journal already is folded in with what will be.
    pub(super) async fn open(writer: &SqlitePool) -> Result<Self, StoreError> {
        let some = query("SELECT 1 FROM usage_journal LIMIT 1").fetch_optional(writer).await?;
        let since = some.map(|_| Instant::now());
        Ok(Self(Mutex::new(Waiting { since, bytes: 0 })))
    }

    /// Makes the counts durable.
    pub(super) async fn note(
        &self,
        writer: &SqlitePool,
        counts: &[UsageRow],
    ) -> Result<(), StoreError> {
        let mut waiting = self.0.lock().await;
        if counts.len() <= FEW {
            let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
            add(&mut transaction, counts).await?;
            transaction.commit().await?;
            return Ok(());
        }
        let counts = usage_journal::pack(counts);
        let bytes = counts.len();
        append(&mut *writer.acquire().await?, counts).await?;
        waiting.bytes += bytes;
        waiting.since.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Folds the journal into the table, if it is time.
    pub(super) async fn fold_if_due(&self, writer: &SqlitePool) -> Result<(), StoreError> {
        let mut waiting = self.0.lock().await;
        let Waiting { since: Some(since), bytes } = *waiting else { return Ok(()) };
        if since.elapsed() < FOLD_INTERVAL && bytes < JOURNAL_MAX {
            return Ok(());
        }
        fold(writer).await?;
        *waiting = Waiting::default();
        Ok(())
    }

    /// Folds the journal into the table now.
    pub(super) async fn fold_now(&self, writer: &SqlitePool) -> Result<(), StoreError> {
        let mut waiting = self.0.lock().await;
        if waiting.since.is_some() {
            fold(writer).await?;
            *waiting = Waiting::default();
        }
        Ok(())
    }
}

async fn append(connection: &mut SqliteConnection, counts: Vec<u8>) -> Result<i64, StoreError> {
    let append = query_scalar("INSERT INTO usage_journal (counts) VALUES (?1) RETURNING seq");
    Ok(append.bind(counts).fetch_one(connection).await?)
}

/// First the journal is written anew, with all counts of a key together and in the order of the table; then
/// one of its new rows after the other is taken away and added to the table.
async fn fold(writer: &SqlitePool) -> Result<(), StoreError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let rows = query_scalar::<_, Vec<u8>>("DELETE FROM usage_journal RETURNING counts")
        .fetch_all(&mut *transaction)
        .await?;
    let mut sorted = Vec::new();
    for counts in usage_journal::merge(&rows).chunks(FEW) {
        sorted.push(append(&mut transaction, usage_journal::pack(counts)).await?);
    }
    transaction.commit().await?;
    for row in sorted {
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        let counts =
            query_scalar::<_, Vec<u8>>("DELETE FROM usage_journal WHERE seq = ?1 RETURNING counts")
                .bind(row)
                .fetch_all(&mut *transaction)
                .await?;
        add(&mut transaction, &usage_journal::merge(&counts)).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Adds counts to the table, in one statement however many there are.
async fn add(transaction: &mut SqliteConnection, counts: &[UsageRow]) -> Result<(), StoreError> {
    let Some(newest) = counts.iter().map(|row| row.day).max() else { return Ok(()) };
    let rows: Vec<_> = counts
        .iter()
        .map(|row| (format!("{:032x}", row.key), row.day, &row.route, row.verdict as u8, row.count))
        .collect();
    query(
        "INSERT INTO key_usage (api_key, day, route, verdict, count)
         SELECT api_key, day,
                CASE WHEN route = ''
                       OR EXISTS (SELECT 1 FROM key_usage AS known
                                  WHERE known.api_key = new.api_key AND known.day = new.day
                                    AND known.route = new.route)
                       OR (SELECT count(*) FROM key_usage AS known
                           WHERE known.api_key = new.api_key AND known.day = new.day) < ?2
                     THEN route ELSE ?3 END AS counted_route,
                verdict, sum(count)
         FROM (SELECT unhex(value ->> 0) AS api_key, value ->> 1 AS day, value ->> 2 AS route,
                      value ->> 3 AS verdict, value ->> 4 AS count
               FROM json_each(?1)) AS new
         WHERE true
         GROUP BY api_key, day, counted_route, verdict
         ON CONFLICT (api_key, day, route, verdict) DO UPDATE SET count = count + excluded.count",
    )
    .bind(json(&rows))
    .bind(USAGE_ROUTES)
    .bind(OTHER_ROUTES)
    .execute(&mut *transaction)
    .await?;
    query(
        "DELETE FROM key_usage WHERE (api_key, day, route, verdict) IN
             (SELECT api_key, day, route, verdict FROM key_usage WHERE day < ?1 LIMIT ?2)",
    )
    .bind(newest - USAGE_DAYS_KEPT)
    .bind(PURGE)
    .execute(&mut *transaction)
    .await?;
    Ok(())
}

/// The counts of one key, from one day to another.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    key: u128,
    first: i64,
    last: i64,
) -> Result<Vec<UsageRow>, StoreError> {
    let counts = query(
        "SELECT api_key, day, route, verdict, count FROM key_usage
         WHERE api_key = ?1 AND day BETWEEN ?2 AND ?3
         ORDER BY day, route, verdict",
    )
    .bind(blob(key))
    .bind(first)
    .bind(last);
    let counts = all(counts.fetch_all(&mut *connection).await?)?;
    let journal = query_scalar::<_, Vec<u8>>("SELECT counts FROM usage_journal");
    let mut journal = usage_journal::merge(&journal.fetch_all(connection).await?);
    journal.retain(|row| row.key == key && (first..=last).contains(&row.day));
    Ok(if journal.is_empty() { counts } else { usage_journal::sum(counts, journal) })
}
