//! `oneloop migrate plan`: what would be done with every row, and why. Writes nothing but the files it is asked for.

mod problems;
mod report;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use oneloop_import::open::{Opened, open};
use oneloop_import::seen::SeenKeys;
use oneloop_migrate::mapping::{Kind, Mapping};
use oneloop_migrate::plan::{Attributes, Existing, Identity, PlanError, Planner, Proof, Summary};
use oneloop_migrate::source::{Row, Source, SourceError};

use self::problems::Problems;
use self::report::Report;
use super::mapping_file::MappingFile;
use super::problem::{of_open, of_source};
use super::progress::Progress;
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The mapping file
    #[arg(default_value = "migration.toml")]
    mapping: PathBuf,
    /// Plan without a proof of the recipe; the name of who answers for that stands in the plan
    #[arg(long, value_name = "NAME")]
    waive_proof: Option<String>,
    /// Write a line of JSON for each row that is not simply created: number, line, id, code, detail, notes
    #[arg(long, value_name = "PATH")]
    problems: Option<PathBuf>,
    /// Write the plan, as --json prints it, to this file
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Read at most so many rows of a database in a second [default: as many as come]
    #[arg(long, value_name = "N")]
    rows_per_second: Option<NonZeroU32>,
}

pub(super) async fn run(args: PlanArgs, answer: Answer) -> Outcome {
    let file = MappingFile::read(&args.mapping)?;
    let proof = proof(&file.mapping, args.waive_proof.as_deref())?;
    let opened = open(&file.mapping, args.rows_per_second).await.map_err(of_open)?;
    announce(&file.mapping, &opened);
    let Opened { source, sql, .. } = opened;
    let problems = args.problems.as_deref().map(Problems::create).transpose()?;

    let (mapping, waived_by) = (file.mapping, proof.waived_by().map(str::to_owned));
    let planning = move || planned(&mapping, &proof, source, problems).map(|done| (mapping, done));
    // Reading blocks, and the runtime has threads for what does.
    let joined = tokio::task::spawn_blocking(planning).await;
    let (mapping, (summary, took)) =
        joined.map_err(|error| Failure::ours("planning ended early").because(&error))??;

    let report = Report { mapping: &mapping, summary: &summary, sql, waived_by, took };
    if let Some(path) = &args.output {
        report.write(path)?;
    }
    match answer {
        Answer::Json => output::json(&report.json())?,
        Answer::People => report.print()?,
    }
    if summary.can_apply() {
        return Ok(());
    }
    let stops: Vec<String> =
        summary.stops().map(|(code, rows)| format!("{} ({rows})", code.as_str())).collect();
    Err(Failure::blocked(format!("the plan cannot be applied: {}", stops.join(", "))).hint(
        "map every permission in [permissions], an empty {} drops one on purpose; --problems PATH names the rows",
    ))
}

/// The proof in the mapping, or the name of who waives it.
fn proof(mapping: &Mapping, waived_by: Option<&str>) -> Outcome<Proof> {
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

/// Plans every row.
fn planned(
    mapping: &Mapping,
    proof: &Proof,
    mut source: Box<dyn Source + Send>,
    mut problems: Option<Problems>,
) -> Outcome<(Summary, std::time::Duration)> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| Failure::ours("the machine has no randomness").because(&error))?;
    let mut seen = SeenKeys::new(key);
    let scopes: BTreeSet<String> = mapping.representations().map(str::to_owned).collect();
    let now = jiff::Timestamp::now().as_millisecond();
    let mut planner = Planner::new(mapping, proof, &scopes, &NothingThere, &mut seen, now)
        .map_err(|error| refused(&error))?;

    let mut progress = Progress::begin(source.count());
    let (mut stopped, mut first) = (None, true);
    let mut sink = |row: Row| {
        // A file of one shape says at its first row what it lacks; every row would say the same.
        if std::mem::take(&mut first) && mapping.source.kind == Kind::Csv {
            let missing = mapping.missing_columns(&row.header);
            if !missing.is_empty() {
                stopped = Some(lacks(&missing, row.header.names()));
                return std::ops::ControlFlow::Break(());
            }
        }
        let plan = planner.row(&row);
        progress.row();
        if let Some(problems) = &mut problems
            && let Err(failure) = problems.note(&plan)
        {
            stopped = Some(failure);
            return std::ops::ControlFlow::Break(());
        }
        std::ops::ControlFlow::Continue(())
    };
    let read: Result<(), SourceError> = source.read(&mut sink);
    progress.end();
    read.map_err(|error| of_source(&error))?;
    if let Some(failure) = stopped {
        return Err(failure);
    }
    let summary = planner.finish();
    if let Some(count) = source.count().filter(|count| *count != summary.rows) {
        return Err(Failure::ours(format!(
            "the database counted {count} rows and gave {}",
            summary.rows
        )));
    }
    seen.finish()
        .map_err(|error| Failure::ours("duplicates could not be looked for").because(&error))?;
    if let Some(problems) = problems {
        problems.finish()?;
    }
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
