//! `oneloop migrate apply`: sends the plan that was reviewed. Stopped at any instant, the same command goes on.

mod again;
mod outcomes;
mod raw;
mod reviewed;

use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::Args;
use oneloop_import::apply::chunking::{Chunk, Chunking};
use oneloop_import::apply::client::Client;
use oneloop_import::apply::job::{self, Events};
use oneloop_import::apply::spool::{Spool, SpoolWriter};
use oneloop_migrate::mapping::{self, Mapping};
use oneloop_migrate::plan::{Proof, RowPlan, Summary};
use oneloop_migrate::source::Row;
use oneloop_protocol::migration::{ChunkAnswer, Conflict, CreateMigration, Hex32, Migration};
use serde_json::{Value, json};

use self::outcomes::Outcomes;
use self::reviewed::{PlanRef, Reviewed};
use super::mapping_file::MappingFile;
use super::numbers::grouped;
use super::planned::{Planned, Reading, Sink, proof};
use super::progress::Progress;
use super::server::{ServerArgs, of_client, of_job};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    /// The mapping file
    #[arg(default_value = "migration.toml")]
    mapping: PathBuf,
    /// The plan that was reviewed: its digest, or the file that `plan --output` wrote
    #[arg(long, value_name = "DIGEST|FILE")]
    plan: PlanRef,
    #[command(flatten)]
    server: ServerArgs,
    /// Write what became of every row to this file, a line of JSON each
    #[arg(long, value_name = "PATH", default_value = "outcomes.ndjson")]
    outcomes: PathBuf,
    /// Apply without a proof of the recipe; the name of who answers for that stands in the report
    #[arg(long, value_name = "NAME")]
    waive_proof: Option<String>,
    /// Send keys in clear, one call each: only for an upstream that has no migration jobs, and takes nothing else
    #[arg(long)]
    send_raw: bool,
    /// Read at most so many rows of a database in a second [default: as many as come]
    #[arg(long, value_name = "N")]
    rows_per_second: Option<NonZeroU32>,
    /// Rows in a chunk: for tests that are interrupted between many
    #[arg(long, value_name = "N", hide = true)]
    chunk_rows: Option<NonZeroUsize>,
}

pub(super) async fn run(args: ApplyArgs, answer: Answer) -> Outcome {
    let mapping = MappingFile::read(&args.mapping)?.mapping;
    let reviewed = args.plan.read()?;
    reviewed.check_policy(mapping.policy.conflict)?;
    let waived_by = args.waive_proof.as_deref().or(reviewed.waived_by.as_deref());
    let proof = proof(&mapping, waived_by)?;
    let client = args.server.client()?;
    check_workspace(&mapping)?;
    // A million rows are not read in front of a closed door.
    let access = client.access().await;
    if args.send_raw {
        raw::check(access, &mapping)?;
    } else {
        access.map_err(of_client)?;
    }
    let missing = missing_scopes(&client, &mapping).await?;
    let now = reviewed.planned_at.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond());
    let reading = Reading { mapping, proof, now, rows_per_second: args.rows_per_second };
    if args.send_raw {
        return raw::run(&args, reading, client, &reviewed, &missing, answer).await;
    }
    if let Some(job) = again::finished(&client, &reading.mapping, &reviewed).await? {
        return again::run(&args, reading, &client, &reviewed, &missing, &job, answer).await;
    }

    let planned = reading.into(Spooling::of_chunks(args.chunk_rows)?).await?;
    let Planned { mapping, proof, summary, sink, .. } = planned;
    check_reviewed(&summary, &reviewed)?;
    let spool = sink.finish()?;
    let mut outcomes = Outcomes::create(&args.outcomes)?;
    create_scopes(&client, &mapping, &missing).await?;
    let body = job_of(&mapping, &proof, &summary, spool.rows());
    let job = send(client, spool, &body, &mut outcomes).await?;
    outcomes.finish()?;
    tell(Some(&job), &outcomes, &missing, answer)
}

/// What was reviewed is what runs, or nothing does.
fn check_reviewed(summary: &Summary, reviewed: &Reviewed) -> Outcome {
    super::plan::check(summary)?;
    if summary.digest == reviewed.digest {
        return Ok(());
    }
    Err(Failure::user(format!(
        "what is read now is another plan than the one that was reviewed: its digest is {}",
        summary.digest
    ))
    .hint("the source, the mapping or both changed since; plan again, and review what comes out"))
}

/// Says at once what the server could only say after all rows were read.
pub(super) fn check_workspace(mapping: &Mapping) -> Outcome {
    let workspace = &mapping.target.workspace;
    match workspace.bits() {
        Some(_) => Ok(()),
        None => Err(Failure::user(format!(
            "target.workspace is `{workspace}`, which is no id of a workspace"
        ))
        .hint("ids of workspaces are ws_ and 32 hexadecimal digits")),
    }
}

/// The scopes that the mapping grants and the workspace does not define yet.
pub(super) async fn missing_scopes(client: &Client, mapping: &Mapping) -> Outcome<Vec<String>> {
    if mapping.representations().next().is_none() {
        return Ok(Vec::new());
    }
    let defined = client.scopes(&mapping.target.workspace).await.map_err(of_client)?;
    let granted = mapping.representations().map(str::to_owned);
    let is_defined = |scope: &String| defined.iter().any(|it| it.representation == *scope);
    Ok(granted.filter(|scope| !is_defined(scope)).collect())
}

async fn create_scopes(client: &Client, mapping: &Mapping, missing: &[String]) -> Outcome {
    for scope in missing {
        let text = mapping.scopes.get(scope);
        client.create_scope(&mapping.target.workspace, scope, text).await.map_err(of_client)?;
    }
    if !missing.is_empty() {
        output::talk(&format!("Created the scopes that were missing: {}.", missing.join(", ")));
    }
    Ok(())
}

/// Rows on their way into chunks.
#[derive(Debug)]
pub(super) struct Spooling(SpoolWriter);

impl Spooling {
    pub(super) fn of_chunks(rows: Option<NonZeroUsize>) -> Outcome<Self> {
        SpoolWriter::new(chunking(rows)).map(Self).map_err(|error| no_spool(&error))
    }

    pub(super) fn finish(self) -> Outcome<Spool> {
        self.0.finish().map_err(|error| no_spool(&error))
    }
}

impl Sink for Spooling {
    fn row(&mut self, row: &Row, plan: &RowPlan, mapping: &Mapping) -> Outcome {
        self.0.push(row, plan, mapping).map_err(|error| no_spool(&error))
    }
}

fn chunking(rows: Option<NonZeroUsize>) -> Chunking {
    rows.map_or_else(Chunking::default, |rows| Chunking::of(rows.get()))
}

fn no_spool(error: &io::Error) -> Failure {
    Failure::ours("the plan cannot be kept in a temporary file").because(error)
}

/// The job of a plan.
fn job_of(mapping: &Mapping, proof: &Proof, summary: &Summary, rows: u64) -> CreateMigration {
    let under_recipe = summary.estimate.legacy > 0;
    let locator = mapping.columns.locator.as_ref().filter(|_| mapping.recipe.needs_locator());
    CreateMigration {
        workspace_id: mapping.target.workspace.clone(),
        plan_digest: Hex32::from(summary.digest),
        rows,
        conflict: conflict_of(mapping),
        recipe: under_recipe.then(|| mapping.recipe.to_string()),
        locator: locator.filter(|_| under_recipe).map(|locator| locator.part.to_string()),
        proof_waived_by: proof.waived_by().map(str::to_owned),
    }
}

/// The policy, as the server is told.
fn conflict_of(mapping: &Mapping) -> Conflict {
    match mapping.policy.conflict {
        mapping::Conflict::Skip => Conflict::Skip,
        mapping::Conflict::Update => Conflict::Update,
        mapping::Conflict::Fail => Conflict::Fail,
    }
}

async fn send(
    client: Client,
    mut spool: Spool,
    body: &CreateMigration,
    outcomes: &mut Outcomes,
) -> Outcome<Migration> {
    output::talk(&format!(
        "Sending {} keys to {}, {} at a time.",
        grouped(spool.rows()),
        client.address(),
        grouped(spool.rows().div_ceil(u64::from(spool.chunks().max(1))))
    ));
    let mut progress = Progress::begin(Some(spool.rows()));
    let client = client.telling(progress.teller());
    let mut events = Written { outcomes, progress: Some(&mut progress), replayed: 0 };
    let sent = job::apply(&client, &mut spool, body, &mut events).await;
    let replayed = events.replayed;
    progress.end();
    tell_replayed(replayed);
    sent.map_err(of_job)
}

fn tell_replayed(rows: u64) {
    if rows > 0 {
        let rows = grouped(rows);
        output::talk(&format!("{rows} of them were there from an earlier run of this command."));
    }
}

/// Writes outcomes down as they come.
struct Written<'w> {
    outcomes: &'w mut Outcomes,
    progress: Option<&'w mut Progress>,
    replayed: u64,
}

impl Events for Written<'_> {
    fn chunk(&mut self, chunk: &Chunk, answer: Option<&ChunkAnswer>) -> io::Result<()> {
        let rows = answer.map_or(&[] as &[_], |answer| answer.rows.as_slice());
        self.outcomes.rows(&chunk.notes, rows)?;
        if let Some(progress) = &mut self.progress {
            progress.advance(rows.len() as u64);
        }
        if answer.is_some_and(|answer| answer.replayed) {
            self.replayed += rows.len() as u64;
        }
        Ok(())
    }
}

/// Says what came of it.
fn tell(
    job: Option<&Migration>,
    outcomes: &Outcomes,
    scopes: &[String],
    answer: Answer,
) -> Outcome {
    let path = outcomes.path();
    match answer {
        Answer::Json => {
            let counts: Value =
                outcomes.counts().map(|(code, rows, _)| (code.to_owned(), json!(rows))).collect();
            output::json(&json!({
                "migration": job,
                "outcomes": counts,
                "scopesCreated": scopes,
                "outcomeFile": path,
            }))?;
        }
        Answer::People => {
            let row = |(code, rows, meaning): (&str, u64, &str)| {
                [grouped(rows), code.to_owned(), meaning.to_owned()]
            };
            let rows: Vec<[String; 3]> = outcomes.counts().map(row).collect();
            output::table(["ROWS", "OUTCOME", ""], &rows)?;
            if let Some(job) = job {
                output::data("")?;
                output::data(&format!(
                    "Job {} is {}.",
                    output::strong(job.id.as_str()),
                    job.state
                ))?;
            }
            output::talk(&format!("{} says what became of each row.", path.display()));
        }
    }
    if outcomes.refused() > 0 {
        let rows = outcomes.refused();
        return Err(Failure::blocked(format!(
            "{} {} became no key",
            grouped(rows),
            if rows == 1 { "row" } else { "rows" }
        ))
        .hint(format!("{} names each with its reason", path.display())));
    }
    if outcomes.conflicts() > 0 {
        return Err(Failure::blocked(format!(
            "keys that were there already and differ were left as they are: {}",
            grouped(outcomes.conflicts())
        ))
        .hint(format!(
            "{} names each, and where it differs; to make them as in the source, set policy.conflict to \"update\", \
             plan and apply",
            path.display()
        )));
    }
    if answer == Answer::People && job.is_some() {
        output::hint("next, hold the source against what arrived: `oneloop migrate reconcile`");
    }
    Ok(())
}
