//! Moving an installation from one database to another of another kind, exactly.
//!
//! Tables and columns are taken from the two schemas, rows go over in batches in the order of their keys, and each batch
//! and the checkpoint are one transaction of the target: a copy that was killed goes on where it was. Nobody else may
//! write to the source meanwhile, and no server starts on the target before a digest of every table is the same on
//! both. Nothing is interpreted, so the pepper is not needed, and stays the same file.

pub(crate) mod side;
pub(crate) mod table;
pub(crate) mod value;

use std::collections::BTreeMap;

use crate::error::{Cause, OpenError};
use crate::options::Database;
use crate::store::StoreError;
use crate::store::postgres::transfer::PostgresSide;
use crate::store::sqlite::transfer::SqliteSide;
use side::{BATCH_ROWS, Checkpoint, Heads, Side};
use table::Table;
use value::{RowDigest, Value};

/// From where to where.
#[derive(Clone, Debug)]
pub struct CopyOptions {
    /// What is copied. Its schema is brought up to date first.
    pub from: Database,
    /// Where it goes: new, or half filled by an earlier attempt.
    pub to: Database,
    /// Rows in one transaction; 2,000 by default.
    pub batch_rows: usize,
}

impl CopyOptions {
    /// The defaults, for these two.
    pub fn new(from: Database, to: Database) -> Self {
        Self { from, to, batch_rows: BATCH_ROWS }
    }
}

/// How far a copy is.
#[derive(Clone, Debug)]
pub struct CopyStep {
    /// The rows are there, and are being compared.
    pub comparing: bool,
    /// The table at hand.
    pub table: String,
    /// Its rows that are done.
    pub rows: u64,
    /// Its rows in the source.
    pub of: u64,
}

/// What came of a copy.
#[derive(Clone, Debug)]
pub struct Copied {
    /// It went on with an earlier attempt, which had copied so many rows.
    pub resumed_at: Option<u64>,
    /// Every table, and last what is counted (`head`).
    pub tables: Vec<ComparedTable>,
}

impl Copied {
    /// Whether both databases hold the same. If not, no server starts on the target.
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(ComparedTable::is_equal)
    }
}

/// A table on both sides.
#[derive(Clone, Debug)]
pub struct ComparedTable {
    /// Its name.
    pub name: String,
    /// In the source.
    pub from: TableDigest,
    /// In the target.
    pub to: TableDigest,
}

impl ComparedTable {
    /// Whether both hold the same.
    pub fn is_equal(&self) -> bool {
        self.from == self.to
    }
}

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDigest {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over all of them, in hexadecimal digits. No secret: what is digested is what is stored.
    pub sha256: String,
}

/// Why nothing was copied, or not all. What was copied stays, and the next attempt goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Both are files, or both are on servers: such a copy has tools of its own.
    #[error("both databases are of one kind")]
    SameKind,
    /// The source is not there, or holds nothing.
    #[error("there is no installation in `{database}`")]
    NoInstallation {
        /// The source.
        database: String,
    },
    /// A server runs on it, or somebody looks into it.
    #[error("another process uses `{database}`")]
    InUse {
        /// Which of the two.
        database: String,
    },
    /// There are rows in the target that no copy put there.
    #[error("`{database}` is not empty: the table `{table}` has rows")]
    NotEmpty {
        /// The target.
        database: String,
        /// The first table that has rows.
        table: String,
    },
    /// The target is half filled from another source.
    #[error("`{database}` holds a half copy of another installation")]
    OtherCopy {
        /// The target.
        database: String,
    },
    /// The target is half filled, and the source is not what it was.
    #[error("`{database}` has changed since this copy began")]
    SourceChanged {
        /// The source.
        database: String,
    },
    /// The source is itself a copy that is not finished.
    #[error("`{database}` is itself a copy that is not finished")]
    HalfCopied {
        /// The source.
        database: String,
    },
    /// Somebody else copies to the same target now.
    #[error("another process copies to `{database}`")]
    Overtaken {
        /// The target.
        database: String,
    },
    /// The two schemas differ: a bug.
    #[error("the table `{table}` cannot be copied: {difference}")]
    Schema {
        /// The table.
        table: String,
        /// In what they differ.
        difference: String,
    },
    /// One of them does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// One of them refused.
    #[error("the database `{database}` refused")]
    Database {
        /// Which.
        database: String,
        /// Why.
        #[source]
        cause: Cause,
    },
}

impl CopyError {
    pub(crate) fn database(database: String, cause: impl Into<Cause>) -> Self {
        Self::Database { database, cause: cause.into() }
    }
}

/// Copies an installation, or goes on with it, and compares the two.
///
/// Dropped in the middle it leaves a target that the next call goes on with.
///
/// # Errors
///
/// [`CopyError`]. A difference that remains is none: see [`Copied::is_equal`].
pub async fn copy(
    options: &CopyOptions,
    progress: &mut (dyn FnMut(CopyStep) + Send),
) -> Result<Copied, CopyError> {
    let mut pair = Pair::open(options).await?;
    let resumed_at = pair.begin().await?;
    for at in 0..pair.tables.len() {
        pair.fill(at, progress).await?;
    }
    let copied = Copied { resumed_at, tables: pair.compare(progress).await? };
    if copied.is_equal() {
        pair.target.side.end().await.map_err(|error| pair.target.failed(error))?;
    }
    pair.source.side.close().await;
    pair.target.side.close().await;
    Ok(copied)
}

/// A side and its name.
struct Named {
    name: String,
    side: Box<dyn Side>,
}

impl Named {
    fn failed(&self, error: StoreError) -> CopyError {
        CopyError::database(self.name.clone(), error)
    }
}

/// The two databases, and what goes from one to the other.
struct Pair {
    source: Named,
    target: Named,
    tables: Vec<Table>,
    /// The source's.
    heads: Heads,
    /// The source's rows, by table.
    rows: BTreeMap<String, u64>,
    /// Rows that are in the target.
    copied: i64,
    batch_rows: usize,
}

impl Pair {
    async fn open(options: &CopyOptions) -> Result<Self, CopyError> {
        let (from, to) = (options.from.to_string(), options.to.to_string());
        let nothing = || CopyError::NoInstallation { database: from.clone() };
        let (sqlite, postgres, forth) = match (&options.from, &options.to) {
            (Database::Sqlite(file), Database::Postgres(url)) => (file, url, true),
            (Database::Postgres(url), Database::Sqlite(file)) => (file, url, false),
            _ => return Err(CopyError::SameKind),
        };
        if forth && !sqlite.exists() {
            return Err(nothing());
        }
        let mut sqlite = SqliteSide::open(sqlite).await?;
        let mut server = PostgresSide::open(postgres).await?;
        if !forth {
            server.keep_writers_out(postgres).await?;
        }
        let columns = sqlite.columns().await;
        let columns = columns.map_err(|error| {
            CopyError::database(if forth { from.clone() } else { to.clone() }, error)
        })?;
        let tables = table::plan(server.tables(), &columns)?;
        let (source, target): (Box<dyn Side>, Box<dyn Side>) = if forth {
            (Box::new(sqlite), Box::new(server))
        } else {
            (Box::new(server), Box::new(sqlite))
        };
        let (source, target) =
            (Named { name: from.clone(), side: source }, Named { name: to, side: target });
        Ok(Self {
            source,
            target,
            tables,
            heads: Heads::new(),
            rows: BTreeMap::new(),
            copied: 0,
            batch_rows: options.batch_rows.max(1),
        })
    }

    /// Sees to it that the target is a new database, or half a copy of this source as it is now.
    async fn begin(&mut self) -> Result<Option<u64>, CopyError> {
        let Self { source, target, .. } = self;
        let pepper_check =
            source.side.pepper_check().await.map_err(|error| source.failed(error))?;
        let Some(pepper_check) = pepper_check else {
            return Err(CopyError::NoInstallation { database: source.name.clone() });
        };
        if source.side.checkpoint().await.map_err(|error| source.failed(error))?.is_some() {
            return Err(CopyError::HalfCopied { database: source.name.clone() });
        }
        self.heads = source.side.heads().await.map_err(|error| source.failed(error))?;
        let mut state = self.heads.clone();
        for table in &self.tables {
            let rows = source.side.count(table).await.map_err(|error| source.failed(error))?;
            let known = Value::Integer(i64::try_from(rows).unwrap_or(i64::MAX));
            state.insert(format!("rows of {}", table.name), known);
            self.rows.insert(table.name.clone(), rows);
        }
        let (_, state) = RowDigest::of_values(&state).finish();
        let begun = Checkpoint { pepper_check, state: state.to_vec(), copied: 0 };
        let found = target.side.checkpoint().await.map_err(|error| target.failed(error))?;
        if let Some(found) = found {
            if found.pepper_check != begun.pepper_check {
                return Err(CopyError::OtherCopy { database: target.name.clone() });
            }
            if found.state != begun.state {
                return Err(CopyError::SourceChanged { database: source.name.clone() });
            }
            self.copied = found.copied;
            return Ok(Some(found.copied.unsigned_abs()));
        }
        for table in &self.tables {
            if target.side.count(table).await.map_err(|error| target.failed(error))? > 0 {
                let (database, table) = (target.name.clone(), table.name.clone());
                return Err(CopyError::NotEmpty { database, table });
            }
        }
        target.side.begin(&begun).await.map_err(|error| target.failed(error))?;
        Ok(None)
    }

    /// Copies what the target lacks of one table.
    async fn fill(
        &mut self,
        at: usize,
        progress: &mut (dyn FnMut(CopyStep) + Send),
    ) -> Result<(), CopyError> {
        let Self { source, target, tables, copied, .. } = self;
        let table = &tables[at];
        let of = self.rows.get(&table.name).copied().unwrap_or_default();
        let mut rows = target.side.count(table).await.map_err(|error| target.failed(error))?;
        let mut key = target.side.last_key(table).await.map_err(|error| target.failed(error))?;
        loop {
            let batch = source.side.rows_after(table, key.as_deref(), self.batch_rows).await;
            let batch = batch.map_err(|error| source.failed(error))?;
            let Some(last) = batch.last() else { return Ok(()) };
            key = Some(table.key.iter().filter_map(|at| last.get(*at).cloned()).collect());
            if !target
                .side
                .add(table, &batch, *copied)
                .await
                .map_err(|error| target.failed(error))?
            {
                return Err(CopyError::Overtaken { database: target.name.clone() });
            }
            *copied += i64::try_from(batch.len()).unwrap_or(i64::MAX);
            rows += batch.len() as u64;
            progress(CopyStep { comparing: false, table: table.name.clone(), rows, of });
        }
    }

    /// Reads everything again, on both sides.
    async fn compare(
        &mut self,
        progress: &mut (dyn FnMut(CopyStep) + Send),
    ) -> Result<Vec<ComparedTable>, CopyError> {
        let Self { source, target, tables, heads, rows, batch_rows, .. } = self;
        target.side.set_heads(heads).await.map_err(|error| target.failed(error))?;
        let mut compared = Vec::with_capacity(tables.len() + 1);
        for table in tables.iter() {
            let of = rows.get(&table.name).copied().unwrap_or_default();
            let mut report = |rows| {
                progress(CopyStep { comparing: true, table: table.name.clone(), rows, of });
            };
            let from = digest(source, table, *batch_rows, &mut report).await?;
            let to = digest(target, table, *batch_rows, &mut |_| {}).await?;
            compared.push(ComparedTable { name: table.name.clone(), from, to });
        }
        let counted = target.side.heads().await.map_err(|error| target.failed(error))?;
        compared.push(ComparedTable {
            name: "head".to_owned(),
            from: shown(RowDigest::of_values(&*heads)),
            to: shown(RowDigest::of_values(&counted)),
        });
        Ok(compared)
    }
}

async fn digest(
    side: &mut Named,
    table: &Table,
    most: usize,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<TableDigest, CopyError> {
    let mut digest = RowDigest::of(table);
    let (mut key, mut rows) = (None::<Vec<Value>>, 0);
    loop {
        let batch = side.side.rows_after(table, key.as_deref(), most).await;
        let batch = batch.map_err(|error| side.failed(error))?;
        let Some(last) = batch.last() else { return Ok(shown(digest)) };
        key = Some(table.key.iter().filter_map(|at| last.get(*at).cloned()).collect());
        batch.iter().for_each(|row| digest.row(row));
        rows += batch.len() as u64;
        progress(rows);
    }
}

fn shown(digest: RowDigest) -> TableDigest {
    let (rows, hash) = digest.finish();
    TableDigest { rows, sha256: data_encoding::HEXLOWER.encode(&hash) }
}
