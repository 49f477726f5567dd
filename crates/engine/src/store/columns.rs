//! Between columns and the engine's types, for every database alike. Every mismatch is an error that names
//! the column, never a default: a row that cannot be read is a damaged database.

use oneloop_protocol::api_key::Metadata;
use oneloop_protocol::{Amount, UnixMillis};
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::audit_chain::{ChainHead, Link};
use crate::error::Cause;
use crate::grants::PackedGrants;
use crate::store::ApiKeyRow;
use crate::tag::Tag;

/// An id as it is stored: big-endian, so that ids sort by age.
pub(super) fn blob(id: u128) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

/// A tag as it is stored.
pub(super) fn tag_blob(tag: &Tag) -> Vec<u8> {
    tag.as_bytes().to_vec()
}

/// Metadata as it is stored; most keys have none.
pub(super) fn metadata_json(metadata: &Metadata) -> Option<String> {
    (!metadata.is_empty()).then(|| json(metadata))
}

/// What is left of a key's counter.
pub(super) fn counter(key: &ApiKeyRow) -> Option<i64> {
    key.usage_left.map(|left| i64::try_from(left).unwrap_or(i64::MAX))
}

/// JSON of a value that cannot fail to serialise: texts, and maps and lists of them.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A row of any of the databases, in the four types that columns have.
pub(super) trait StoredRow {
    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, sqlx::Error>;
    fn text(&self, column: &str) -> Result<Option<&str>, sqlx::Error>;
    fn integer(&self, column: &str) -> Result<Option<i64>, sqlx::Error>;
    fn flag(&self, column: &str) -> Result<Option<bool>, sqlx::Error>;
}

macro_rules! stored_rows {
    ($($row:ty),+) => {$(
        impl StoredRow for $row {
            fn bytes(&self, column: &str) -> Result<Option<&[u8]>, sqlx::Error> {
                self.try_get(column)
            }

            fn text(&self, column: &str) -> Result<Option<&str>, sqlx::Error> {
                self.try_get(column)
            }

            fn integer(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
                self.try_get(column)
            }

            fn flag(&self, column: &str) -> Result<Option<bool>, sqlx::Error> {
                self.try_get(column)
            }
        }
    )+};
}

stored_rows!(SqliteRow, PgRow);

/// Reads the columns of one row by name.
pub(super) struct Columns<'r, R>(pub(super) &'r R);

impl<'r, R: StoredRow> Columns<'r, R> {
    pub(super) fn id(&self, column: &str) -> Result<u128, sqlx::Error> {
        there(column, self.optional_id(column)?)
    }

    pub(super) fn optional_id(&self, column: &str) -> Result<Option<u128>, sqlx::Error> {
        Ok(self.exactly(column, "is not 16 bytes")?.map(u128::from_be_bytes))
    }

    pub(super) fn tag(&self, column: &str) -> Result<Tag, sqlx::Error> {
        self.bytes(column).map(Tag::from_bytes)
    }

    pub(super) fn optional_tag(&self, column: &str) -> Result<Option<Tag>, sqlx::Error> {
        Ok(self.exactly(column, "is not 32 bytes")?.map(Tag::from_bytes))
    }

    pub(super) fn bytes(&self, column: &str) -> Result<[u8; 32], sqlx::Error> {
        there(column, self.exactly(column, "is not 32 bytes")?)
    }

    pub(super) fn optional_bytes(&self, column: &str) -> Result<Option<[u8; 32]>, sqlx::Error> {
        self.exactly(column, "is not 32 bytes")
    }

    /// The head of the audit log's chain, whose number is in this column.
    pub(super) fn chain_head(&self, number: &str) -> Result<ChainHead, sqlx::Error> {
        Ok(ChainHead {
            seq: self.number(number)?,
            link: Link::from_bytes(self.bytes("link")?),
            seal: self.optional_bytes("seal")?,
        })
    }

    pub(super) fn blob(&self, column: &str) -> Result<Vec<u8>, sqlx::Error> {
        there(column, self.0.bytes(column)?).map(<[u8]>::to_vec)
    }

    pub(super) fn optional_blob(&self, column: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
        Ok(self.0.bytes(column)?.map(<[u8]>::to_vec))
    }

    pub(super) fn borrowed(&self, column: &str) -> Result<&'r [u8], sqlx::Error> {
        there(column, self.0.bytes(column)?)
    }

    pub(super) fn borrowed_text(&self, column: &str) -> Result<&'r str, sqlx::Error> {
        there(column, self.0.text(column)?)
    }

    pub(super) fn grants(&self, column: &str) -> Result<PackedGrants, sqlx::Error> {
        there(column, self.0.bytes(column)?).map(PackedGrants::from_bytes)
    }

    pub(super) fn text(&self, column: &str) -> Result<String, sqlx::Error> {
        there(column, self.optional_text(column)?)
    }

    pub(super) fn optional_text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        Ok(self.0.text(column)?.map(str::to_owned))
    }

    pub(super) fn moment(&self, column: &str) -> Result<UnixMillis, sqlx::Error> {
        there(column, self.optional_moment(column)?)
    }

    pub(super) fn optional_moment(&self, column: &str) -> Result<Option<UnixMillis>, sqlx::Error> {
        self.0.integer(column)
    }

    pub(super) fn flag(&self, column: &str) -> Result<bool, sqlx::Error> {
        there(column, self.0.flag(column)?)
    }

    /// A number in the range of `T`.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, sqlx::Error> {
        there(column, self.optional_number(column)?)
    }

    pub(super) fn optional_number<T: TryFrom<i64>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, sqlx::Error> {
        let number = self.0.integer(column)?;
        let in_range = |number| T::try_from(number).map_err(|_| broken(column, "is out of range"));
        number.map(in_range).transpose()
    }

    pub(super) fn amount(&self, column: &str) -> Result<Amount, sqlx::Error> {
        there(column, self.optional_amount(column)?)
    }

    /// An amount, which every database hands out as its digits.
    pub(super) fn optional_amount(&self, column: &str) -> Result<Option<Amount>, sqlx::Error> {
        let parse = |digits: &str| digits.parse().map_err(|_| broken(column, "is not an amount"));
        self.0.text(column)?.map(parse).transpose()
    }

    /// A word that is stored as its place in `all`.
    pub(super) fn word<T: Copy>(&self, column: &str, all: &[T]) -> Result<T, sqlx::Error> {
        let at: usize = self.number(column)?;
        all.get(at).copied().ok_or_else(|| broken(column, "is a word this version does not know"))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, sqlx::Error> {
        there(column, self.optional_json(column)?)
    }

    pub(super) fn metadata(&self, column: &str) -> Result<Metadata, sqlx::Error> {
        Ok(self.optional_json(column)?.unwrap_or_default())
    }

    pub(super) fn optional_json<T: DeserializeOwned>(
        &self,
        column: &str,
    ) -> Result<Option<T>, sqlx::Error> {
        let parse = |text| serde_json::from_str(text).map_err(|error| broken(column, error));
        self.0.text(column)?.map(parse).transpose()
    }

    fn exactly<const N: usize>(
        &self,
        column: &str,
        otherwise: &'static str,
    ) -> Result<Option<[u8; N]>, sqlx::Error> {
        let bytes = self.0.bytes(column)?;
        bytes.map(|bytes| bytes.try_into().map_err(|_| broken(column, otherwise))).transpose()
    }
}

fn there<T>(column: &str, value: Option<T>) -> Result<T, sqlx::Error> {
    value.ok_or_else(|| broken(column, "is NULL"))
}

pub(super) fn broken(column: &str, why: impl Into<Cause>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: why.into() }
}
