//! Sending a plan as a job, holding it against what arrived, and undoing it.

use std::io;
use std::pin::pin;

use futures_util::stream::{self, StreamExt as _};
use oneloop_protocol::MigrationId;
use oneloop_protocol::migration::{
    ChunkAnswer, Comparison, CreateMigration, FinishMigration, Migration, MigrationState,
    RollBackMigration, RollBackStep, RowAnswer,
};
use tokio::sync::{mpsc, watch};

use super::chunking::Chunk;
use super::client::{Client, ClientError};
use super::spool::Spool;

/// Chunks on their way at once: the server reads one while it writes the one before.
const UNDER_WAY: usize = 3;

/// Comparisons that are begun again after a lost answer.
const COMPARISONS: u32 = 5;

/// Why a plan was not applied, or not to its end. Running the same again goes on where this ended.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The server.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The temporary file, or the report.
    #[error("cannot write or read a file")]
    Io(#[from] io::Error),
    /// Under the policy `fail`, keys that are there already and differ.
    #[error("chunk {chunk} has {rows} keys that are there already and differ")]
    Conflict {
        /// Which chunk; nothing of it was written.
        chunk: u32,
        /// How many rows.
        rows: usize,
    },
    /// Somebody paused the job.
    #[error("the job is paused")]
    Paused,
    /// The plan sends nothing.
    #[error("the plan has no row to send")]
    Empty,
    /// The server has other chunks of this job than the plan.
    #[error("chunk {0} was sent before with another content: the source changed since")]
    Changed(u32),
}

/// Whoever wants to know how far it is.
pub trait Events {
    /// A chunk was taken, now or earlier; or it holds nothing but rows that are not sent.
    ///
    /// # Errors
    ///
    /// If what it says cannot be written down: that ends the sending.
    fn chunk(&mut self, chunk: &Chunk, answer: Option<&ChunkAnswer>) -> io::Result<()>;
}

/// Sends a plan. What the job has already is not sent again, only asked for.
///
/// # Errors
///
/// [`JobError`]
pub async fn apply(
    client: &Client,
    spool: &mut Spool,
    body: &CreateMigration,
    events: &mut dyn Events,
) -> Result<Migration, JobError> {
    if spool.rows() == 0 {
        return Err(JobError::Empty);
    }
    let all = FinishMigration { chunks: spool.chunks(), rows: spool.rows() };
    let mut job = client.create(body).await?;
    let (id, known) = (job.id.clone(), job.chunks);
    let (taken, _) = watch::channel(known);
    let chunks = stream::iter((0..spool.len()).map(|at| spool.chunk(at)));
    let mut sent =
        pin!(chunks.map(|chunk| exchange(client, &id, known, &taken, chunk)).buffered(UNDER_WAY));
    while let Some(sent) = sent.next().await {
        let (chunk, answer) = sent?;
        events.chunk(&chunk, answer.as_ref())?;
        let (Some(answer), Some(number)) = (answer, chunk.number) else { continue };
        if !answer.committed {
            let differ = |row: &&RowAnswer| {
                row.outcome == oneloop_protocol::migration::RowOutcome::ConflictFails
            };
            let rows = answer.rows.iter().filter(differ).count();
            return Err(JobError::Conflict { chunk: number, rows });
        }
        job.counts = answer.counts;
    }
    if job.state == MigrationState::Finished {
        return Ok(job);
    }
    client.finish(&job.id, all).await.map_err(|error| explained(error, 0))
}

/// Asks a finished job what became of the chunks of its plan, while the plan is still being made. After the first that
/// fails, the rest is taken and let go, so that whoever plans comes to their end.
///
/// # Errors
///
/// [`JobError`]
pub async fn replay(
    client: &Client,
    job: &Migration,
    chunks: mpsc::Receiver<Chunk>,
    events: &mut dyn Events,
) -> Result<(), JobError> {
    let chunks = stream::unfold(chunks, |mut chunks| async move {
        chunks.recv().await.map(|chunk| (chunk, chunks))
    });
    let asked = |chunk: Chunk| async move {
        let Some(number) = chunk.number else { return Ok((chunk, None)) };
        let answer = known_chunk(client, &job.id, number, &chunk).await?;
        Ok::<_, JobError>((chunk, Some(answer)))
    };
    let mut asked = pin!(chunks.map(asked).buffered(UNDER_WAY));
    let mut outcome = Ok(());
    while let Some(chunk) = asked.next().await {
        if outcome.is_ok() {
            outcome = chunk.and_then(|(chunk, answer)| Ok(events.chunk(&chunk, answer.as_ref())?));
        }
    }
    outcome
}

/// What became of a chunk that the job has.
async fn known_chunk(
    client: &Client,
    id: &MigrationId,
    number: u32,
    chunk: &Chunk,
) -> Result<ChunkAnswer, JobError> {
    let answer = client.chunk(id, number).await?;
    if answer.digest == chunk.digest { Ok(answer) } else { Err(JobError::Changed(number)) }
}

/// Sends one chunk, or asks for what became of it if the job has it.
async fn exchange(
    client: &Client,
    id: &MigrationId,
    known: u32,
    taken: &watch::Sender<u32>,
    chunk: io::Result<Chunk>,
) -> Result<(Chunk, Option<ChunkAnswer>), JobError> {
    let chunk = chunk?;
    let Some(number) = chunk.number else { return Ok((chunk, None)) };
    if number <= known {
        let answer = known_chunk(client, id, number, &chunk).await?;
        return Ok((chunk, Some(answer)));
    }
    let put = || client.put_chunk(id, number, chunk.digest, &chunk.body);
    let mut answer = put().await;
    let overtook = |error: &ClientError| error.reason() == Some("chunk_out_of_order");
    if answer.as_ref().is_err_and(overtook) {
        // It arrived before the one in front of it: once that one is there, it is this one's turn. If that one
        // fails, sending ends with it.
        let mut before = taken.subscribe();
        let _reached = before.wait_for(|taken| *taken >= number - 1).await.is_ok();
        answer = put().await;
    }
    let answer = answer.map_err(|error| explained(error, number))?;
    if answer.committed {
        taken.send_modify(|taken| *taken = (*taken).max(number));
    }
    Ok((chunk, Some(answer)))
}

fn explained(error: ClientError, chunk: u32) -> JobError {
    match error.reason() {
        Some("migration_paused") => JobError::Paused,
        Some("chunk_differs") => JobError::Changed(chunk),
        _ => error.into(),
    }
}

/// Holds every chunk of the plan against what is there. `each` sees what differs in it.
///
/// # Errors
///
/// [`JobError`]
pub async fn compare(
    client: &Client,
    spool: &mut Spool,
    id: &MigrationId,
    each: &mut dyn FnMut(&Chunk, &Comparison) -> io::Result<()>,
) -> Result<Comparison, JobError> {
    let mut begun = 1;
    'again: loop {
        let mut last = None;
        for at in 0..spool.len() {
            let chunk = spool.chunk(at)?;
            let Some(number) = chunk.number else { continue };
            match client.compare(id, number, &chunk.body).await {
                Ok(comparison) => {
                    each(&chunk, &comparison)?;
                    last = Some(comparison);
                }
                // Whether it was counted is not known: from the beginning.
                Err(error) if error.is_passing() && begun < COMPARISONS => {
                    begun += 1;
                    tokio::time::sleep(std::time::Duration::from_secs(u64::from(begun))).await;
                    continue 'again;
                }
                Err(error) => return Err(error.into()),
            }
        }
        return last.ok_or(JobError::Empty);
    }
}

/// Undoes a job, chunk by chunk. `each` sees every step.
///
/// # Errors
///
/// [`JobError`]
pub async fn roll_back(
    client: &Client,
    id: &MigrationId,
    body: RollBackMigration,
    each: &mut dyn FnMut(&RollBackStep) -> io::Result<()>,
) -> Result<Migration, JobError> {
    loop {
        let step = client.roll_back(id, body).await?;
        each(&step)?;
        if step.migration.state == MigrationState::RolledBack {
            return Ok(step.migration);
        }
    }
}
