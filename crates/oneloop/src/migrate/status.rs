//! `oneloop migrate status`, `pause` and `resume`: where jobs stand, and letting them wait.

use clap::Args;
use oneloop_import::apply::client::Client;
use oneloop_protocol::MigrationId;
use oneloop_protocol::migration::{Migration, MigrationState};
use serde_json::json;

use super::numbers::grouped;
use super::server::{ServerArgs, of_client};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::moment::describe_iso;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Only this job, in every detail
    #[arg(value_name = "JOB")]
    job: Option<MigrationId>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Which job, on which server.
#[derive(Debug, Args)]
pub(super) struct JobArgs {
    /// The job, as `status` lists it; not needed where only one is not rolled back
    #[arg(value_name = "JOB")]
    job: Option<MigrationId>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

impl JobArgs {
    /// The job that is named, or the only one that it can be.
    pub(super) async fn find(&self, client: &Client) -> Outcome<Migration> {
        if let Some(id) = &self.job {
            return named(client, id).await;
        }
        let mut live = client.jobs().await.map_err(of_client)?;
        live.retain(|job| job.state != MigrationState::RolledBack);
        match live.as_slice() {
            [job] => Ok(job.clone()),
            [] => Err(Failure::user("there is no migration job that is not rolled back")
                .hint("`oneloop migrate status` lists all of them")),
            several => Err(Failure::user(format!("there are {} migration jobs", several.len()))
                .hint("name one; `oneloop migrate status` lists them")),
        }
    }
}

async fn named(client: &Client, id: &MigrationId) -> Outcome<Migration> {
    // Anything else would become a part of the URL.
    if id.bits().is_none() {
        return Err(Failure::user(format!("`{id}` is no id of a migration job"))
            .hint("`oneloop migrate status` lists them; they begin with mg_"));
    }
    client.job(id).await.map_err(of_client)
}

pub(super) async fn run(args: StatusArgs, answer: Answer) -> Outcome {
    let client = args.server.client()?;
    if let Some(id) = &args.job {
        return one(&named(&client, id).await?, answer);
    }
    let jobs = client.jobs().await.map_err(of_client)?;
    if answer == Answer::Json {
        return output::json(&json!({ "migrations": jobs }));
    }
    if jobs.is_empty() {
        output::talk("There is no migration job yet.");
        return Ok(());
    }
    let rows: Vec<_> = jobs
        .iter()
        .map(|job| {
            [
                job.id.to_string(),
                job.state.to_string(),
                format!("{} of {}", grouped(job.counts.rows), grouped(job.rows)),
                job.workspace_id.to_string(),
                describe_iso(&job.updated_at),
            ]
        })
        .collect();
    output::table(["JOB", "STATE", "ROWS", "WORKSPACE", "CHANGED"], &rows)
}

/// A job in every detail.
pub(super) fn one(job: &Migration, answer: Answer) -> Outcome {
    if answer == Answer::Json {
        return output::json(&json!({ "migration": job }));
    }
    let counts = &job.counts;
    let mut rows = vec![
        ["Job".to_owned(), job.id.to_string()],
        ["State".to_owned(), format!("{}: {}", job.state, job.state.meaning())],
        ["Workspace".to_owned(), job.workspace_id.to_string()],
        ["Plan".to_owned(), job.plan_digest.to_string()],
        ["Rows".to_owned(), format!("{} of {}", grouped(counts.rows), grouped(job.rows))],
    ];
    let numbers = [
        ("Created", counts.created),
        ("Updated", counts.updated),
        ("Unchanged", counts.unchanged),
        ("Conflict", counts.conflict),
        ("Refused", counts.refused),
        ("Removed", counts.removed),
        ("Restored", counts.restored),
        ("Kept", counts.kept),
    ];
    let met = numbers.into_iter().filter(|(_, rows)| *rows > 0);
    rows.extend(met.map(|(name, number)| [name.to_owned(), grouped(number)]));
    rows.push(["On conflict".to_owned(), job.conflict.to_string()]);
    if let Some(by) = &job.proof_waived_by {
        rows.push(["Proof waived by".to_owned(), by.clone()]);
    }
    rows.push(["Begun".to_owned(), describe_iso(&job.created_at)]);
    rows.push(["Changed".to_owned(), describe_iso(&job.updated_at)]);
    let width = rows.iter().map(|[name, _]| name.chars().count()).max().unwrap_or(0);
    rows.iter().try_for_each(|[name, value]| output::data(&format!("{name:<width$}  {value}")))
}

pub(super) async fn pause(args: JobArgs, answer: Answer) -> Outcome {
    let client = args.server.client()?;
    let job = args.find(&client).await?;
    let job = client.pause(&job.id).await.map_err(of_client)?;
    if answer == Answer::People {
        output::talk(
            "Paused: the server takes no chunk of it, and `apply` ends. `resume` lets it go on.",
        );
    }
    one(&job, answer)
}

pub(super) async fn resume(args: JobArgs, answer: Answer) -> Outcome {
    let client = args.server.client()?;
    let job = args.find(&client).await?;
    let job = client.resume(&job.id).await.map_err(of_client)?;
    if answer == Answer::People {
        output::talk("It takes chunks again: run the same `apply` command as before.");
    }
    one(&job, answer)
}
