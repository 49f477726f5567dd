//! One value of a row, the same on every database, and digests of many.

use sha2::{Digest as _, Sha256};

use super::table::Table;

/// What a column holds. There are no more types in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Ids, tags and what is sealed.
    Bytes,
    /// Moments, numbers.
    Integer,
    /// Texts, JSON.
    Text,
    /// 0 and 1 on SQLite.
    Flag,
    /// Amounts of up to 38 digits: digits as text on SQLite.
    Decimal,
}

/// One value. Without `Debug`: it may be a tag.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// Of [`Kind::Integer`] and [`Kind::Flag`].
    Integer(i64),
    /// Of [`Kind::Text`] and [`Kind::Decimal`].
    Text(String),
    /// Of [`Kind::Bytes`].
    Bytes(Vec<u8>),
}

/// A row: the values of a table's columns, in their order.
pub(crate) type Row = Vec<Value>;

impl Value {
    /// Bytes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// As it is digested: its type, its length, itself, so that no two rows look alike.
    fn absorb(&self, into: &mut Sha256) {
        let number;
        let (mark, bytes): (u8, &[u8]) = match self {
            Self::Null => (0, [].as_slice()),
            Self::Integer(value) => {
                number = value.to_be_bytes();
                (1, number.as_slice())
            }
            Self::Text(text) => (2, text.as_bytes()),
            Self::Bytes(bytes) => (3, bytes.as_slice()),
        };
        into.update([mark]);
        into.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        into.update(bytes);
    }
}

/// SHA-256 over rows in the order of their keys.
pub(crate) struct RowDigest {
    rows: u64,
    hash: Sha256,
}

impl RowDigest {
    /// Of no row yet. The columns' names are part of it.
    pub(crate) fn of(table: &Table) -> Self {
        let mut digest = Self { rows: 0, hash: Sha256::new() };
        for column in &table.columns {
            digest.word(&column.name);
        }
        digest
    }

    /// Of values that are in no table.
    pub(crate) fn of_values<'a>(values: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Self {
        let mut digest = Self { rows: 0, hash: Sha256::new() };
        for (name, value) in values {
            digest.word(name);
            digest.row(std::slice::from_ref(value));
        }
        digest
    }

    fn word(&mut self, word: &str) {
        Value::Text(word.to_owned()).absorb(&mut self.hash);
    }

    /// Takes one row more.
    pub(crate) fn row(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            value.absorb(&mut self.hash);
        }
    }

    /// How many rows, and the digest of all.
    pub(crate) fn finish(self) -> (u64, [u8; 32]) {
        (self.rows, self.hash.finalize().into())
    }
}
