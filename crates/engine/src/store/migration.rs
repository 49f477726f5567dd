//! What migration jobs ask of a store, and the rows they keep. Traits of their own, so that a database's
//! module for them is one too.

use async_trait::async_trait;
use oneloop_protocol::UnixMillis;
use oneloop_protocol::api_key::Metadata;
use oneloop_protocol::migration::{
    ComparedSides, Conflict, MigrationCounts, MigrationState, RowAnswer, RowOutcome,
};
use serde::{Deserialize, Serialize};

use super::{ApiKeyRow, StoreError, TagHolder};
use crate::grants::PackedGrants;
use crate::index::Revision;
use crate::tag::Tag;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MigrationRow {
    /// Given by the store; 0 in one that is not stored yet.
    pub(crate) number: i64,
    pub(crate) id: u128,
    pub(crate) team: u128,
    pub(crate) workspace: u128,
    pub(crate) plan_digest: [u8; 32],
    pub(crate) state: MigrationState,
    pub(crate) conflict: Conflict,
    /// The number of its recipe within the team.
    pub(crate) recipe: Option<u32>,
    pub(crate) planned_rows: u64,
    pub(crate) chunks: u32,
    pub(crate) undone_chunks: u32,
    pub(crate) counts: MigrationCounts,
    pub(crate) comparison: Option<ComparisonSums>,
    pub(crate) created_by: String,
    pub(crate) proof_waived_by: Option<String>,
    pub(crate) created_at: UnixMillis,
    pub(crate) updated_at: UnixMillis,
}

/// How far a job's source was compared with what is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ComparisonSums {
    pub(crate) chunks: u32,
    pub(crate) sides: ComparedSides,
}

/// What a chunk did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkRow {
    pub(crate) migration: i64,
    pub(crate) number: u32,
    /// Of its body.
    pub(crate) digest: [u8; 32],
    pub(crate) ledger: Ledger,
    /// Rows of which there is more to say than the ledger holds.
    pub(crate) details: Vec<RowAnswer>,
    /// Keys as they were before this chunk changed them.
    pub(crate) before: Vec<KeyImage>,
    /// Its line of the change log; `None` if it made no key.
    pub(crate) revision: Option<Revision>,
    pub(crate) at: UnixMillis,
    pub(crate) undone: bool,
}

/// A chunk's rows, packed: 25 bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger(Vec<u8>);

/// One row of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) row: u64,
    pub(crate) outcome: RowOutcome,
    pub(crate) key: Option<u128>,
}

/// Bytes of one entry: its outcome, the row's number, the key's id or zeros.
const WIDTH: usize = 25;

impl Ledger {
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        let outcome = RowOutcome::ALL.iter().position(|known| *known == entry.outcome);
        self.0.push(outcome.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(&entry.row.to_be_bytes());
        self.0.extend_from_slice(&entry.key.unwrap_or(0).to_be_bytes());
    }

    /// The entries, in the order of the chunk's rows; an outcome that this version does not know is left
    /// out.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry> {
        self.0.chunks_exact(WIDTH).filter_map(|packed| {
            let (outcome, rest) = packed.split_first()?;
            let (row, key) = rest.split_at_checked(8)?;
            let key = u128::from_be_bytes(key.try_into().ok()?);
            Some(Entry {
                row: u64::from_be_bytes(row.try_into().ok()?),
                outcome: *RowOutcome::ALL.get(usize::from(*outcome))?,
                key: (key != 0).then_some(key),
            })
        })
    }

    /// The keys that the chunk made.
    pub(crate) fn created(&self) -> Vec<u128> {
        let created = self.iter().filter(|entry| entry.outcome == RowOutcome::Created);
        created.filter_map(|entry| entry.key).collect()
    }
}

/// All of a key that a job may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyImage {
    /// As the wire writes it: JSON has no 128-bit numbers.
    pub(crate) id: oneloop_protocol::ApiKeyId,
    pub(crate) name: String,
    pub(crate) customer_id: String,
    pub(crate) grants: PackedGrants,
    pub(crate) metadata: Metadata,
    pub(crate) external_meter_id: Option<String>,
    /// Whether it was counted; how far its counter is runs on.
    pub(crate) counted: bool,
    pub(crate) prefix: Option<String>,
    pub(crate) masked_key: String,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
    pub(crate) expires_at: Option<UnixMillis>,
    pub(crate) created_at: UnixMillis,
    pub(crate) updated_at: UnixMillis,
}

impl KeyImage {
    /// What `row` is now.
    pub(crate) fn of(row: &ApiKeyRow) -> Self {
        Self {
            id: oneloop_protocol::ApiKeyId::from_bits(row.id),
            name: row.name.clone(),
            customer_id: row.customer_id.clone(),
            grants: row.grants.clone(),
            metadata: row.metadata.clone(),
            external_meter_id: row.external_meter_id.clone(),
            counted: row.usage_left.is_some(),
            prefix: row.prefix.clone(),
            masked_key: row.masked_key.clone(),
            enabled: row.enabled,
            deleted: row.deleted,
            expires_at: row.expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// Makes `row` what it was when this image was taken.
    pub(crate) fn restore(self, row: &mut ApiKeyRow) {
        row.name = self.name;
        row.customer_id = self.customer_id;
        row.grants = self.grants;
        row.metadata = self.metadata;
        row.external_meter_id = self.external_meter_id;
        row.usage_left = row.usage_left.filter(|_| self.counted);
        row.prefix = self.prefix;
        row.masked_key = self.masked_key;
        row.enabled = self.enabled;
        row.deleted = self.deleted;
        row.expires_at = self.expires_at;
        row.created_at = self.created_at;
        row.updated_at = self.updated_at;
    }
}

/// How keys of a team were stored elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecipeRow {
    pub(crate) team: u128,
    pub(crate) number: u32,
    pub(crate) recipe: String,
    pub(crate) locator: Option<String>,
    pub(crate) created_at: UnixMillis,
}

/// A key that can only be recognised by trying.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LegacyKeyRow {
    pub(crate) api_key: u128,
    pub(crate) team: u128,
    pub(crate) recipe: u32,
    pub(crate) locator: [u8; 32],
    pub(crate) sealed: Vec<u8>,
}

impl std::fmt::Debug for LegacyKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LegacyKeyRow({:032x})", self.api_key)
    }
}

/// Questions about migrations.
#[async_trait]
pub(crate) trait MigrationRead: Send {
    /// A job, whoever owns it.
    async fn migration(&mut self, id: u128) -> Result<Option<MigrationRow>, StoreError>;

    /// The jobs of a team, newest first.
    async fn migrations(&mut self, team: u128) -> Result<Vec<MigrationRow>, StoreError>;

    /// A chunk of a job.
    async fn migration_chunk(
        &mut self,
        migration: i64,
        number: u32,
    ) -> Result<Option<ChunkRow>, StoreError>;

    /// The ids of the keys that the chunk with this line of the change log made.
    async fn chunk_keys(&mut self, revision: Revision) -> Result<Vec<u128>, StoreError>;

    /// Who holds, or once held, each of these secrets; unknown ones are left out. A tag that a key had
    /// before it became native counts as its own.
    async fn tag_holders(&mut self, tags: &[Tag]) -> Result<Vec<(Tag, TagHolder)>, StoreError>;

    /// The keys with these ids, those that are there, in any order.
    async fn api_keys_by_id(&mut self, ids: &[u128]) -> Result<Vec<ApiKeyRow>, StoreError>;

    /// The ids of those of these keys that were ever rotated.
    async fn rotated_keys(&mut self, ids: &[u128]) -> Result<Vec<u128>, StoreError>;

    /// The recipes of one team or of all, by team and number.
    async fn recipes(&mut self, team: Option<u128>) -> Result<Vec<RecipeRow>, StoreError>;

    /// Whether any key is still known under this recipe of a team, those aside that were deleted.
    async fn has_keys_under(&mut self, team: u128, recipe: u32) -> Result<bool, StoreError>;

    /// What is stored of these keys, those that can only be recognised by trying, in any order.
    async fn legacy_keys(&mut self, ids: &[u128]) -> Result<Vec<LegacyKeyRow>, StoreError>;

    /// At most `limit` keys that a locator leads to.
    async fn legacy_candidates(
        &mut self,
        team: u128,
        recipe: u32,
        locator: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<LegacyKeyRow>, StoreError>;
}

/// Changes that migrations make.
#[async_trait]
pub(crate) trait MigrationWrite: MigrationRead {
    /// Adds a job, and says the number it was given.
    async fn insert_migration(&mut self, migration: &MigrationRow) -> Result<i64, StoreError>;

    /// Replaces what may change of a job. Not a change that any index holds, so it has no line in the
    /// change log.
    async fn update_migration(&mut self, migration: &MigrationRow) -> Result<(), StoreError>;

    /// Adds keys, all or none, under one line of the change log, whose subject is the job `id`. The answer
    /// is the revision of all of them.
    async fn insert_chunk_keys(
        &mut self,
        id: u128,
        keys: &[ApiKeyRow],
        legacy: &[LegacyKeyRow],
    ) -> Result<Revision, StoreError>;

    /// Adds what a chunk did.
    async fn insert_migration_chunk(&mut self, chunk: &ChunkRow) -> Result<(), StoreError>;

    /// Replaces a chunk's details, and whether it was undone.
    async fn update_migration_chunk(&mut self, chunk: &ChunkRow) -> Result<(), StoreError>;

    /// Replaces all of a key but its secret. A counter begins or ends if `keys` say so, and otherwise runs on
    /// from where it is in the store, which verifications may have changed since. The revisions are given one by one from the answer on.
    async fn replace_api_keys(&mut self, keys: &[ApiKeyRow]) -> Result<Revision, StoreError>;

    /// Removes keys that were never rotated, as if they had never been.
    async fn remove_api_keys(&mut self, keys: &[ApiKeyRow]) -> Result<(), StoreError>;

    /// Adds a recipe. The change is its team's.
    async fn insert_recipe(&mut self, recipe: &RecipeRow) -> Result<Revision, StoreError>;

    /// Makes a key native: `key` has its new tag and mask, `replaced` is the tag it had until now.
    async fn upgrade_api_key(
        &mut self,
        key: &ApiKeyRow,
        replaced: &Tag,
    ) -> Result<Revision, StoreError>;

    /// Forgets what another service stored of a key, if anything. No change of the key.
    async fn forget_legacy_key(&mut self, id: u128) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_reads_back_as_it_was_written() {
        let entries: Vec<_> = RowOutcome::ALL
            .iter()
            .zip(1..)
            .map(|(outcome, row)| Entry {
                row: u64::MAX - row,
                outcome: *outcome,
                key: (row % 2 == 0).then_some(u128::MAX - u128::from(row)),
            })
            .collect();
        let mut ledger = Ledger::default();
        entries.iter().for_each(|entry| ledger.push(*entry));
        let stored = Ledger::from_bytes(ledger.as_bytes().to_vec());
        assert_eq!(stored.iter().collect::<Vec<_>>(), entries);
        let created = Entry { row: 1, outcome: RowOutcome::Created, key: Some(7) };
        ledger.push(created);
        assert_eq!(ledger.created(), [7], "and the first entry has no key");
    }

    #[test]
    fn a_torn_or_foreign_entry_is_left_out() {
        let mut bytes = vec![250; WIDTH];
        bytes.extend_from_slice(&[0; 7]);
        assert_eq!(Ledger::from_bytes(bytes).iter().count(), 0);
    }

    #[test]
    fn debug_shows_no_stored_value() {
        let row = LegacyKeyRow {
            api_key: 1,
            team: 2,
            recipe: 1,
            locator: [0xab; 32],
            sealed: b"canary".to_vec(),
        };
        assert!(!format!("{row:?}").contains("99"), "{row:?}");
    }
}
