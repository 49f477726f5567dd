//! Rows out of files.
//!
//! A source has a name, perhaps a count, and pushes its rows into a sink, one at a time: nothing is held but
//! the row at hand, so a file of any size needs the same memory.

mod csv;
mod decode;
mod kind;
mod ndjson;
mod only;
mod row;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

pub use csv::Csv;
pub use decode::{Charset, Utf8Reader};
pub use kind::ColumnKind;
pub use ndjson::Ndjson;
pub use only::Only;
pub use row::{Cell, Header, Row};

/// Where rows come from.
pub trait Source {
    /// What it is, for messages: `csv`, `ndjson`.
    fn name(&self) -> &'static str;

    /// How many rows there are, if that is known before reading them.
    fn count(&self) -> Option<u64> {
        None
    }

    /// Pushes every row into `sink`, until it says that it wants no more.
    ///
    /// # Errors
    ///
    /// [`SourceError`] at the first row that cannot be read. Rows before it have been pushed.
    fn read(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError>;
}

/// Where rows go.
pub trait Sink {
    /// Takes a row. `Break` ends the reading, which is no error.
    fn row(&mut self, row: Row) -> ControlFlow<()>;
}

impl<F: FnMut(Row) -> ControlFlow<()>> Sink for F {
    fn row(&mut self, row: Row) -> ControlFlow<()> {
        self(row)
    }
}

/// Bounds on what one row may hold, so that a missing quote cannot read a whole file into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one cell, as UTF-8.
    pub cell: usize,
    /// Bytes in one row or line, as UTF-8.
    pub row: usize,
    /// Columns.
    pub columns: usize,
}

impl Default for Limits {
    /// 64 KiB a cell, 1 MiB a row, 1,024 columns: some fifty times what a table of keys needs.
    fn default() -> Self {
        Self { cell: 64 * 1024, row: 1024 * 1024, columns: 1_024 }
    }
}

/// A place in a file, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line on which the row begins.
    pub line: u64,
    /// Which column of the row, where one is at fault.
    pub column: Option<usize>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.column {
            Some(column) => write!(f, "line {}, column {column}", self.line),
            None => write!(f, "line {}", self.line),
        }
    }
}

/// A source that cannot be read on. Never repeats what stands in a cell: it may be a key.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file has no header, or nothing at all.
    #[error("the file is empty: its first line must name the columns")]
    Empty,
    /// A column has no name.
    #[error("{0}: the column has no name")]
    UnnamedColumn(Place),
    /// Two columns have one name.
    #[error("{place}: a second column is called `{name}`")]
    DuplicateColumn {
        /// Where.
        place: Place,
        /// The name.
        name: String,
    },
    /// A row has more or fewer cells than there are columns.
    #[error("{place}: the row has {found} cells, and the header names {expected} columns")]
    Ragged {
        /// Where.
        place: Place,
        /// How many cells.
        found: usize,
        /// How many columns.
        expected: usize,
    },
    /// A cell, row or header is larger than [`Limits`] allow.
    #[error("{place}: {what} is larger than {limit}; is a closing quote missing?")]
    TooLarge {
        /// Where.
        place: Place,
        /// What is too large.
        what: &'static str,
        /// The limit, with its unit.
        limit: String,
    },
    /// The file ends inside quotes.
    #[error("{0}: the file ends inside quotes that this row opened")]
    OpenQuote(Place),
    /// Bytes that are not text in the file's encoding.
    #[error("{place}: bytes that are not {charset}; is the file in another encoding?")]
    NotText {
        /// Where.
        place: Place,
        /// The encoding.
        charset: &'static str,
    },
    /// A line that is not a JSON object of plain values.
    #[error("{place}: {problem}")]
    Json {
        /// Where.
        place: Place,
        /// What is wrong.
        problem: String,
    },
    /// A cell of a table that cannot be taken as it is.
    #[error("row {row}, column `{column}`: {problem}")]
    Cell {
        /// The row's number, from 1 in the order of reading.
        row: u64,
        /// The column.
        column: String,
        /// What is wrong.
        problem: String,
    },
    /// The source failed: the database went away, or refused.
    #[error("after row {row}: {cause}")]
    Failed {
        /// How many rows had been read.
        row: u64,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file could not be read.
    #[error("{place}: {source}")]
    Io {
        /// Where.
        place: Place,
        /// Why.
        source: std::io::Error,
    },
}
