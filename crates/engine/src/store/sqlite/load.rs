//! Keys as the index holds them: fewer columns, and all of them in one pass.
//!
//! sqlx copies every value of a row, hands rows over one by one from a thread of its own, and finds columns by
//! name: twelve microseconds a key. A start reads all keys, so here rusqlite steps through the table, on the same
//! library (Cargo lets `libsqlite3-sys` into a program once), and reads values where they lie. One thread reads and
//! decodes while the caller takes in what was read before.

use std::path::Path;
use std::sync::Arc;

use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};
use sqlx::{AssertSqlSafe, SqliteConnection, query};
use tokio::sync::mpsc;

use super::BUSY;
use crate::error::Cause;
use crate::key_entry::TaggedKey;
use crate::store::StoreError;
use crate::store::columns::json;
use crate::store::from_columns::all;
use crate::store::indexed::{INDEXED, Indexed};

/// Keys handed over at once. Few: each batch is freed by another thread than made it, and the allocator keeps what
/// such batches took for the process's whole life, 30 bytes a key of a million with 1,024 at once.
const BATCH: usize = 64;

/// Batches that may wait: bounds what is held twice.
const BATCHES: usize = 16;

/// How much of the file is read through the page tables instead of by a call for each page.
const MAPPED: i64 = 1 << 34;

/// Hands every key to `sink`, in the order in which they were stored.
pub(super) async fn keys(
    file: Arc<Path>,
    sink: &mut (dyn FnMut(TaggedKey) + Send),
) -> Result<(), StoreError> {
    let (batches, mut received) = mpsc::channel(BATCHES);
    let reading = tokio::task::spawn_blocking(move || read(&file, &batches));
    while let Some(batch) = received.recv().await {
        Vec::into_iter(batch).for_each(&mut *sink);
    }
    reading.await.map_err(|error| StoreError::Other(error.into()))?
}

/// One statement, and so one state of the database.
fn read(file: &Path, batches: &mpsc::Sender<Vec<TaggedKey>>) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "mmap_size", MAPPED)?;
    let mut statement = connection.prepare(&format!("SELECT {INDEXED} FROM api_key"))?;
    let mut rows = statement.query([])?;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(row) = rows.next()? {
        batch.push(indexed(row)?.into_key()?);
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if batches.blocking_send(full).is_err() {
                // Nobody waits for them any more.
                return Ok(());
            }
        }
    }
    // Ignored, likewise.
    let _ = batches.blocking_send(batch);
    Ok(())
}

fn indexed<'r>(row: &'r Row<'_>) -> rusqlite::Result<Indexed<'r>> {
    let blob = |at| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_blob()?);
    let text = |at| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_str_or_null()?);
    let integer = |at| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_i64_or_null()?);
    let flag = |at| match row.get_ref(at)? {
        ValueRef::Integer(flag) => Ok(flag != 0),
        _ => Err(rusqlite::Error::from(FromSqlError::InvalidType)),
    };
    Ok(Indexed {
        id: blob(0)?,
        workspace: blob(1)?,
        customer_id: row.get_ref(2)?.as_str()?,
        tag: blob(3)?,
        previous_tag: row.get_ref(4)?.as_blob_or_null()?,
        previous_until: integer(5)?,
        grants: blob(6)?,
        metadata: text(7)?,
        external_meter_id: text(8)?,
        counted: flag(9)?,
        enabled: flag(10)?,
        deleted: flag(11)?,
        expires_at: integer(12)?,
        revision: row.get_ref(13)?.as_i64()?,
    })
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, SystemIoFailure};
        let code = error.sqlite_error_code();
        let extended = error.sqlite_error().map(|error| error.extended_code);
        let cause = Cause::from(error);
        match code {
            _ if matches!(
                extended,
                Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY)
            ) =>
            {
                Self::Duplicate(cause)
            }
            Some(CannotOpen | DatabaseBusy | DatabaseLocked | DiskFull | SystemIoFailure) => {
                Self::Unavailable(cause)
            }
            _ => Self::Other(cause),
        }
    }
}

/// These keys, those that there are, in any order.
pub(super) async fn some(
    connection: &mut SqliteConnection,
    ids: &[u128],
) -> Result<Vec<TaggedKey>, StoreError> {
    let some = format!(
        "SELECT {INDEXED} FROM api_key WHERE id IN (SELECT unhex(value) FROM json_each(?1))"
    );
    let ids: Vec<_> = ids.iter().map(|id| format!("{id:032x}")).collect();
    // Safe: made of the constants above.
    all(query(AssertSqlSafe(some)).bind(json(&ids)).fetch_all(connection).await?)
}
