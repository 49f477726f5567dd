//! `oneloop migrate rollback`: undoes exactly what a job did.

use std::io::{IsTerminal, stderr, stdin};

use clap::Args;
use dialoguer::Confirm;
use oneloop_import::apply::job;
use oneloop_protocol::migration::{Migration, RollBackMigration, RowAnswer};
use serde_json::json;

use super::numbers::grouped;
use super::progress::Progress;
use super::server::of_job;
use super::status::JobArgs;
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Rows that are shown one by one; `--json` has all of them.
const SHOWN: usize = 20;

#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    job: JobArgs,
    /// Also undo keys that were edited since
    #[arg(long)]
    force: bool,
    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(args: RollbackArgs, answer: Answer) -> Outcome {
    let client = args.job.server.client()?;
    let job = args.job.find(&client).await?;
    confirm(&job, args.yes)?;
    let mut progress = Progress::begin(Some(job.counts.rows));
    // Chunks are about alike, and how many rows are in each only the server knows.
    let each = job.counts.rows.div_ceil(u64::from(job.chunks.max(1)));
    let client = client.telling(progress.teller());
    let mut rows: Vec<RowAnswer> = Vec::new();
    let undone =
        job::roll_back(&client, &job.id, RollBackMigration { force: args.force }, &mut |step| {
            rows.extend(step.rows.iter().cloned());
            progress.advance(each);
            Ok(())
        })
        .await;
    progress.end();
    let job = undone.map_err(of_job)?;
    tell(&job, &rows, answer)
}

fn confirm(job: &Migration, yes: bool) -> Outcome {
    if yes {
        return Ok(());
    }
    let counts = &job.counts;
    let question = format!(
        "Remove the {} keys that job {} created, and make the {} that it updated as they were?",
        grouped(counts.created),
        job.id,
        grouped(counts.updated)
    );
    if !(stdin().is_terminal() && stderr().is_terminal()) {
        return Err(Failure::user("nobody is here to confirm the rollback").hint("say --yes"));
    }
    match Confirm::new().with_prompt(question).default(false).interact() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::user("nothing was undone")),
        Err(error) => Err(Failure::user("there was no answer").because(&error)),
    }
}

fn tell(job: &Migration, rows: &[RowAnswer], answer: Answer) -> Outcome {
    let counts = &job.counts;
    match answer {
        Answer::Json => output::json(&json!({ "migration": job, "rows": rows }))?,
        Answer::People => {
            output::data(&format!(
                "{} keys removed, {} made as they were, {} left alone.",
                grouped(counts.removed),
                grouped(counts.restored),
                grouped(counts.kept)
            ))?;
            let table: Vec<[String; 4]> = rows
                .iter()
                .take(SHOWN)
                .map(|row| {
                    let id = row.id.as_ref().map(ToString::to_string).unwrap_or_default();
                    let (code, meaning) = (row.outcome.as_str(), row.outcome.meaning());
                    [row.row.to_string(), code.to_owned(), id, meaning.to_owned()]
                })
                .collect();
            output::table(["ROW", "OUTCOME", "KEY", ""], &table)?;
            if rows.len() > SHOWN {
                output::talk(&format!(
                    "… and {} more; --json has all.",
                    grouped((rows.len() - SHOWN) as u64)
                ));
            }
        }
    }
    if counts.kept == 0 {
        return Ok(());
    }
    Err(Failure::blocked(format!(
        "{} keys were edited since the migration and are left as they are",
        grouped(counts.kept)
    ))
    .hint("look at them; the same command with --force undoes them too"))
}
