//! Many keys at once, by COPY in its binary form (PostgreSQL's documentation, "COPY", "Binary Format"): PostgreSQL fills whole
//! pages with what arrives, while the rest is still being written down here. An INSERT from arrays first takes all of
//! them apart, and then has each row by itself.

use oneloop_protocol::key_list::fold;

use super::transaction::PostgresTransaction;
use crate::index::Revision;
use crate::store::columns::{counter, metadata_json};
use crate::store::{ApiKeyRow, StoreError};
use crate::tag::Tag;

const COPY_API_KEYS: &str = "
    COPY api_key
    (id, team, workspace, customer_id, name, prefix, masked_key, tag, previous_tag, previous_until, grants, metadata,
     external_meter_id, enabled, deleted, migrated, expires_at, created_at, updated_at, last_used_at, name_folded,
     usage_left, recipe, revision)
    FROM STDIN (FORMAT binary)";

/// How many columns those are.
const COLUMNS: i16 = 24;

/// What a stream begins with: the signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with, where a row would say how many columns it has.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// The length of what is not there.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Bytes that are sent at once.
const PIECE: usize = 256 * 1024;

/// Rows of a stream.
struct Rows(Vec<u8>);

impl Rows {
    /// A column: its length, and its bytes.
    fn put(&mut self, value: &[u8]) -> Result<(), StoreError> {
        let length = i32::try_from(value.len());
        let length = length.map_err(|_| StoreError::Other("a value of 2 GiB".into()))?;
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(value);
        Ok(())
    }

    fn put_some<V: AsRef<[u8]>>(&mut self, value: Option<V>) -> Result<(), StoreError> {
        match value {
            Some(value) => self.put(value.as_ref()),
            None => {
                self.0.extend_from_slice(&NULL);
                Ok(())
            }
        }
    }

    /// A key, in the order of the columns.
    fn key(&mut self, key: &ApiKeyRow, revision: Revision) -> Result<(), StoreError> {
        let number = i64::to_be_bytes;
        self.0.extend_from_slice(&COLUMNS.to_be_bytes());
        self.put(&key.id.to_be_bytes())?;
        self.put(&key.team.to_be_bytes())?;
        self.put(&key.workspace.to_be_bytes())?;
        self.put(key.customer_id.as_bytes())?;
        self.put(key.name.as_bytes())?;
        self.put_some(key.prefix.as_deref())?;
        self.put(key.masked_key.as_bytes())?;
        self.put(key.tag.as_bytes())?;
        self.put_some(key.previous_tag.as_ref().map(Tag::as_bytes))?;
        self.put_some(key.previous_until.map(number))?;
        self.put(key.grants.as_bytes())?;
        self.put_some(metadata_json(&key.metadata))?;
        self.put_some(key.external_meter_id.as_deref())?;
        self.put(&[key.enabled.into()])?;
        self.put(&[key.deleted.into()])?;
        self.put(&[key.migrated.into()])?;
        self.put_some(key.expires_at.map(number))?;
        self.put(&number(key.created_at))?;
        self.put(&number(key.updated_at))?;
        self.put_some(key.last_used_at.map(number))?;
        self.put(fold(&key.name).as_bytes())?;
        self.put_some(counter(key).map(number))?;
        self.put_some(key.recipe.map(|recipe| number(recipe.into())))?;
        self.put(&number(revision))
    }
}

impl PostgresTransaction {
    /// Adds keys under one revision.
    pub(super) async fn copy_key_rows(
        &mut self,
        keys: &[ApiKeyRow],
        revision: Revision,
    ) -> Result<(), StoreError> {
        // Dropped before its end, it takes the connection with it: the pool sees that it is out of step.
        let mut copy = self.connection().copy_in_raw(COPY_API_KEYS).await?;
        let mut rows = Rows(HEADER.to_vec());
        for key in keys {
            rows.key(key, revision)?;
            if rows.0.len() >= PIECE {
                copy.send(rows.0.as_slice()).await?;
                rows.0.clear();
            }
        }
        rows.0.extend_from_slice(&TRAILER);
        copy.send(rows.0.as_slice()).await?;
        copy.finish().await?;
        Ok(())
    }
}
