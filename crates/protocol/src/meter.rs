//! A customer's billing meter, as verify shows it.

use serde::{Deserialize, Serialize};

use crate::time::IsoTime;

/// Credit and what is used of it. Amounts are decimal digits of any length, never JSON numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meter {
    /// Its id.
    pub id: String,
    /// All credit ever added.
    pub total_credits: String,
    /// What of it is used.
    pub used_credits: String,
    /// Whether use may go past the credit.
    pub allow_overages: bool,
    /// With overages: the most that may ever be used.
    pub spend_cap: Option<String>,
    /// When it was created.
    pub created_at: IsoTime,
    /// When it last changed.
    pub updated_at: IsoTime,
}
