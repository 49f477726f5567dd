//! `apply` of a plan whose job is finished: nothing is sent. Every row is read and planned, because only that shows that it
//! is the same plan, and while it is, the server is asked chunk by chunk what became of them.

use oneloop_import::apply::chunking::{Chunk, Chunking};
use oneloop_import::apply::client::Client;
use oneloop_import::apply::job;
use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::plan::RowPlan;
use oneloop_migrate::source::Row;
use oneloop_protocol::migration::{Hex32, Migration, MigrationState};
use tokio::sync::mpsc;

use super::super::planned::{Planned, Reading, Sink};
use super::super::server::{of_client, of_job};
use super::{
    ApplyArgs, Outcomes, Reviewed, Written, check_reviewed, chunking, conflict_of, create_scopes,
    job_of, no_spool, tell, tell_replayed,
};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Chunks that were planned and not asked for yet.
const AHEAD: usize = 1;

/// The job of the plan, if it is finished.
pub(super) async fn finished(
    client: &Client,
    mapping: &Mapping,
    reviewed: &Reviewed,
) -> Outcome<Option<Migration>> {
    let plan = Hex32::from(reviewed.digest);
    let jobs = client.jobs().await.map_err(of_client)?;
    Ok(jobs.into_iter().find(|job| {
        job.state == MigrationState::Finished
            && job.plan_digest == plan
            // Under another policy the same rows are another job.
            && job.conflict == conflict_of(mapping)
            && job.workspace_id == mapping.target.workspace
    }))
}

/// Says once more what became of every row.
pub(super) async fn run(
    args: &ApplyArgs,
    reading: Reading,
    client: &Client,
    reviewed: &Reviewed,
    missing: &[String],
    job: &Migration,
    answer: Answer,
) -> Outcome {
    output::talk(&format!("Job {} of this plan is finished: nothing is sent.", job.id));
    // The one of the run that finished it stays until it is known that the plan is the same.
    let mut outcomes = Outcomes::replace(&args.outcomes)?;
    let mut events = Written { outcomes: &mut outcomes, progress: None, replayed: 0 };
    let (sender, chunks) = mpsc::channel(AHEAD);
    let planning = async {
        let mut planned =
            reading.into(Asking { chunking: chunking(args.chunk_rows), sender }).await?;
        planned.sink.finish().await?;
        // Whoever asks has heard of all chunks when nobody is left to send any.
        let Planned { mapping, proof, summary, .. } = planned;
        Ok((mapping, proof, summary))
    };
    let (planned, asked) = tokio::join!(planning, job::replay(client, job, chunks, &mut events));
    let (mapping, proof, summary) = planned?;
    check_reviewed(&summary, reviewed)?;
    asked.map_err(of_job)?;
    let replayed = events.replayed;
    tell_replayed(replayed);
    create_scopes(client, &mapping, missing).await?;
    let body = job_of(&mapping, &proof, &summary, replayed);
    let job = client.create(&body).await.map_err(of_client)?;
    outcomes.finish()?;
    tell(Some(&job), &outcomes, missing, answer)
}

/// Rows on their way into chunks, of which nothing is kept.
#[derive(Debug)]
struct Asking {
    chunking: Chunking,
    sender: mpsc::Sender<Chunk>,
}

impl Sink for Asking {
    fn row(&mut self, row: &Row, plan: &RowPlan, mapping: &Mapping) -> Outcome {
        match self.chunking.push(row, plan, mapping).map_err(|error| no_spool(&error))? {
            Some(chunk) => self.sender.blocking_send(chunk).map_err(|_| ended()),
            None => Ok(()),
        }
    }
}

impl Asking {
    async fn finish(&mut self) -> Outcome {
        match self.chunking.last() {
            Some(chunk) => self.sender.send(chunk).await.map_err(|_| ended()),
            None => Ok(()),
        }
    }
}

/// Whoever asks takes chunks until the end.
fn ended() -> Failure {
    Failure::ours("asking ended early")
}
