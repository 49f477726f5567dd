//! The source, read row by row through the planner: what `plan`, `apply` and `reconcile` have in common. Where each
//! row and its plan go is the caller's business.

mod stages;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use oneloop_import::database::Select;
use oneloop_import::open::{Opened, open};
use oneloop_import::seen::SeenKeys;
use oneloop_migrate::mapping::{Kind, Mapping};
use oneloop_migrate::plan::{
    Attributes, Existing, Identity, PlanError, Planner, Proof, RowPlan, Summary,
};
use oneloop_migrate::source::{Row, Source};
use oneloop_protocol::UnixMillis;

use super::problem::{of_open, of_source};
use super::progress::Progress;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Where rows go, each with what is planned for it.
pub(super) trait Sink: Send + 'static {
    /// Takes a row. What it answers with ends the reading.
    fn row(&mut self, row: &Row, plan: &RowPlan, mapping: &Mapping) -> Outcome;
}

/// What to read, and on which ground.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) mapping: Mapping,
    pub(super) proof: Proof,
    /// Decides what has expired.
    pub(super) now: UnixMillis,
    pub(super) rows_per_second: Option<NonZeroU32>,
}

/// A source that was read to its end.
#[derive(Debug)]
pub(super) struct Planned<S> {
    pub(super) mapping: Mapping,
    pub(super) proof: Proof,
    pub(super) summary: Summary,
    pub(super) sql: Option<Select>,
    pub(super) took: Duration,
    /// Where the rows went.
    pub(super) sink: S,
}

impl Reading {
    /// Reads and plans every row.
    pub(super) async fn into<S: Sink>(self, mut sink: S) -> Outcome<Planned<S>> {
        let Self { mapping, proof, now, rows_per_second } = self;
        let opened = open(&mapping, rows_per_second).await.map_err(of_open)?;
        announce(&mapping, &opened);
        let Opened { source, sql, .. } = opened;
        let reading = move || {
            let (summary, took) = read(&mapping, &proof, now, source, &mut sink)?;
            Ok(Planned { mapping, proof, summary, sql, took, sink })
        };
        // Reading blocks, and the runtime has threads for what does.
        let joined = tokio::task::spawn_blocking(reading).await;
        joined.map_err(|error| Failure::ours("planning ended early").because(&error))?
    }
}

/// The proof in the mapping, or the name of who waives it.
pub(super) fn proof(mapping: &Mapping, waived_by: Option<&str>) -> Outcome<Proof> {
    match (waived_by, &mapping.proof) {
        (Some(by), _) => Ok(Proof::waived(by)),
        (None, Some(record)) => Ok(Proof::recorded(record)),
        (None, None) => Err(Failure::user("nobody has proved the mapping's recipe yet").hint(
            "`oneloop migrate prove` takes one real key; without any, answer for it with --waive-proof NAME",
        )),
    }
}

/// Says what is about to be read, and how.
fn announce(mapping: &Mapping, opened: &Opened) {
    let source = &mapping.source;
    match &opened.sql {
        Some(select) => {
            let table = source.table.as_deref().unwrap_or_default();
            output::talk(&format!(
                "Reading {table} of the {} database, read-only, in one snapshot:",
                select.dialect().title()
            ));
            for line in select.first().lines() {
                output::talk(&format!("  {line}"));
            }
            if !select.is_paged() {
                output::warning(
                    "the table has no unique key without a secret in it: it is read by one long statement",
                );
            }
        }
        None if source.location == oneloop_import::file::STDIN => {
            output::talk("Reading standard input.");
        }
        None => output::talk(&format!("Reading {}.", source.location)),
    }
    if let Some(remark) = opened.remark {
        output::warning(remark);
    }
}

/// A target that has no keys yet: what is here already is compared when the plan is applied.
struct NothingThere;

impl Existing for NothingThere {
    fn find(&self, _: &Identity) -> Option<Attributes> {
        None
    }
}

fn read(
    mapping: &Mapping,
    proof: &Proof,
    now: UnixMillis,
    mut source: Box<dyn Source + Send>,
    sink: &mut dyn Sink,
) -> Outcome<(Summary, Duration)> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| Failure::ours("the machine has no randomness").because(&error))?;
    let mut seen = SeenKeys::new(key);
    let scopes: BTreeSet<String> = mapping.representations().map(str::to_owned).collect();
    let mut planner = Planner::new(mapping, proof, &scopes, &NothingThere, &mut seen, now)
        .map_err(|error| refused(&error))?;

    let count = source.count();
    let (mut progress, mut first) = (Progress::begin(count), true);
    let reader = planner.reader();
    let read = |row: &Row| reader.read(row);
    let read = stages::run(source.as_mut(), mapping, sink, read, |row, read| {
        // A file of one shape says at its first row what it lacks; every row would say the same.
        if std::mem::take(&mut first) && mapping.source.kind == Kind::Csv {
            let missing = mapping.missing_columns(&row.header);
            if !missing.is_empty() {
                return Err(lacks(&missing, row.header.names()));
            }
        }
        progress.row();
        Ok(planner.read_row(row, read))
    });
    progress.end();
    read?.map_err(|error| of_source(&error))?;
    let summary = planner.finish();
    if let Some(count) = count.filter(|count| *count != summary.rows) {
        return Err(Failure::ours(format!(
            "the database counted {count} rows and gave {}",
            summary.rows
        )));
    }
    seen.finish()
        .map_err(|error| Failure::ours("duplicates could not be looked for").because(&error))?;
    Ok((summary, progress.elapsed()))
}

fn lacks(missing: &[String], there: &[String]) -> Failure {
    Failure::user(format!("the file has no column {}", missing.join(", "))).hint(format!(
        "it has {}; correct the names in [columns], or leave the lines out",
        there.join(", ")
    ))
}

fn refused(error: &PlanError) -> Failure {
    let failure = Failure::user(error.to_string());
    match error {
        PlanError::OtherRecipe => {
            failure.hint("`oneloop migrate prove` proves the recipe that is there now")
        }
        _ => failure,
    }
}
