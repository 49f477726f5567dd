//! One of the two databases of a copy.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::table::Table;
use super::value::{Row, Value};
use crate::store::StoreError;

/// Rows in one transaction.
pub(crate) const BATCH_ROWS: usize = 2_000;

/// A batch also ends after so many bytes: a chunk of a migration may be large.
pub(crate) const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// How far a copy into this database is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Which installation it comes from.
    pub(crate) pepper_check: Vec<u8>,
    /// A digest of how far that one was.
    pub(crate) state: Vec<u8>,
    /// Rows.
    pub(crate) copied: i64,
}

/// What an installation counts, by name: not in a row of any table that is copied.
pub(crate) type Heads = BTreeMap<String, Value>;

/// A database that is copied from or to. Nobody else writes to it meanwhile.
#[async_trait]
pub(crate) trait Side: Send {
    /// What recognises the pepper; `None` where no installation is.
    async fn pepper_check(&mut self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Rows of the table.
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError>;

    /// The rows behind this key, or the first: at most `most`, and none if there are no more.
    async fn rows_after(
        &mut self,
        table: &Table,
        key: Option<&[Value]>,
        most: usize,
    ) -> Result<Vec<Row>, StoreError>;

    /// The last key of the table.
    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>, StoreError>;

    /// Adds the rows and moves the checkpoint, which must be where `copied` says, in one transaction. `false`, and
    /// nothing done, if it is elsewhere: another process copies.
    async fn add(&mut self, table: &Table, rows: &[Row], copied: i64) -> Result<bool, StoreError>;

    /// The heads.
    async fn heads(&mut self) -> Result<Heads, StoreError>;

    /// Sets the heads. The last change before the two are compared, so the time for statistics, where those are needed.
    async fn set_heads(&mut self, heads: &Heads) -> Result<(), StoreError>;

    /// How far a copy into this database is; `None` if none is under way.
    async fn checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError>;

    /// Begins a copy into this database.
    async fn begin(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError>;

    /// Ends it: from here on a server may use the database.
    async fn end(&mut self) -> Result<(), StoreError>;

    /// Lets go of the database.
    async fn close(self: Box<Self>);
}
