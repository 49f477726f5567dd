//! The first look at a source: which tables, which columns, and what stands in the first rows.

use std::ops::ControlFlow;

use oneloop_migrate::mapping::{Columns, Kind, Mapping};
use oneloop_migrate::origin::{Learnt, Look, SourceColumn};
use oneloop_migrate::source::{ColumnKind, Row, Source, SourceError};

use crate::database::{Connection, DatabaseError, TableName};
use crate::file::{self, FileFormat, OpenFileError};
use crate::open::{OpenError, open};

/// Objects of NDJSON whose names are collected: they may differ from line to line.
const HEADERS: u64 = 1_000;

/// Rows that are looked at, to learn how moments and permissions are written.
pub const ROWS: u64 = 100_000;

/// The columns of a file: its header, or the names in its first objects.
///
/// # Errors
///
/// [`ColumnsError`] if it cannot be opened or read, or has no row.
pub fn file_columns(kind: Kind, path: &str) -> Result<Vec<SourceColumn>, ColumnsError> {
    let format = if kind == Kind::Csv { FileFormat::Csv } else { FileFormat::Ndjson };
    let mut source = file::open(format, path)?;
    let mut names: Vec<String> = Vec::new();
    let mut sink = |row: Row| {
        for name in row.header.names() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let enough = format == FileFormat::Csv || row.number == HEADERS;
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    source.read(&mut sink)?;
    if names.is_empty() {
        return Err(ColumnsError::NoRow);
    }
    Ok(names.into_iter().map(|name| SourceColumn { name, kind: ColumnKind::Unknown }).collect())
}

/// A file whose columns cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ColumnsError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenFileError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] SourceError),
    /// There is nothing in it but perhaps a header.
    #[error("the file has no row")]
    NoRow,
}

/// The columns of a table.
///
/// # Errors
///
/// [`DatabaseError`] if there is no such table or it may not be read.
pub async fn table_columns(
    connection: &mut Connection,
    name: &TableName,
) -> Result<Vec<SourceColumn>, DatabaseError> {
    let table = connection.table(name).await?;
    let columns = table.columns.into_iter();
    Ok(columns.map(|column| SourceColumn { name: column.name, kind: column.kind }).collect())
}

/// What the first [`ROWS`] rows of a mapping's source tell of its columns. Waits for files and databases.
///
/// # Errors
///
/// [`LookError`] if it cannot be opened or read.
pub async fn look(mapping: &Mapping) -> Result<Learnt, LookError> {
    let mut source = open(mapping, None).await?.source;
    let columns = mapping.columns.clone();
    let looked = tokio::task::spawn_blocking(move || look_at(source.as_mut(), &columns));
    // The task only ends early if it panics, which is our fault and none of the source's.
    looked
        .await
        .map_err(|error| LookError::Read(SourceError::Failed { row: 0, cause: error.into() }))?
}

fn look_at(source: &mut dyn Source, columns: &Columns) -> Result<Learnt, LookError> {
    let mut look = Look::new(columns);
    let mut sink = |row: Row| {
        look.row(&row);
        if row.number >= ROWS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    source.read(&mut sink)?;
    Ok(look.finish())
}

/// A source that cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] SourceError),
}
