//! One row of a source.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// The names of a source's columns, shared by its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header(Arc<[String]>);

impl Header {
    /// A header of these names, in the order of the cells.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Where a column stands. Exact spelling first, then without regard to case, as AWS writes its headers
    /// in any.
    pub fn position(&self, name: &str) -> Option<usize> {
        let exact = self.0.iter().position(|found| found == name);
        exact.or_else(|| self.0.iter().position(|found| found.eq_ignore_ascii_case(name)))
    }
}

/// What stands in a cell. Overwritten when dropped: it may be a key.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Cell {
    /// No value.
    #[default]
    Null,
    /// Text, or the bytes of a binary column.
    Value(Zeroizing<Vec<u8>>),
}

impl Cell {
    /// A text cell.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Value(Zeroizing::new(text.into().into_bytes()))
    }

    /// Its bytes; `None` for NULL.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Null => None,
            Self::Value(bytes) => Some(bytes),
        }
    }

    /// Its text; `None` for NULL and for bytes that are not UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Null { "Null" } else { "Value(…)" })
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, counted from 1 without the header. What a report calls it.
    pub number: u64,
    /// The line on which it begins, in a file; else its number.
    pub line: u64,
    /// The names of its cells.
    pub header: Header,
    /// Its cells, one for each column.
    pub cells: Vec<Cell>,
}

impl Row {
    /// The cell of a column; `None` if there is no such column.
    pub fn cell(&self, column: &str) -> Option<&Cell> {
        self.cells.get(self.header.position(column)?)
    }

    /// The text of a column; `None` for NULL, for other bytes, and if there is no such column.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.cell(column)?.as_text()
    }
}
