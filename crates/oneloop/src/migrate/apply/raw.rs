//! `apply --send-raw`: call by call, for an upstream that has nothing but the original one-key endpoint.
//!
//! No key in clear is written to a disk, so there is no spool: the source is read twice. The first time it gives a
//! digest for every batch of rows; the second time each batch is sent only if it is still the one that was reviewed.

use std::io;
use std::vec::IntoIter;

use oneloop_import::apply::calls::{self, RawRow, raw_row};
use oneloop_import::apply::chunking::{RowNote, note};
use oneloop_import::apply::client::{Client, ClientError};
use oneloop_import::file::STDIN;
use oneloop_migrate::mapping::{Conflict, Mapping};
use oneloop_migrate::plan::RowPlan;
use oneloop_migrate::recipe::Algorithm;
use oneloop_migrate::source::Row;
use oneloop_protocol::migration::{MigrationAccess, RowAnswer, SetDigest};
use oneloop_protocol::{IsoTime, Secret};
use tokio::sync::mpsc;

use super::super::numbers::grouped;
use super::super::planned::{Planned, Reading, Sink};
use super::super::progress::Progress;
use super::super::server::of_client;
use super::{ApplyArgs, Outcomes, Reviewed, check_reviewed, create_scopes, tell};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::moment::iso;
use crate::output;

/// Rows in a batch: what is in memory in clear at one time, three times over.
const BATCH: usize = 1_000;

/// Whether this is a case for it at all.
pub(super) fn check(access: Result<MigrationAccess, ClientError>, mapping: &Mapping) -> Outcome {
    match access {
        Ok(_) => {
            return Err(Failure::user(
                "this server takes hashes: no key has to leave this machine",
            )
            .hint("run the same command without --send-raw"));
        }
        Err(ClientError::Refused { status: 401 | 403 | 404 | 405, .. }) => {}
        Err(error) => return Err(of_client(error)),
    }
    if mapping.recipe.algorithm != Algorithm::Plaintext {
        return Err(Failure::user(
            "the source holds no keys in clear, and this server takes nothing else",
        ));
    }
    if mapping.policy.conflict != Conflict::Skip {
        return Err(Failure::user(
            "call by call, a key that is there already stays as it is; the mapping says otherwise",
        )
        .hint("set policy.conflict to \"skip\", and plan again"));
    }
    if mapping.columns.uses_left.is_some() {
        return Err(Failure::user(
            "call by call, a counter cannot be brought along, and its keys would have no limit",
        )
        .hint("leave columns.uses-left out to say that this is meant, and plan again"));
    }
    let columns = &mapping.columns;
    for (column, what) in [
        (columns.key_id.is_some(), "key-id"),
        (columns.meter.is_some(), "meter"),
        (columns.deleted.is_some(), "deleted"),
    ] {
        if column {
            return Err(Failure::user(format!(
                "call by call, columns.{what} cannot be brought along"
            ))
            .hint("leave it out of the mapping to say that this is meant, and plan again"));
        }
    }
    if mapping.source.location == STDIN {
        return Err(Failure::user("standard input can be read only once, and this reads twice")
            .hint("put the rows into a file"));
    }
    Ok(())
}

/// Sends the plan that was reviewed.
pub(super) async fn run(
    args: &ApplyArgs,
    reading: Reading,
    client: Client,
    reviewed: &Reviewed,
    missing: &[String],
    answer: Answer,
) -> Outcome {
    let (now, rows_per_second) = (reading.now, reading.rows_per_second);
    let planned = reading.into(Fingerprints::default()).await?;
    let Planned { mapping, proof, summary, sink, .. } = planned;
    check_reviewed(&summary, reviewed)?;
    create_scopes(&client, &mapping, missing).await?;
    output::warning(&format!(
        "{} keys are sent in clear to {}, one call each; there is no job to pause or roll back",
        grouped(summary.estimate.writes),
        client.address()
    ));

    let mut outcomes = Outcomes::create(&args.outcomes)?;
    let (sender, receiver) = mpsc::channel(1);
    let feeding = Feeding { expected: sink.finish(), batch: Batch::default(), sender };
    let reading = Reading { mapping, proof, now, rows_per_second };
    let read = async {
        let read = reading.into(feeding).await?;
        read.sink.finish().await
    };
    let (read, sent) =
        tokio::join!(read, send(client, receiver, &mut outcomes, summary.estimate.writes));
    // If sending failed, reading ended because of it.
    sent?;
    read?;
    outcomes.finish()?;
    tell(None, &outcomes, missing, answer)
}

async fn send(
    client: Client,
    mut batches: mpsc::Receiver<Batch>,
    outcomes: &mut Outcomes,
    keys: u64,
) -> Outcome {
    let mut progress = Progress::begin(Some(keys));
    let client = client.telling(progress.teller());
    let mut sending = async || -> Outcome {
        while let Some(Batch { notes, rows, .. }) = batches.recv().await {
            let mut answers: Vec<RowAnswer> = Vec::with_capacity(rows.len());
            let mut each = |answer| {
                answers.push(answer);
                progress.advance(1);
            };
            calls::send(&client, rows, &mut each).await.map_err(of_client)?;
            answers.sort_unstable_by_key(|answer| answer.row);
            let failed =
                |error: io::Error| Failure::ours("cannot write the outcomes").because(&error);
            outcomes.rows(&notes, &answers).map_err(failed)?;
        }
        Ok(())
    };
    let sent = sending().await;
    progress.end();
    sent
}

/// Rows that are sent together, and those around them that are not sent.
#[derive(Debug, Default)]
struct Batch {
    digest: SetDigest,
    notes: Vec<RowNote>,
    rows: Vec<RawRow>,
}

/// A digest for each batch of a plan.
#[derive(Debug, Default)]
struct Fingerprints {
    batches: Vec<SetDigest>,
    digest: SetDigest,
    rows: usize,
}

/// Adds what is planned for a row.
fn add(digest: &mut SetDigest, plan: &RowPlan) {
    if let Some(key) = plan.outcome.applied() {
        digest.add(&plan.number.to_string(), &key.canonical());
    }
}

impl Fingerprints {
    fn finish(mut self) -> IntoIter<SetDigest> {
        self.batches.push(self.digest);
        self.batches.into_iter()
    }
}

impl Sink for Fingerprints {
    fn row(&mut self, _: &Row, plan: &RowPlan, _: &Mapping) -> Outcome {
        if self.rows == BATCH {
            self.batches.push(std::mem::take(&mut self.digest));
            self.rows = 0;
        }
        add(&mut self.digest, plan);
        self.rows += 1;
        Ok(())
    }
}

/// Rows on their way to whoever sends them.
#[derive(Debug)]
struct Feeding {
    expected: IntoIter<SetDigest>,
    batch: Batch,
    sender: mpsc::Sender<Batch>,
}

impl Feeding {
    /// The batch, if it is the one that was reviewed.
    fn checked(&mut self) -> Outcome<Batch> {
        let batch = std::mem::take(&mut self.batch);
        if self.expected.next() == Some(batch.digest) {
            return Ok(batch);
        }
        Err(Failure::user("the source changed while it was being sent")
            .hint("plan again: what was sent already is recognised"))
    }

    async fn finish(mut self) -> Outcome {
        let batch = self.checked()?;
        self.sender.send(batch).await.map_err(|_| ended())
    }
}

impl Sink for Feeding {
    fn row(&mut self, row: &Row, plan: &RowPlan, mapping: &Mapping) -> Outcome {
        if self.batch.notes.len() == BATCH {
            let batch = self.checked()?;
            self.sender.blocking_send(batch).map_err(|_| ended())?;
        }
        add(&mut self.batch.digest, plan);
        self.batch.notes.push(note(plan));
        if let Some(planned) = plan.outcome.applied() {
            let stored = row.cell(&mapping.columns.key).and_then(|cell| cell.bytes());
            let key =
                stored.and_then(|stored| mapping.recipe.to_plaintext(stored)).ok_or_else(|| {
                    Failure::ours(format!(
                        "row {} was planned and has no key in clear",
                        plan.number
                    ))
                })?;
            let workspace = &mapping.target.workspace;
            let at = |moment| IsoTime(iso(moment));
            let key = Secret::new(key.as_str());
            self.batch.rows.push(raw_row(plan.number, workspace, key, planned, at));
        }
        Ok(())
    }
}

/// Whoever sends has ended before; why, they say themselves.
fn ended() -> Failure {
    Failure::ours("sending ended early")
}
