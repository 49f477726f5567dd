//! What both sides have, after a job.

use serde::{Deserialize, Serialize};

use super::chunk::RowAnswer;
use super::encoding::Hex32;
use super::job::Migration;
use crate::time::IsoTime;

/// What was presented as the source, over the chunks compared so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSide {
    /// How many rows.
    pub rows: u64,
    /// The digest of those rows, whatever their order.
    pub digest: Hex32,
}

/// What is here for those rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSide {
    /// How many keys were found.
    pub keys: u64,
    /// Of those, how many are as they are in the source.
    pub same: u64,
    /// Of those, how many differ.
    pub different: u64,
    /// How many rows have no key here.
    pub missing: u64,
    /// The digest of the keys that were found, as they are here.
    pub digest: Hex32,
}

/// The answer to `PUT /api/v1/migration/{id}/comparison/{n}`: a chunk of the source held against what is
/// here. Comparing begins with chunk 1, and writes nothing but its own sums.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// How many chunks were compared.
    pub chunks: u32,
    /// The source, so far.
    pub source: SourceSide,
    /// The target, so far.
    pub target: TargetSide,
    /// Rows of this chunk that differ or are missing.
    pub differences: Vec<RowAnswer>,
}

/// What the server attests about a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrationReport {
    /// The job.
    pub migration: Migration,
    /// Both sides, if they were compared since the job last changed.
    pub comparison: Option<ComparedSides>,
    /// Whether every row of the plan was compared and every key is as it is in the source.
    pub reconciled: bool,
    /// When this was written.
    pub at: IsoTime,
}

/// Both sides of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedSides {
    /// The source.
    pub source: SourceSide,
    /// The target.
    pub target: TargetSide,
}

/// A report, and the server's signature over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedReport {
    /// The report, for people.
    pub report: MigrationReport,
    /// The same as a JWS in compact form (RFC 7515, EdDSA): what a third party checks.
    pub jws: String,
    /// The Ed25519 public key, as a JWK (RFC 8037).
    pub public_key: PublicKey,
}

/// An Ed25519 public key (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// `OKP`
    pub kty: String,
    /// `Ed25519`
    pub crv: String,
    /// The 32 bytes, in URL-safe base 64 without padding.
    pub x: String,
}
