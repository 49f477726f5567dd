//! `oneloop migrate reconcile`: reads the source again, and holds every row against the key that it became.

mod differences;
mod secrets;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::Args;
use oneloop_import::apply::client::Client;
use oneloop_import::apply::job;
use oneloop_import::apply::spool::Spool;
use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::plan::{Proof, Summary};
use oneloop_migrate::recipe::SecretRef;
use oneloop_protocol::MigrationId;
use oneloop_protocol::migration::{Comparison, Hex32, Migration, MigrationState};
use serde_json::json;

use self::differences::Differences;
use self::secrets::Verified;
use super::apply::{Spooling, check_workspace};
use super::mapping_file::MappingFile;
use super::numbers::grouped;
use super::planned::{Planned, Reading};
use super::progress::Progress;
use super::server::{ServerArgs, of_client, of_job};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ReconcileArgs {
    /// The mapping file
    #[arg(default_value = "migration.toml")]
    mapping: PathBuf,
    /// The job to compare with; not needed where it can be told from the source
    #[arg(long, value_name = "JOB")]
    job: Option<MigrationId>,
    #[command(flatten)]
    server: ServerArgs,
    /// Write the rows that differ to this file, a line of JSON each
    #[arg(long, value_name = "PATH", default_value = "differences.ndjson")]
    differences: PathBuf,
    /// Afterwards verify real keys, one a line: file:PATH or env:NAME. They are sent to the server, as every
    /// verification sends them, and count as uses
    #[arg(long, value_name = "PLACE")]
    secrets: Option<SecretRef>,
    /// Read at most so many rows of a database in a second [default: as many as come]
    #[arg(long, value_name = "N")]
    rows_per_second: Option<NonZeroU32>,
    /// As for `apply`
    #[arg(long, value_name = "N", hide = true)]
    chunk_rows: Option<NonZeroUsize>,
}

pub(super) async fn run(args: ReconcileArgs, answer: Answer) -> Outcome {
    let mapping = MappingFile::read(&args.mapping)?.mapping;
    let client = args.server.client()?;
    check_workspace(&mapping)?;
    let jobs = client.jobs().await.map_err(of_client)?;
    // Read before the source is: a file of keys that is not there is said at once.
    let keys = args.secrets.as_ref().map(secrets::read).transpose()?;

    // What is compared was proved or waived when it was applied.
    let proof = mapping.proof.as_ref().map_or_else(|| Proof::waived("reconcile"), Proof::recorded);
    let now = jiff::Timestamp::now().as_millisecond();
    let reading = Reading { mapping, proof, now, rows_per_second: args.rows_per_second };
    let planned = reading.into(Spooling::of_chunks(args.chunk_rows)?).await?;
    let Planned { mapping, summary, sink, .. } = planned;
    let job = find(jobs, args.job.as_ref(), &mapping, &summary)?;
    if job.plan_digest != Hex32::from(summary.digest) {
        output::warning(&format!(
            "the source changed since it was applied: its digest was {} and is {}",
            job.plan_digest, summary.digest
        ));
    }

    let mut differences = Differences::create(&args.differences)?;
    let (client, compared) = compare(client, sink.finish()?, &job, &mut differences).await?;
    differences.finish()?;
    let report = client.report(&job.id).await.map_err(of_client)?.report;
    let verified = match keys {
        None => None,
        Some(keys) => Some(secrets::verify(&client, keys).await?),
    };
    let (rows, refused) = (summary.rows, summary.refused());
    let reconciled = report.reconciled;
    tell(&Found { compared, differences, verified, reconciled, job, rows, refused }, answer)
}

/// The job of this source: by its name, by its plan, or the only one that it can be.
fn find(
    jobs: Vec<Migration>,
    id: Option<&MigrationId>,
    mapping: &Mapping,
    summary: &Summary,
) -> Outcome<Migration> {
    let digest = Hex32::from(summary.digest);
    let mut jobs: Vec<Migration> = jobs
        .into_iter()
        .filter(|job| match id {
            Some(id) => job.id == *id,
            None => {
                job.workspace_id == mapping.target.workspace
                    && job.state != MigrationState::RolledBack
            }
        })
        .collect();
    if id.is_none() && jobs.iter().any(|job| job.plan_digest == digest) {
        jobs.retain(|job| job.plan_digest == digest);
        // The same rows under another policy are another job: the last one decided how keys are now.
        let last = jobs.iter().map(|job| job.created_at.clone()).max();
        jobs.retain(|job| Some(&job.created_at) == last.as_ref());
    }
    match jobs.len() {
        0 => Err(Failure::user("there is no migration job to compare with")
            .hint("`oneloop migrate status` lists them; `apply` makes one")),
        1 => Ok(jobs.remove(0)),
        several => Err(Failure::user(format!(
            "the source changed since it was applied, and there are {several} jobs for its workspace"
        ))
        .hint("name one with --job; `oneloop migrate status` lists them")),
    }
}

async fn compare(
    client: Client,
    mut spool: Spool,
    job: &Migration,
    differences: &mut Differences,
) -> Outcome<(Client, Comparison)> {
    let mut progress = Progress::begin(Some(spool.rows()));
    let client = client.telling(progress.teller());
    let compared = job::compare(&client, &mut spool, &job.id, &mut |chunk, comparison| {
        progress.set(comparison.source.rows);
        differences.chunk(chunk, comparison)
    })
    .await;
    progress.end();
    Ok((client, compared.map_err(of_job)?))
}

/// What came of it.
struct Found {
    job: Migration,
    compared: Comparison,
    differences: Differences,
    verified: Option<Verified>,
    reconciled: bool,
    /// Rows of the source.
    rows: u64,
    /// Of those, the ones that planning refused.
    refused: u64,
}

fn tell(found: &Found, answer: Answer) -> Outcome {
    let Found { job, compared, differences, verified, reconciled, rows, refused } = found;
    let Comparison { source, target, .. } = compared;
    match answer {
        Answer::Json => output::json(&json!({
            "migration": job,
            "reconciled": reconciled,
            "source": source,
            "sourceRows": rows,
            "refusedAtPlanning": refused,
            "target": target,
            "differences": differences.rows(),
            "differenceFile": differences.path(),
            "secrets": verified,
        }))?,
        Answer::People => {
            let row = |side: &str, keys: u64, digest: Hex32| {
                [side.to_owned(), grouped(keys), digest.to_string()]
            };
            output::table(
                ["", "KEYS", "DIGEST"],
                &[
                    row("source", source.rows, source.digest),
                    row("server", target.keys, target.digest),
                ],
            )?;
            output::data("")?;
            output::data(&format!(
                "{} the same, {} different, {} missing",
                grouped(target.same),
                grouped(target.different),
                grouped(target.missing)
            ))?;
            if *refused > 0 {
                output::data(&format!(
                    "{} of {} source rows; {} became no key at planning",
                    grouped(source.rows),
                    grouped(*rows),
                    grouped(*refused)
                ))?;
            }
            differences.show()?;
            if let Some(verified) = verified {
                verified.show()?;
            }
        }
    }
    verdict(found)?;
    if answer == Answer::People {
        output::talk(match refused {
            0 => "Reconciled: every key is there, and as it is in the source.",
            _ => "Reconciled: every key that was planned is there, and as it is in the source.",
        });
        output::hint("keep what the server attests: `oneloop migrate report --output report.json`");
    }
    Ok(())
}

fn verdict(found: &Found) -> Outcome {
    let Found { job, compared, differences, verified, reconciled, .. } = found;
    if differences.rows() > 0 {
        return Err(Failure::blocked(format!(
            "{} rows are not on the server as they are in the source",
            grouped(differences.rows())
        ))
        .hint(format!("{} names each, and where it differs", differences.path().display())));
    }
    if job.state != MigrationState::Finished {
        return Err(Failure::blocked(format!("the job is {}, not finished", job.state))
            .hint("run `apply` again: it goes on where it ended"));
    }
    if !reconciled {
        return Err(Failure::blocked(format!(
            "the source has {} rows now, and the job brought {}",
            grouped(compared.source.rows),
            grouped(job.counts.rows)
        ))
        .hint("plan and apply what was added since"));
    }
    match verified.as_ref().map(Verified::unknown) {
        Some(unknown @ 1..) => Err(Failure::blocked(format!(
            "{} of the real keys are not known to the server",
            grouped(unknown)
        ))
        .hint("their lines are named above; is each of them a key of this source?")),
        _ => Ok(()),
    }
}
