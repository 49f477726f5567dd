//! A chunk: its keys, what it did and the job's checkpoint, in one transaction.

use std::collections::HashMap;

use oneloop_protocol::migration::{
    CHUNKS_PER_JOB, ChunkAnswer, Hex32, MigrationCounts, MigrationRow as SourceRow, MigrationState,
    ROWS_PER_CHUNK, RowAnswer, RowOutcome,
};
use oneloop_protocol::{ApiKeyId, FieldError, MigrationId, Reason, TeamId};
use serde_json::json;

use super::differences::{differences, updated};
use super::prepare::{Ground, Prepared};
use super::{closed, own_migration};
use crate::actor::Actor;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::recipes::RecipeSpec;
use crate::store::{
    ApiKeyRow, ChunkRow, Entry, KeyImage, Ledger, LegacyKeyRow, MigrationRow, ScopeRow, TagHolder,
};
use crate::tag::Tag;
use crate::turn::{ROWS_BETWEEN_OTHERS, Update};

/// What a chunk would do, once every row was held against what is here.
#[derive(Default)]
struct Verdicts {
    answers: Vec<RowAnswer>,
    created: Vec<ApiKeyRow>,
    legacy: Vec<LegacyKeyRow>,
    updated: Vec<ApiKeyRow>,
    before: Vec<KeyImage>,
}

impl Engine {
    /// Takes a chunk. `digest` is SHA-256 of its body, by which a replay is recognised.
    ///
    /// # Errors
    ///
    /// `chunk_out_of_order`, `chunk_differs`, or the refusal of a job that takes no chunks. A row that is
    /// refused is no error: the answer says so, and the other rows are taken.
    pub async fn import_chunk(
        &self,
        actor: &Actor,
        id: &MigrationId,
        number: u32,
        digest: Hex32,
        rows: Vec<SourceRow>,
    ) -> Result<ChunkAnswer, EngineError> {
        let team = actor.acting_team()?.clone();
        if let Some(answer) = self.replayed(&team, id, number, digest).await? {
            return Ok(answer);
        }
        check_size(number, rows.len())?;
        let mut store = self.snapshot().await?;
        let job = own_migration(store.as_mut(), &team, id).await?;
        let catalogue = store.scopes(Some(job.workspace)).await?;
        let recipe = RecipeSpec::of_job(&job, &store.recipes(Some(job.team)).await?)?;
        drop(store);
        let arrival = self.arrivals().note(job.id, number);

        // Digests and tags take some milliseconds a chunk: a thread of their own, so that no verification
        // waits behind them.
        let engine = self.clone();
        let now = self.now();
        let prepared = tokio::task::spawn_blocking(move || {
            let ground = Ground { job: &job, recipe: recipe.as_ref(), catalogue: &catalogue, now };
            let prepared = engine.prepare(&rows, &ground)?;
            Ok::<_, EngineError>((rows, prepared, catalogue))
        });
        let (rows, prepared, catalogue) = prepared.await.map_err(EngineError::internal)??;

        arrival.turn().await;
        let mut step = self.step(&team, id).await?;
        if step.row.chunks >= number {
            // Somebody else was faster with the same chunk.
            drop(step);
            let answer = self.replayed(&team, id, number, digest).await?;
            return answer
                .ok_or_else(|| EngineError::internal("a chunk that is counted is missing"));
        }
        accepts(&step.row, number)?;
        let verdicts = weigh(&mut step, &rows, prepared, &catalogue, now).await?;
        let stopped = verdicts.answers.iter().any(|row| row.outcome == RowOutcome::ConflictFails);
        if stopped {
            let counts = step.row.counts;
            let rows = verdicts.answers;
            return Ok(ChunkAnswer {
                chunk: number,
                digest,
                committed: false,
                replayed: false,
                counts,
                rows,
            });
        }
        let Verdicts { answers, mut created, legacy, mut updated, before } = verdicts;

        let store = &mut step.turn.store;
        let revision = match created.is_empty() {
            true => None,
            false => Some(store.insert_chunk_keys(step.row.id, &created, &legacy).await?),
        };
        created.iter_mut().for_each(|key| key.revision = revision.unwrap_or(0));
        if !updated.is_empty() {
            let first = store.replace_api_keys(&updated).await?;
            (first..).zip(&mut updated).for_each(|(revision, key)| key.revision = revision);
        }
        let chunk = ChunkRow {
            migration: step.row.number,
            number,
            digest: digest.0,
            ledger: ledger(&answers),
            details: answers.iter().filter(|row| says_more(row)).cloned().collect(),
            before,
            revision,
            at: now,
            undone: false,
        };
        store.insert_migration_chunk(&chunk).await?;

        let counts = count(&answers);
        add(&mut step.row.counts, &counts);
        step.row.chunks = number;
        step.row.comparison = None;
        let detail = json!({ "chunk": number, "counts": counts });
        let keys = created.into_iter().chain(updated);
        let updates = vec![Update::keys(keys)];
        let migration = step.commit(actor, "migration.chunk", detail, updates, now).await?;
        tracing::info!(
            migration.id = %id,
            chunk = number,
            created = counts.created,
            "Took chunk {number} of migration job `{id}`"
        );
        Ok(ChunkAnswer {
            chunk: number,
            digest,
            committed: true,
            replayed: false,
            counts: migration.counts,
            rows: answers,
        })
    }

    /// What a chunk answered when it was taken, if it was.
    ///
    /// # Errors
    ///
    /// `chunk_differs` if it was taken with another body.
    async fn replayed(
        &self,
        team: &TeamId,
        id: &MigrationId,
        number: u32,
        digest: Hex32,
    ) -> Result<Option<ChunkAnswer>, EngineError> {
        let mut store = self.snapshot().await?;
        let job = own_migration(store.as_mut(), team, id).await?;
        let Some(chunk) = store.migration_chunk(job.number, number).await? else { return Ok(None) };
        if chunk.digest != digest.0 {
            let message = format!("chunk {number} was taken before, with another content");
            return Err(EngineError::conflict(Reason::ChunkDiffers, None, message));
        }
        Ok(Some(stored_answer(&job, &chunk)))
    }

    /// What a chunk answered when it was taken; for reports.
    pub async fn migration_chunk(
        &self,
        team: &TeamId,
        id: &MigrationId,
        number: u32,
    ) -> Result<ChunkAnswer, EngineError> {
        let mut store = self.snapshot().await?;
        let job = own_migration(store.as_mut(), team, id).await?;
        let chunk = store.migration_chunk(job.number, number).await?;
        let chunk = chunk.ok_or(EngineError::NotFound(Reason::UnknownMigration))?;
        Ok(stored_answer(&job, &chunk))
    }
}

fn check_size(number: u32, rows: usize) -> Result<(), FieldError> {
    if !(1..=CHUNKS_PER_JOB).contains(&number) {
        let message = format!("chunks are numbered from 1 to {CHUNKS_PER_JOB}");
        return Err(FieldError::new("chunk", Reason::OutOfRange, message));
    }
    if !(1..=ROWS_PER_CHUNK).contains(&rows) {
        let message = format!("the chunk has {rows} rows; it must have 1 to {ROWS_PER_CHUNK}");
        return Err(FieldError::new("rows", Reason::RowsOutOfRange, message));
    }
    Ok(())
}

/// Whether the job takes chunk `number` next.
fn accepts(row: &MigrationRow, number: u32) -> Result<(), EngineError> {
    if row.state != MigrationState::Importing {
        return Err(closed(row.state));
    }
    let next = row.chunks + 1;
    if number == next {
        return Ok(());
    }
    let message = format!("chunk {number} came, and chunk {next} is next");
    Err(EngineError::conflict(Reason::ChunkOutOfOrder, Some("chunk".to_owned()), message))
}

/// Holds every row against what is here.
async fn weigh(
    step: &mut super::Step<'_>,
    rows: &[SourceRow],
    prepared: Vec<Result<Prepared, FieldError>>,
    catalogue: &[ScopeRow],
    now: oneloop_protocol::UnixMillis,
) -> Result<Verdicts, EngineError> {
    // In the order of the tree that they are looked up in.
    let mut tags: Vec<_> = prepared.iter().flatten().map(|row| row.key.tag).collect();
    tags.sort_unstable();
    tags.dedup();
    let holders = step.turn.store.tag_holders(&tags).await?;
    let mut holders: HashMap<Tag, TagHolder> = holders.into_iter().collect();
    let taken = taken_ids(step, rows).await?;

    let mut verdicts = Verdicts::default();
    let mut seen: HashMap<Tag, u64> = HashMap::with_capacity(rows.len());
    for (at, (row, prepared)) in rows.iter().zip(prepared).enumerate() {
        if at % ROWS_BETWEEN_OTHERS == 0 {
            tokio::task::yield_now().await;
        }
        let Prepared { key, legacy } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                verdicts.answers.push(invalid(row.row, error));
                continue;
            }
        };
        if seen.insert(key.tag, row.row).is_some() {
            let id = verdicts.created.iter().rev().find(|made| made.tag == key.tag);
            let id = id.map(|made| ApiKeyId::from_bits(made.id));
            verdicts.answers.push(RowAnswer::plain(row.row, RowOutcome::DuplicateInInput, id));
            continue;
        }
        match holders.remove(&key.tag) {
            None if row.id.is_some() && taken.contains(&key.id) => {
                let message = "id belongs to another key that is here already";
                let error = FieldError::new("id", Reason::ExistsDifferent, message);
                verdicts.answers.push(invalid(row.row, error));
            }
            None => {
                let id = Some(ApiKeyId::from_bits(key.id));
                verdicts.answers.push(RowAnswer::plain(row.row, RowOutcome::Created, id));
                verdicts.legacy.extend(legacy);
                verdicts.created.push(key);
            }
            Some(TagHolder::Replaced(_)) => {
                verdicts.answers.push(RowAnswer::plain(row.row, RowOutcome::RotatedHere, None));
            }
            Some(TagHolder::Current(here)) => {
                verdicts.meet(&step.row, row, &here, &key, catalogue, now);
            }
        }
    }
    // In the order of age, which four of the indexes follow: they grow at their end, and only those of tags and of owners are
    // entered at random.
    verdicts.created.sort_unstable_by_key(|key| key.id);
    Ok(verdicts)
}

/// Which of the ids that rows bring along belong to keys that are here.
async fn taken_ids(
    step: &mut super::Step<'_>,
    rows: &[SourceRow],
) -> Result<std::collections::HashSet<u128>, EngineError> {
    let brought: Vec<_> =
        rows.iter().filter_map(|row| row.id.as_ref().and_then(ApiKeyId::bits)).collect();
    let mut taken = std::collections::HashSet::new();
    if !brought.is_empty() {
        let keys = step.turn.store.api_keys_by_id(&brought).await?;
        taken.extend(keys.iter().map(|key| key.id));
        // A second row with an id of this chunk, too.
        let mut once = std::collections::HashSet::new();
        taken.extend(brought.into_iter().filter(|id| !once.insert(*id)));
    }
    Ok(taken)
}

impl Verdicts {
    /// A row whose key is here.
    fn meet(
        &mut self,
        job: &MigrationRow,
        row: &SourceRow,
        here: &ApiKeyRow,
        wanted: &ApiKeyRow,
        catalogue: &[ScopeRow],
        now: oneloop_protocol::UnixMillis,
    ) {
        let id = Some(ApiKeyId::from_bits(here.id));
        let obstacle = if here.workspace != job.workspace {
            Some(RowOutcome::OtherWorkspace)
        } else if !here.migrated {
            Some(RowOutcome::MintedHere)
        } else if here.deleted && !wanted.deleted {
            Some(RowOutcome::DeletedHere)
        } else {
            None
        };
        if let Some(outcome) = obstacle {
            self.answers.push(RowAnswer::plain(row.row, outcome, id));
            return;
        }
        let diff = differences(here, wanted, row, catalogue);
        let outcome = match (diff.is_empty(), job.conflict) {
            (true, _) => RowOutcome::Unchanged,
            (false, oneloop_protocol::migration::Conflict::Skip) => RowOutcome::Conflict,
            (false, oneloop_protocol::migration::Conflict::Fail) => RowOutcome::ConflictFails,
            (false, oneloop_protocol::migration::Conflict::Update) => RowOutcome::Updated,
        };
        if outcome == RowOutcome::Updated {
            self.before.push(KeyImage::of(here));
            self.updated.push(updated(here, wanted, row, now));
        }
        self.answers.push(RowAnswer { diff, ..RowAnswer::plain(row.row, outcome, id) });
    }
}

fn invalid(row: u64, error: FieldError) -> RowAnswer {
    RowAnswer {
        reason: Some(error.reason.as_str().to_owned()),
        field: Some(error.field.into_owned()),
        message: Some(error.message),
        ..RowAnswer::plain(row, RowOutcome::Invalid, None)
    }
}

/// Whether the ledger does not hold all of it.
fn says_more(row: &RowAnswer) -> bool {
    !row.diff.is_empty() || row.reason.is_some()
}

fn ledger(answers: &[RowAnswer]) -> Ledger {
    let mut ledger = Ledger::default();
    for RowAnswer { row, outcome, id, .. } in answers {
        let key = id.as_ref().and_then(ApiKeyId::bits);
        ledger.push(Entry { row: *row, outcome: *outcome, key });
    }
    ledger
}

fn stored_answer(job: &MigrationRow, chunk: &ChunkRow) -> ChunkAnswer {
    let mut details = chunk.details.iter().filter(|row| says_more(row)).peekable();
    let rows = chunk.ledger.iter().map(|entry| {
        // Details stand in the order of the rows they belong to.
        match details.next_if(|row| row.row == entry.row && row.outcome == entry.outcome) {
            Some(row) => row.clone(),
            None => RowAnswer::plain(entry.row, entry.outcome, entry.key.map(ApiKeyId::from_bits)),
        }
    });
    ChunkAnswer {
        chunk: chunk.number,
        digest: Hex32(chunk.digest),
        committed: true,
        replayed: true,
        counts: job.counts,
        rows: rows.collect(),
    }
}

fn count(answers: &[RowAnswer]) -> MigrationCounts {
    let mut counts = MigrationCounts { rows: answers.len() as u64, ..MigrationCounts::default() };
    for row in answers {
        *match row.outcome {
            RowOutcome::Created => &mut counts.created,
            RowOutcome::Updated => &mut counts.updated,
            RowOutcome::Unchanged => &mut counts.unchanged,
            RowOutcome::Conflict => &mut counts.conflict,
            _ => &mut counts.refused,
        } += 1;
    }
    counts
}

fn add(total: &mut MigrationCounts, chunk: &MigrationCounts) {
    total.rows += chunk.rows;
    total.created += chunk.created;
    total.updated += chunk.updated;
    total.unchanged += chunk.unchanged;
    total.conflict += chunk.conflict;
    total.refused += chunk.refused;
}
