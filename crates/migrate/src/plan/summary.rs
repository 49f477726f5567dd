//! A plan as a whole.

use std::collections::BTreeMap;

use oneloop_protocol::migration::SetDigest;

use super::code::Code;
use super::identity::KeyForm;
use super::outcome::{Outcome, RowPlan};

/// How many rows of which kind, and what they would weigh.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many rows were planned.
    pub rows: u64,
    /// How many rows of each outcome. They add up to [`Summary::rows`].
    pub outcomes: BTreeMap<Code, u64>,
    /// How many rows have each note. A row may have several, or none.
    pub notes: BTreeMap<Code, u64>,
    /// Permissions that the mapping does not know, with how many rows have each.
    pub unknown_permissions: BTreeMap<String, u64>,
    /// What would be applied.
    pub digest: SetDigest,
    /// What applying it would take.
    pub estimate: Estimate,
}

/// What to multiply with measured rates for an estimate of time and size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Keys that would be written.
    pub writes: u64,
    /// Of those, keys that are native at once.
    pub native: u64,
    /// Of those, keys that stay under their recipe until they are first presented.
    pub legacy: u64,
    /// Bytes of all fields that would be written. Indexes and page overhead come on top.
    pub bytes: u64,
}

impl Summary {
    pub(super) fn add(&mut self, plan: &RowPlan, workspace: &str) {
        self.rows += 1;
        *self.outcomes.entry(plan.outcome.code()).or_default() += 1;
        for note in &plan.notes {
            *self.notes.entry(*note).or_default() += 1;
        }
        if let Outcome::Refused { code: Code::UnknownPermission, detail } = &plan.outcome {
            *self.unknown_permissions.entry(detail.clone()).or_default() += 1;
        }
        if let Some(key) = plan.outcome.applied() {
            let canonical = key.canonical();
            self.digest.add(workspace, &canonical);
            self.estimate.writes += 1;
            self.estimate.bytes += canonical.len() as u64;
            match &key.form {
                KeyForm::Native(_) => self.estimate.native += 1,
                KeyForm::Legacy { stored, .. } => {
                    self.estimate.legacy += 1;
                    self.estimate.bytes += stored.len() as u64;
                }
            }
        }
    }

    /// How many rows have that outcome.
    pub fn count(&self, code: Code) -> u64 {
        self.outcomes.get(&code).copied().unwrap_or(0)
    }

    /// How many rows became no key though nobody decided so, see [`Code::refuses`].
    pub fn refused(&self) -> u64 {
        self.outcomes.iter().filter(|(code, _)| code.refuses()).map(|(_, rows)| rows).sum()
    }

    /// Outcomes that keep the plan from being applied, with their counts.
    pub fn stops(&self) -> impl Iterator<Item = (Code, u64)> {
        let all = self.outcomes.iter().map(|(code, count)| (*code, *count));
        all.filter(|(code, _)| code.stops())
    }

    /// Whether it may be applied.
    pub fn can_apply(&self) -> bool {
        self.stops().next().is_none()
    }
}
