//! A plan as it is shown.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use oneloop_import::database::Select;
use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::plan::{Code, Summary};
use oneloop_protocol::UnixMillis;
use serde_json::{Value, json};

use super::super::numbers::{bytes, grouped};
use super::on_server::OnServer;
use crate::failure::{Failure, Outcome};
use crate::moment::iso;
use crate::output;

/// What an import takes along in a second, on either database: measured on two cores (docs/benchmarks.md).
const KEYS_PER_SECOND: u64 = 18_000;

/// What is to be said of a plan.
#[derive(Debug)]
pub(super) struct Report<'p> {
    pub(super) mapping: &'p Mapping,
    pub(super) summary: &'p Summary,
    pub(super) sql: Option<Select>,
    pub(super) waived_by: Option<String>,
    pub(super) took: Duration,
    /// The moment that decided what has expired.
    pub(super) now: UnixMillis,
    /// What a server has of it, if one was asked.
    pub(super) on_server: Option<OnServer>,
}

impl Report<'_> {
    /// For programs. Its fields are documented in docs/migrating.md.
    pub(super) fn json(&self) -> Value {
        let summary = self.summary;
        let by_code = |counts: &BTreeMap<Code, u64>| -> Value {
            counts.iter().map(|(code, rows)| (code.as_str().to_owned(), json!(rows))).collect()
        };
        let estimate = &summary.estimate;
        json!({
            "workspace": self.mapping.target.workspace,
            // What brings no key along is no plan to apply.
            "digest": (!self.is_empty()).then(|| summary.digest.to_string()),
            "plannedAt": iso(self.now),
            "policy": { "conflict": self.mapping.policy.conflict.word() },
            "canApply": summary.can_apply() && !self.is_empty(),
            "stops": summary.stops().map(|(code, _)| code.as_str()).collect::<Vec<_>>(),
            "rows": summary.rows,
            "outcomes": by_code(&summary.outcomes),
            "notes": by_code(&summary.notes),
            "unknownPermissions": summary.unknown_permissions,
            "estimate": {
                "keys": estimate.writes,
                "native": estimate.native,
                "legacy": estimate.legacy,
                "bytes": estimate.bytes,
                "seconds": seconds(estimate.writes),
            },
            "proof": match (&self.waived_by, &self.mapping.proof) {
                (Some(by), _) => json!({ "waivedBy": by }),
                (None, proof) => json!({ "keys": proof.as_ref().map(|proof| proof.keys) }),
            },
            "server": self.on_server,
            "sql": self.sql.as_ref().map(Select::first),
        })
    }

    /// Whether no row becomes a key, and none is left to decide on.
    pub(super) fn is_empty(&self) -> bool {
        self.summary.can_apply() && self.summary.estimate.writes == 0
    }

    /// Writes the same into a file.
    pub(super) fn write(&self, path: &Path) -> Outcome {
        let text = format!("{:#}\n", self.json());
        std::fs::write(path, text).map_err(|error| {
            Failure::user(format!("cannot write `{}`", path.display())).because(&error)
        })
    }

    /// For people: the counts and the digest are data, the rest is talk.
    pub(super) fn print(&self) -> Outcome {
        let summary = self.summary;
        let rate = summary.rows as f64 / self.took.as_secs_f64().max(0.001);
        output::talk(&format!(
            "Planned {} rows, {} a second. Nothing was written.",
            grouped(summary.rows),
            grouped(rate as u64)
        ));
        if let Some(by) = &self.waived_by {
            output::warning(&format!("the recipe is not proved; {by} answers for it"));
        }
        output::data("")?;
        let rows = |counts: &BTreeMap<Code, u64>| -> Vec<[String; 3]> {
            let line = |(code, rows): (&Code, &u64)| {
                [grouped(*rows), code.as_str().to_owned(), code.meaning().to_owned()]
            };
            counts.iter().map(line).collect()
        };
        output::table(["ROWS", "OUTCOME", ""], &rows(&summary.outcomes))?;
        if !summary.notes.is_empty() {
            output::data("")?;
            output::table(["ROWS", "NOTE", ""], &rows(&summary.notes))?;
        }
        if !summary.unknown_permissions.is_empty() {
            let unknown = summary.unknown_permissions.iter();
            let unknown: Vec<[String; 2]> =
                unknown.map(|(name, rows)| [grouped(*rows), name.clone()]).collect();
            output::data("")?;
            output::table(["ROWS", "UNKNOWN PERMISSION"], &unknown)?;
        }
        if self.is_empty() {
            return Ok(());
        }
        output::data("")?;
        output::data(&self.estimate())?;
        output::data(&format!(
            "A key that is there already and differs: policy.conflict = \"{}\"",
            self.mapping.policy.conflict.word()
        ))?;
        if let Some(on_server) = &self.on_server {
            on_server.print()?;
        }
        output::data(&format!("Digest {}", output::strong(&summary.digest.to_string())))
    }

    fn estimate(&self) -> String {
        let estimate = &self.summary.estimate;
        let native = match (estimate.native, estimate.legacy) {
            (_, 0) => "all of them native at once".to_owned(),
            (0, _) => "each under its recipe until it is first used".to_owned(),
            (native, legacy) => format!(
                "{} native at once, {} under their recipe until first used",
                grouped(native),
                grouped(legacy)
            ),
        };
        format!(
            "{} keys to write, {native}; {}, about {} s",
            grouped(estimate.writes),
            bytes(estimate.bytes),
            grouped(seconds(estimate.writes)),
        )
    }
}

fn seconds(keys: u64) -> u64 {
    keys.div_ceil(KEYS_PER_SECOND)
}
