//! Undoing a job, from its last chunk to its first, each in one transaction.
//!
//! What the job made is removed as if it had never been; what it changed becomes what it was. A key that
//! was edited since is somebody's newer decision: it is left alone and named, unless that is forced. A key
//! that was rotated or deleted since is never removed, only marked as deleted: its secret may have leaked, and must
//! stay known to be refused. Nor does undoing make a key work again that somebody has switched off or deleted since.

use std::collections::{HashMap, HashSet};

use oneloop_protocol::migration::{
    MigrationState, RollBackMigration, RollBackStep, RowAnswer, RowOutcome,
};
use oneloop_protocol::{ApiKeyId, MigrationId, UnixMillis};
use serde_json::json;

use super::on_wire;
use crate::actor::Actor;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::store::{ApiKeyRow, ChunkRow, KeyImage};
use crate::turn::Update;

/// What is done to the keys of one chunk.
#[derive(Default)]
struct Undoing {
    remove: Vec<ApiKeyRow>,
    replace: Vec<ApiKeyRow>,
    restored: u64,
    answers: Vec<RowAnswer>,
}

impl Engine {
    /// Undoes the last chunk that is not undone yet. To be asked again until the job is `rolled_back`.
    /// Asked of a job that is rolled back, with `force`, it begins again with what was kept.
    pub async fn roll_back_migration(
        &self,
        actor: &Actor,
        id: &MigrationId,
        body: RollBackMigration,
    ) -> Result<RollBackStep, EngineError> {
        let now = self.now();
        let mut step = self.step(actor.acting_team()?, id).await?;
        let again = step.row.state == MigrationState::RolledBack && body.force;
        if step.row.state == MigrationState::RolledBack && !(again && step.row.counts.kept > 0) {
            let migration = on_wire(&step.row, &step.recipes);
            return Ok(RollBackStep { migration, rows: Vec::new() });
        }
        if again {
            step.row.undone_chunks = 0;
        }
        step.row.state = MigrationState::RollingBack;
        step.row.comparison = None;

        let number = step.row.chunks - step.row.undone_chunks.min(step.row.chunks);
        let chunk = step.turn.store.migration_chunk(step.row.number, number).await?;
        let mut updates = Vec::new();
        let mut answers = Vec::new();
        if let Some(mut chunk) = chunk {
            let undoing = self.undoing(&mut step, &chunk, body.force, now).await?;
            let Undoing { remove, mut replace, restored, answers: rows } = undoing;
            let store = &mut step.turn.store;
            if !remove.is_empty() {
                store.remove_api_keys(&remove).await?;
            }
            if !replace.is_empty() {
                let first = store.replace_api_keys(&replace).await?;
                (first..).zip(&mut replace).for_each(|(revision, key)| key.revision = revision);
            }
            let kept_before = kept(&chunk);
            chunk.details.retain(|row| row.outcome != RowOutcome::EditedSince);
            chunk.details.extend(rows.iter().cloned());
            chunk.undone = true;
            store.update_migration_chunk(&chunk).await?;
            let counts = &mut step.row.counts;
            counts.removed += remove.len() as u64;
            counts.restored += restored;
            counts.kept = counts.kept - kept_before.min(counts.kept) + kept(&chunk);
            step.row.undone_chunks += 1;
            updates.push(Update::keys(replace));
            updates.extend(remove.into_iter().map(Update::gone));
            answers = rows;
        }
        let left = step.row.chunks - step.row.undone_chunks.min(step.row.chunks);
        if left == 0 {
            step.row.state = MigrationState::RolledBack;
        }
        let detail = json!({ "chunk": number, "force": body.force, "counts": step.row.counts });
        let migration = step.commit(actor, "migration.rolled_back", detail, updates, now).await?;
        tracing::info!(migration.id = %id, left, "Undid chunk {number} of migration job `{id}`");
        Ok(RollBackStep { migration, rows: answers })
    }

    /// Decides about every key of a chunk.
    async fn undoing(
        &self,
        step: &mut super::Step<'_>,
        chunk: &ChunkRow,
        force: bool,
        now: UnixMillis,
    ) -> Result<Undoing, EngineError> {
        // A chunk that is undone already has only those rows left that were kept.
        let kept: HashSet<u64> = kept_rows(chunk).collect();
        let left = |row: u64| !chunk.undone || kept.contains(&row);
        let entries: Vec<_> = chunk
            .ledger
            .iter()
            .filter(|entry| {
                matches!(entry.outcome, RowOutcome::Created | RowOutcome::Updated)
                    && left(entry.row)
            })
            .collect();
        let ids: Vec<_> = entries.iter().filter_map(|entry| entry.key).collect();
        let keys = step.turn.store.api_keys_by_id(&ids).await?;
        let mut keys: HashMap<u128, ApiKeyRow> =
            keys.into_iter().map(|key| (key.id, key)).collect();
        let rotated: HashSet<u128> =
            step.turn.store.rotated_keys(&ids).await?.into_iter().collect();
        let mut images: HashMap<u128, KeyImage> = chunk
            .before
            .iter()
            .filter_map(|image| Some((image.id.bits()?, image.clone())))
            .collect();

        let mut undoing = Undoing::default();
        for entry in entries {
            let Some(mut key) = entry.key.and_then(|id| keys.remove(&id)) else { continue };
            let id = Some(ApiKeyId::from_bits(key.id));
            let edited = key.updated_at != chunk.at;
            if edited && !force {
                let answer = RowAnswer::plain(entry.row, RowOutcome::EditedSince, id);
                undoing.answers.push(answer);
                continue;
            }
            if entry.outcome == RowOutcome::Updated {
                let Some(image) = images.remove(&key.id) else { continue };
                let here = key.clone();
                image.restore(&mut key);
                if edited && (here.deleted || !here.enabled) {
                    key.deleted |= here.deleted;
                    key.enabled &= here.enabled;
                    // Still somebody's decision, to whoever undoes the job before this one.
                    key.updated_at = here.updated_at;
                }
                if rotated.contains(&key.id) {
                    // What may be shown is that of the secret that it has now.
                    (key.masked_key, key.prefix) = (here.masked_key, here.prefix);
                }
                if edited && here.deleted {
                    let answer = RowAnswer::plain(entry.row, RowOutcome::DeletedInstead, id);
                    undoing.answers.push(answer);
                }
                undoing.restored += 1;
                undoing.replace.push(key);
            } else if rotated.contains(&key.id) || (edited && key.deleted) {
                let answer = RowAnswer::plain(entry.row, RowOutcome::DeletedInstead, id);
                undoing.answers.push(answer);
                (key.deleted, key.updated_at) = (true, now);
                undoing.replace.push(key);
            } else {
                undoing.remove.push(key);
            }
        }
        Ok(undoing)
    }
}

/// The rows of a chunk that a rollback left alone.
fn kept_rows(chunk: &ChunkRow) -> impl Iterator<Item = u64> {
    let kept = chunk.details.iter().filter(|row| row.outcome == RowOutcome::EditedSince);
    kept.map(|row| row.row)
}

fn kept(chunk: &ChunkRow) -> u64 {
    kept_rows(chunk).count() as u64
}
