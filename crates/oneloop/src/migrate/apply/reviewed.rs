//! What somebody reviewed, as `--plan` names it: a digest, or the file that `plan --output` wrote.

use std::fs;
use std::str::FromStr;

use jiff::Timestamp;
use oneloop_migrate::mapping::Conflict;
use oneloop_protocol::UnixMillis;
use oneloop_protocol::migration::SetDigest;
use serde::Deserialize;

use crate::failure::{Failure, Outcome};

/// `--plan`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum PlanRef {
    Digest(SetDigest),
    File(String),
}

impl FromStr for PlanRef {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::File(text.to_owned()), Self::Digest))
    }
}

/// A plan that was reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Reviewed {
    pub(in super::super) digest: SetDigest,
    /// When it was made, if that is known: what had expired then counts as expired, also when it is applied later.
    pub(in super::super) planned_at: Option<UnixMillis>,
    /// Who waived the recipe's proof.
    pub(in super::super) waived_by: Option<String>,
    /// What it says of keys that are there already and differ, if that is known. It is no part of the digest.
    pub(in super::super) conflict: Option<Conflict>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlanFile {
    digest: String,
    planned_at: String,
    proof: ProofOnFile,
    /// Plans of earlier versions have none.
    policy: Option<PolicyOnFile>,
}

#[derive(Deserialize)]
struct PolicyOnFile {
    conflict: Conflict,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProofOnFile {
    waived_by: Option<String>,
}

impl PlanRef {
    /// What it names.
    pub(in super::super) fn read(&self) -> Outcome<Reviewed> {
        let path = match self {
            Self::Digest(digest) => {
                return Ok(Reviewed {
                    digest: *digest,
                    planned_at: None,
                    waived_by: None,
                    conflict: None,
                });
            }
            Self::File(path) => path,
        };
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::user(format!("cannot read the plan `{path}`"))
                .because(&error)
                .hint("--plan takes the digest that `plan` printed, or the file that `plan --output` wrote")
        })?;
        let no_plan = || {
            Failure::user(format!("`{path}` is no plan"))
                .hint("`oneloop migrate plan --output PATH` writes one")
        };
        let plan: PlanFile = serde_json::from_str(&text).map_err(|_| no_plan())?;
        let at: Timestamp = plan.planned_at.parse().map_err(|_| no_plan())?;
        Ok(Reviewed {
            digest: plan.digest.parse().map_err(|_| no_plan())?,
            planned_at: Some(at.as_millisecond()),
            waived_by: plan.proof.waived_by,
            conflict: plan.policy.map(|policy| policy.conflict),
        })
    }
}

impl Reviewed {
    /// Refuses a mapping that would treat keys that are there already otherwise than was reviewed. A digest alone and
    /// a plan of an earlier version do not say what was, so they are no leave to overwrite anything.
    pub(in super::super) fn check_policy(&self, conflict: Conflict) -> Outcome {
        match self.conflict {
            Some(reviewed) if reviewed != conflict => Err(Failure::user(format!(
                "the plan was made with policy.conflict = \"{}\", and the mapping says \"{}\"",
                reviewed.word(),
                conflict.word()
            ))
            .hint("run `oneloop migrate plan` again, and review what comes out")),
            None if conflict == Conflict::Update => Err(Failure::user(
                "the mapping says policy.conflict = \"update\", and what --plan names does not say that this was reviewed",
            )
            .hint("name the file that `oneloop migrate plan --output PATH` writes: it says so")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_named_by_its_digest_or_its_file() {
        let digest = "ab".repeat(32);
        let named: PlanRef = digest.parse().expect("infallible");
        assert_eq!(named.read().expect("a digest").digest.to_string(), digest);

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.json");
        let text = format!(
            r#"{{"digest":"{digest}","plannedAt":"2026-11-24T18:00:00.000Z","proof":{{"waivedBy":"ada"}}}}"#
        );
        fs::write(&path, text).expect("written");
        let named: PlanRef = path.to_str().expect("UTF-8").parse().expect("infallible");
        let reviewed = named.read().expect("a plan");
        assert_eq!(reviewed.digest.to_string(), digest);
        assert_eq!(reviewed.planned_at, Some(1_795_543_200_000));
        assert_eq!(reviewed.waived_by.as_deref(), Some("ada"));
        // A plan that says nothing of the policy is no leave to overwrite.
        assert_eq!(reviewed.conflict, None);
        assert!(reviewed.check_policy(Conflict::Skip).is_ok());
        assert!(reviewed.check_policy(Conflict::Update).is_err());

        fs::write(&path, "{}").expect("written");
        assert!(named.read().expect_err("no plan").to_string().contains("is no plan"));
    }
}
