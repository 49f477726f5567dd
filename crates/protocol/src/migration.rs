//! Migration jobs: many keys brought along, in sequenced chunks. All of this is our addition; unknown
//! fields are refused.
//!
//! A job is made from a plan's digest; making it again finds it again, so whoever was interrupted repeats
//! the same command. Its chunks are NDJSON, one [`MigrationRow`] a line, and are numbered from 1 without
//! gaps. Replaying a chunk answers what it answered the first time.

mod chunk;
mod encoding;
mod job;
mod report;
mod row;
mod set_digest;

pub use chunk::{ChunkAnswer, FieldDiff, RowAnswer, RowOutcome};
pub use encoding::{Base64Bytes, EncodingError, Hex32, HexBytes, Words};
pub use job::{
    Conflict, CreateMigration, FinishMigration, Migration, MigrationAccess, MigrationAnswer,
    MigrationCounts, MigrationState, MigrationsAnswer, RollBackMigration, RollBackStep,
};
pub use report::{
    ComparedSides, Comparison, MigrationReport, PublicKey, SignedReport, SourceSide, TargetSide,
};
pub use row::{Attributes, KeyMaterial, MigrationRow, RowIdentity};
pub use set_digest::{SetDigest, SetDigestError};

/// Most rows in one chunk.
pub const ROWS_PER_CHUNK: usize = 10_000;
/// Most bytes in one chunk's body.
pub const CHUNK_BYTES: usize = 8 * 1024 * 1024;
/// Most chunks in one job: enough for a billion rows.
pub const CHUNKS_PER_JOB: u32 = 100_000;
