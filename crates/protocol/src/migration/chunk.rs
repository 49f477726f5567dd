//! What became of a chunk.

use serde::{Deserialize, Serialize};

use super::encoding::Hex32;
use super::job::{MigrationCounts, words};
use crate::id::ApiKeyId;

words! {
    /// What became of a row. Programs match these words: they never change.
    RowOutcome {
        /// The key was made.
        Created = "created",
        /// The key was here and different: it is now as it is in the source.
        Updated = "updated",
        /// The key was here, the same.
        Unchanged = "unchanged",
        /// The key was here and different, and stayed as it was.
        Conflict = "conflict",
        /// The key was here and different, and by policy that keeps the chunk from being taken.
        ConflictFails = "conflict_fails",
        /// The key was deleted here, which a migration does not undo.
        DeletedHere = "deleted_here",
        /// The secret was replaced by a rotation here, and does not come back.
        RotatedHere = "rotated_here",
        /// The secret belongs to a key that was minted here.
        MintedHere = "minted_here",
        /// The key is here, in another workspace of the team.
        OtherWorkspace = "other_workspace",
        /// An earlier row of the chunk has the same key.
        DuplicateInInput = "duplicate_in_input",
        /// A field breaks a rule; `reason` and `field` say which.
        Invalid = "invalid",
        /// By a rollback: edited since the job, and left alone.
        EditedSince = "edited_since",
        /// By a forced rollback: rotated since the job, and so marked as deleted instead of removed; the
        /// secret that was rotated away stays known, and stays refused.
        DeletedInstead = "deleted_instead",
    }
}

/// A field that differs. Holds no secret: a key's identity is not a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDiff {
    /// Which field, as the API spells it.
    pub field: String,
    /// Its value in the target.
    pub here: String,
    /// Its value in the source.
    pub source: String,
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RowAnswer {
    /// The row's number.
    pub row: u64,
    /// What became of it.
    pub outcome: RowOutcome,
    /// The key that it is, or became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ApiKeyId>,
    /// Where it differs from the key that was here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<FieldDiff>,
    /// Which rule it breaks: a word of the API's reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// One sentence for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl RowAnswer {
    /// An outcome with nothing more to say.
    pub fn plain(row: u64, outcome: RowOutcome, id: Option<ApiKeyId>) -> Self {
        Self { row, outcome, id, diff: Vec::new(), reason: None, field: None, message: None }
    }
}

/// The answer to `PUT /api/v1/migration/{id}/chunk/{n}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkAnswer {
    /// The chunk's number.
    pub chunk: u32,
    /// SHA-256 of the body that it was taken with.
    pub digest: Hex32,
    /// Whether it was taken. It is not if a row says `conflict_fails`: then nothing of it was written.
    pub committed: bool,
    /// Whether it had been taken before, and this is what was answered then.
    pub replayed: bool,
    /// The job's counts after it.
    pub counts: MigrationCounts,
    /// Its rows, in their order.
    pub rows: Vec<RowAnswer>,
}
