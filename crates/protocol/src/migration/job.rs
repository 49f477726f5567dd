//! A job: what it is made from, and where it stands.

use serde::{Deserialize, Serialize};

use super::encoding::Hex32;
use crate::id::{MigrationId, WorkspaceId};
use crate::time::{IsoTime, UnixMillis};

macro_rules! words {
    ($($(#[$meta:meta])* $name:ident { $($(#[doc = $meaning:literal])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $meaning])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value, in the order in which they are stored: new ones come last.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it means, in a sentence or two for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),*).trim_ascii(),)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}
pub(super) use words;

words! {
    /// What becomes of a key that is here already with other attributes.
    Conflict {
        /// It stays as it is here.
        Skip = "skip",
        /// It becomes as it is in the source.
        Update = "update",
        /// The chunk is not taken.
        Fail = "fail",
    }
    /// Where a job stands.
    MigrationState {
        /// Takes chunks.
        Importing = "importing",
        /// Takes no chunks until it is resumed.
        Paused = "paused",
        /// Took all chunks. Can still be rolled back.
        Finished = "finished",
        /// Is being undone, chunk by chunk.
        RollingBack = "rolling_back",
        /// Was undone, but for the rows that it says it kept.
        RolledBack = "rolled_back",
    }
}

/// The body of `POST /api/v1/migration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateMigration {
    /// Where the keys go.
    pub workspace_id: WorkspaceId,
    /// The digest of the plan that was reviewed. With the workspace it names the job: making it again
    /// finds it again, unless it was rolled back.
    pub plan_digest: Hex32,
    /// How many rows there will be.
    pub rows: u64,
    /// What becomes of keys that are here already, but different.
    pub conflict: Conflict,
    /// The recipe of rows that are not native, in its text form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// What leads from a presented key to a row of that recipe: a part of it, such as `first:8`, or the text form of a quick
    /// recipe, whose result is then what rows bring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<String>,
    /// Who waived the recipe's proof, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_waived_by: Option<String>,
}

/// How many rows had which outcome, over all chunks so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrationCounts {
    /// Rows received.
    pub rows: u64,
    /// Keys made.
    pub created: u64,
    /// Keys made as they are in the source.
    pub updated: u64,
    /// Keys that were here already, the same.
    pub unchanged: u64,
    /// Keys that were here already, different, and stayed.
    pub conflict: u64,
    /// Rows that became no key.
    pub refused: u64,
    /// By a rollback: keys removed.
    pub removed: u64,
    /// By a rollback: keys made again as they were before the job.
    pub restored: u64,
    /// By a rollback: keys left alone, because they were edited since.
    pub kept: u64,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Migration {
    /// Its id.
    pub id: MigrationId,
    /// Where its keys go.
    pub workspace_id: WorkspaceId,
    /// The digest of its plan.
    pub plan_digest: Hex32,
    /// Where it stands.
    pub state: MigrationState,
    /// What becomes of keys that are here already, but different.
    pub conflict: Conflict,
    /// The recipe of its rows that are not native.
    pub recipe: Option<String>,
    /// What leads from a presented key to a row of that recipe.
    pub locator: Option<String>,
    /// How many rows there will be.
    pub rows: u64,
    /// How many chunks were taken; the next one has the number after this.
    pub chunks: u32,
    /// How many of them were undone by a rollback.
    pub undone_chunks: u32,
    /// Outcomes so far.
    pub counts: MigrationCounts,
    /// Which credential made it.
    pub created_by: String,
    /// Who waived the recipe's proof, if somebody did.
    pub proof_waived_by: Option<String>,
    /// When it was made.
    pub created_at: IsoTime,
    /// When it last changed.
    pub updated_at: IsoTime,
}

/// `{"migration": …}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationAnswer {
    /// The job.
    pub migration: Migration,
}

/// `{"migrations": […]}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationsAnswer {
    /// The team's jobs, newest first.
    pub migrations: Vec<Migration>,
}

/// The body of `POST /api/v1/migration/{id}/finish`: what the sender believes it has sent. A job that
/// counted otherwise is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FinishMigration {
    /// How many chunks.
    pub chunks: u32,
    /// How many rows in them.
    pub rows: u64,
}

/// The optional body of `POST /api/v1/migration/{id}/rollback`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RollBackMigration {
    /// Also undo rows that were edited since.
    pub force: bool,
}

/// The answer to `GET /api/v1/migration/access`: whoever reads it would pass the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrationAccess {
    /// Always true: everybody else gets another answer.
    pub open: bool,
    /// When the window closes.
    pub closes_at: Option<UnixMillis>,
    /// The address that the request came from, as the server sees it.
    pub address: Option<String>,
    /// The SDK key.
    pub sdk_key: String,
}

/// What one step of a rollback did. It is asked again until the job is `rolled_back`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollBackStep {
    /// The job after this step.
    pub migration: Migration,
    /// Rows of this step that were left alone, and those that are only marked as deleted.
    pub rows: Vec<super::RowAnswer>,
}
