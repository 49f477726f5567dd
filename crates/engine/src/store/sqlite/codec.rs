//! Between columns and the engine's types. Every mismatch is an error that names the column, never a
//! default: a row that cannot be read is a damaged database.

use oneloop_protocol::UnixMillis;
use oneloop_protocol::api_key::Metadata;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::error::Cause;
use crate::grants::PackedGrants;
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

/// JSON of a value that cannot fail to serialise: texts, and maps and lists of them.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads the columns of one row by name.
pub(super) struct Columns<'r>(pub(super) &'r SqliteRow);

impl Columns<'_> {
    pub(super) fn id(&self, column: &str) -> Result<u128, sqlx::Error> {
        let bytes: &[u8] = self.0.try_get(column)?;
        let bytes = bytes.try_into().map_err(|_| broken(column, "is not 16 bytes"))?;
        Ok(u128::from_be_bytes(bytes))
    }

    pub(super) fn optional_id(&self, column: &str) -> Result<Option<u128>, sqlx::Error> {
        let bytes: Option<&[u8]> = self.0.try_get(column)?;
        bytes.map(|_| self.id(column)).transpose()
    }

    pub(super) fn tag(&self, column: &str) -> Result<Tag, sqlx::Error> {
        let bytes: &[u8] = self.0.try_get(column)?;
        let bytes = bytes.try_into().map_err(|_| broken(column, "is not 32 bytes"))?;
        Ok(Tag::from_bytes(bytes))
    }

    pub(super) fn optional_tag(&self, column: &str) -> Result<Option<Tag>, sqlx::Error> {
        let bytes: Option<&[u8]> = self.0.try_get(column)?;
        bytes.map(|_| self.tag(column)).transpose()
    }

    pub(super) fn bytes(&self, column: &str) -> Result<[u8; 32], sqlx::Error> {
        self.tag(column).map(|tag| *tag.as_bytes())
    }

    pub(super) fn blob(&self, column: &str) -> Result<Vec<u8>, sqlx::Error> {
        self.0.try_get(column)
    }

    pub(super) fn grants(&self, column: &str) -> Result<PackedGrants, sqlx::Error> {
        self.0.try_get(column).map(PackedGrants::from_bytes)
    }

    pub(super) fn text(&self, column: &str) -> Result<String, sqlx::Error> {
        self.0.try_get(column)
    }

    pub(super) fn optional_text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        self.0.try_get(column)
    }

    pub(super) fn moment(&self, column: &str) -> Result<UnixMillis, sqlx::Error> {
        self.0.try_get(column)
    }

    pub(super) fn optional_moment(&self, column: &str) -> Result<Option<UnixMillis>, sqlx::Error> {
        self.0.try_get(column)
    }

    pub(super) fn flag(&self, column: &str) -> Result<bool, sqlx::Error> {
        self.0.try_get(column)
    }

    /// A number in the range of `T`.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, sqlx::Error> {
        let number: i64 = self.0.try_get(column)?;
        T::try_from(number).map_err(|_| broken(column, "is out of range"))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, sqlx::Error> {
        let text: &str = self.0.try_get(column)?;
        serde_json::from_str(text).map_err(|error| broken(column, error))
    }

    pub(super) fn optional_json<T: DeserializeOwned>(
        &self,
        column: &str,
    ) -> Result<Option<T>, sqlx::Error> {
        let text: Option<&str> = self.0.try_get(column)?;
        text.map(|_| self.json(column)).transpose()
    }

    pub(super) fn metadata(&self, column: &str) -> Result<Metadata, sqlx::Error> {
        let text: Option<&str> = self.0.try_get(column)?;
        text.map_or(Ok(Metadata::new()), |_| self.json(column))
    }
}

fn broken(column: &str, why: impl Into<Cause>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: why.into() }
}
