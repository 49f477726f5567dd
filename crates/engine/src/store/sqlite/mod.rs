//! SQLite: one file, its write-ahead log beside it, one writer, a few readers.

mod audit;
mod bulk;
mod charge;
mod creates;
mod credit;
mod direct;
mod idempotency;
mod load;
mod migration;
mod read;
mod signing_keys;
mod transaction;
pub(crate) mod transfer;
mod usage;
mod usage_journal;
mod uses;
mod write;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oneloop_protocol::UnixMillis;
use rusqlite::Transaction;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{ApiKeyRow, NewAudit, Read, Store, StoreError, UsageRow, Write, Written};
use crate::error::OpenError;
use crate::index::Revision;
use crate::ledger::{Charge, Charged};
use crate::pepper::Pepper;
use crate::tag::Tag;
use direct::Direct;
use transaction::SqliteTransaction;
use usage::Usage;
use uses::Uses;

/// The schema, compiled in.
static MIGRATIONS: Migrator = sqlx::migrate!("src/store/sqlite/migrations");

/// How long to wait for another process to finish writing.
const BUSY: Duration = Duration::from_secs(5);

/// The writer's page cache, in KiB and so below zero: the pages of all indexes that a chunk of 10,000 keys touches among
/// three million keys, 72 MB. With less it would write and read back each of them many times.
const WRITER_CACHE: &str = "-73728";

/// Pages in the write-ahead log before they are folded into the database: 256 MB. An import touches the same pages of the
/// indexes of tags and of owners with every chunk, and so folds them in once for several.
const CHECKPOINT_PAGES: &str = "64000";

/// Connections for questions. A question takes microseconds, so few are enough.
const READERS: u32 = 4;

/// How long before a question that goes by last use uses may lie, that it does not see.
const SETTLED: Duration = Duration::from_secs(1);

/// Lines of the change log that are forgotten at once.
const FORGET: u32 = 10_000;

/// One SQLite file.
pub(crate) struct SqliteStore {
    writer: SqlitePool,
    /// The place of those in this process that write: SQLite has one writer, and waiting here is cheaper than polling its
    /// lock.
    place: Arc<Mutex<()>>,
    readers: SqlitePool,
    /// One connection for whoever follows the change log: questions that take long must not keep it waiting.
    follower: SqlitePool,
    direct: Direct,
    uses: Uses,
    usage: Usage,
    watch: Mutex<Watch>,
    file: Arc<Path>,
}

/// Notices commits of other connections.
struct Watch {
    connection: Option<SqliteConnection>,
    seen: i64,
}

impl SqliteStore {
    /// Opens the file, creates it if it is not there (mode 0600), and brings its schema up to date.
    pub(crate) async fn open(file: &Path) -> Result<Self, OpenError> {
        let database = || format!("sqlite:{}", file.display());
        let failed =
            |cause: crate::error::Cause| OpenError::Database { database: database(), cause };
        create_private(file).map_err(|error| failed(error.into()))?;

        let options = options(file);
        let writing = options
            .clone()
            .pragma("cache_size", WRITER_CACHE)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        let writer = pool(1).connect_with(writing).await.map_err(|error| failed(error.into()))?;
        MIGRATIONS.run(&writer).await.map_err(|error| match error {
            MigrateError::VersionMissing(found) if found > newest() => {
                OpenError::NewerSchema { database: database(), found, known: newest() }
            }
            error => failed(error.into()),
        })?;
        let reading = options.clone().pragma("query_only", "on");
        let readers = pool(READERS).connect_with(reading.clone()).await;
        let readers = readers.map_err(|error| failed(error.into()))?;
        let follower = pool(1).connect_lazy_with(reading);
        let opened = file.to_owned();
        let direct = tokio::task::spawn_blocking(move || Direct::open(&opened))
            .await
            .map_err(|error| failed(error.into()))?
            .map_err(|error| failed(error.into()))?;
        let connection =
            SqliteConnection::connect_with(&options).await.map_err(|error| failed(error.into()))?;
        let watch = Watch { connection: Some(connection), seen: -1 };
        let uses = Uses::open(&writer).await.map_err(|error| failed(error.into()))?;
        let usage = Usage::open(&writer).await.map_err(|error| failed(error.into()))?;
        let watch = Mutex::new(watch);
        let place = Arc::default();
        let file = file.into();
        Ok(Self { writer, place, readers, follower, direct, uses, usage, watch, file })
    }
}

impl SqliteStore {
    async fn snapshot(&self, pool: &SqlitePool) -> Result<Box<dyn Read>, StoreError> {
        let transaction = pool.begin().await?;
        let (pending, file) = (self.uses.pending(), Arc::clone(&self.file));
        Ok(Box::new(SqliteTransaction::new(transaction, None, pending, file)))
    }

    /// Waits until nobody else in this process writes.
    async fn place(&self) -> Result<OwnedMutexGuard<()>, StoreError> {
        let place = Arc::clone(&self.place).lock_owned();
        let late = |_| StoreError::Unavailable("others have been writing for too long".into());
        tokio::time::timeout(2 * BUSY, place).await.map_err(late)
    }
}

/// The newest schema version this program knows.
fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Creates the file for its owner alone. SQLite gives the same mode to the files beside it.
fn create_private(file: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged write survives a power cut, not only a crash.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        // Statements go to no log: the engine says what it does, by ids.
        .disable_statement_logging()
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(2 * BUSY)
        // A connection to a file does not go stale.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

#[async_trait]
impl Store for SqliteStore {
    async fn read(&self) -> Result<Box<dyn Read>, StoreError> {
        self.snapshot(&self.readers).await
    }

    async fn read_to_follow(&self) -> Result<Box<dyn Read>, StoreError> {
        self.snapshot(&self.follower).await
    }

    async fn write(&self) -> Result<Box<dyn Write>, StoreError> {
        let place = self.place().await?;
        // IMMEDIATE takes the write lock at once: no statement further on can fail for want of it.
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let (pending, file) = (self.uses.pending(), Arc::clone(&self.file));
        Ok(Box::new(SqliteTransaction::new(transaction, Some(place), pending, file)))
    }

    async fn add_keys_behind(
        &self,
        end: Revision,
        keys: &[ApiKeyRow],
        audit: &[NewAudit],
        pepper: &Pepper,
    ) -> Result<Written, StoreError> {
        let (keys, audit, pepper) = (keys.to_vec(), audit.to_vec(), pepper.clone());
        let add = move |transaction: &Transaction<'_>| {
            let written = creates::add(transaction, end, &keys, &audit, &pepper)?;
            let keep = written.is_some();
            Ok((written, keep))
        };
        self.direct.transaction(self.place().await?, add).await
    }

    async fn is_half_copied(&self) -> Result<bool, StoreError> {
        let some = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM copy_progress)");
        Ok(some.fetch_one(&self.readers).await?)
    }

    async fn has_news(&self) -> Result<bool, StoreError> {
        let mut watch = self.watch.lock().await;
        let closed = || StoreError::Unavailable("the database is closed".into());
        let connection = watch.connection.as_mut().ok_or_else(closed)?;
        // Changes exactly when another connection, of this process or another, has committed.
        let version: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await?;
        Ok(std::mem::replace(&mut watch.seen, version) != version)
    }

    async fn hint(&self) {
        std::future::pending::<()>().await;
    }

    async fn note_uses(&self, uses: &[(u128, UnixMillis)]) -> Result<(), StoreError> {
        let _place = self.place().await?;
        self.uses.note(&self.writer, uses).await
    }

    async fn note_replaced_uses(&self, uses: &[(Tag, UnixMillis)]) -> Result<(), StoreError> {
        let _place = self.place().await?;
        self.uses.note_replaced(&self.writer, uses).await
    }

    async fn settle_uses(&self) -> Result<(), StoreError> {
        // Asked first: whoever writes waits for nobody as long as there is nothing to do.
        if !self.uses.is_due(SETTLED).await {
            return Ok(());
        }
        let _place = self.place().await?;
        self.uses.fold_if_due(&self.writer, SETTLED).await
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        let _place = self.place().await?;
        self.uses.fold_if_due(&self.writer, uses::FOLD_INTERVAL).await?;
        self.usage.fold_if_due(&self.writer).await
    }

    async fn note_usage(&self, counts: &[UsageRow]) -> Result<(), StoreError> {
        let _place = self.place().await?;
        self.usage.note(&self.writer, counts).await
    }

    async fn forget_changes(&self, keep: u32) -> Result<u64, StoreError> {
        let keep = keep.max(1);
        // Asked first, on a connection that may only read: a write would wake every process that follows.
        let lines: i64 = sqlx::query_scalar(
            "SELECT coalesce((SELECT max(seq) FROM change_log) + 1
                             - (SELECT min(seq) FROM change_log), 0)",
        )
        .fetch_one(&self.readers)
        .await?;
        if lines <= i64::from(keep) + i64::from(keep / 10) {
            return Ok(0);
        }
        let _place = self.place().await?;
        let forgotten = sqlx::query(
            "DELETE FROM change_log WHERE seq IN
                 (SELECT seq FROM change_log
                  WHERE seq <= (SELECT max(seq) FROM change_log) - ?1 ORDER BY seq LIMIT ?2)",
        )
        .bind(keep)
        .bind(FORGET)
        .execute(&self.writer)
        .await?;
        Ok(forgotten.rows_affected())
    }

    async fn charge(&self, charges: &[Charge]) -> Result<Vec<Charged>, StoreError> {
        let charges = charges.to_vec();
        let charge =
            move |transaction: &Transaction<'_>| Ok((charge::charge(transaction, &charges)?, true));
        self.direct.transaction(self.place().await?, charge).await
    }

    async fn close(&self) {
        if let Some(connection) = self.watch.lock().await.connection.take() {
            // Ignored: it has nothing to lose.
            let _ = connection.close().await;
        }
        self.readers.close().await;
        self.follower.close().await;
        self.direct.close();
        // Ignored: a journal that could not be folded in now is folded in at the next start.
        let _ = self.uses.fold_now(&self.writer).await;
        // Ignored, likewise.
        let _ = self.usage.fold_now(&self.writer).await;
        // Ignored: a log that could not be folded in now is folded in at the next start.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await;
        self.writer.close().await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use sqlx::Row;

    use super::*;
    use crate::store::conformance::{self, Factory, plans};
    use crate::store::key_query::build;

    struct File {
        path: PathBuf,
        _directory: tempfile::TempDir,
    }

    impl Factory for File {
        async fn open(&self) -> Box<dyn Store> {
            Box::new(SqliteStore::open(&self.path).await.expect("opens"))
        }
    }

    #[tokio::test]
    async fn sqlite_conforms() {
        conformance::run(|| {
            let directory = tempfile::tempdir().expect("a temporary directory");
            File { path: directory.path().join("one.db"), _directory: directory }
        })
        .await;
    }

    /// No table is read from end to end, whatever is asked of the key list.
    #[tokio::test]
    async fn the_key_list_goes_along_an_index() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = SqliteStore::open(&directory.path().join("one.db")).await.expect("opens");
        for question in plans::questions(&read::DIALECT, "EXPLAIN QUERY PLAN ") {
            let mut asked = build!(question.parts);
            let rows = asked.build().fetch_all(&store.readers).await.expect("a plan");
            let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            let name = &question.name;
            let by = if question.of_customer {
                "(workspace=? AND customer_id=?"
            } else {
                "(workspace=?"
            };
            let found = plan
                .iter()
                .any(|step| step.starts_with("SEARCH api_key USING") && step.contains(by));
            assert!(found, "{name}: {plan:?}");
            assert!(!plan.iter().any(|step| step.starts_with("SCAN api_key")), "{name}: {plan:?}");
            let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
            assert!(!(question.ordered && sorts), "{name}: {plan:?}");
        }
    }
}
