//! Holding the source against what is here, chunk by chunk, with nothing written but the sums.

use std::collections::HashMap;

use oneloop_protocol::migration::{
    Attributes, ComparedSides, Comparison, Hex32, MigrationRow as SourceRow, RowAnswer, RowOutcome,
    SetDigest, SourceSide, TargetSide,
};
use oneloop_protocol::{ApiKeyId, MigrationId, Reason, WorkspaceId};

use super::differences::{differences, named};
use super::own_migration;
use super::prepare::Ground;
use crate::actor::Actor;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::recipes::RecipeSpec;
use crate::store::{ApiKeyRow, ComparisonSums, ScopeRow, TagHolder};
use crate::tag::Tag;

impl Engine {
    /// Compares a chunk of the source with what is here. Comparing begins with chunk 1, whatever was
    /// compared before, and goes on without gaps.
    ///
    /// # Errors
    ///
    /// `chunk_out_of_order` if another chunk is next.
    pub async fn compare_chunk(
        &self,
        actor: &Actor,
        id: &MigrationId,
        number: u32,
        rows: Vec<SourceRow>,
    ) -> Result<Comparison, EngineError> {
        let team = actor.acting_team()?.clone();
        let now = self.now();
        let mut store = self.snapshot().await?;
        let job = own_migration(store.as_mut(), &team, id).await?;
        let catalogue = store.scopes(Some(job.workspace)).await?;
        let recipe = RecipeSpec::of_job(&job, &store.recipes(Some(job.team)).await?)?;
        drop(store);
        let engine = self.clone();
        let prepared = tokio::task::spawn_blocking(move || {
            let ground = Ground { job: &job, recipe: recipe.as_ref(), catalogue: &catalogue, now };
            let prepared = engine.prepare(&rows, &ground)?;
            Ok::<_, EngineError>((rows, prepared, catalogue))
        });
        let (rows, prepared, catalogue) = prepared.await.map_err(EngineError::internal)??;

        let mut step = self.step(&team, id).await?;
        let mut sums = match (number, step.row.comparison.take()) {
            (1, _) => ComparisonSums { chunks: 0, sides: nothing() },
            (_, Some(sums)) if sums.chunks + 1 == number => sums,
            (_, sums) => {
                let next = sums.map_or(1, |sums| sums.chunks + 1);
                let message = format!("chunk {number} came, and chunk {next} is next to compare");
                return Err(EngineError::conflict(
                    Reason::ChunkOutOfOrder,
                    Some("chunk".to_owned()),
                    message,
                ));
            }
        };
        let mut tags: Vec<_> = prepared.iter().flatten().map(|row| row.key.tag).collect();
        tags.sort_unstable();
        let holders = step.turn.store.tag_holders(&tags).await?;
        let holders: HashMap<Tag, TagHolder> = holders.into_iter().collect();

        let workspace = WorkspaceId::from_bits(step.row.workspace);
        let (mut source, mut target) =
            (SetDigest::from(sums.sides.source.digest), SetDigest::from(sums.sides.target.digest));
        let mut differing = Vec::new();
        sums.sides.source.rows += rows.len() as u64;
        for (row, prepared) in rows.iter().zip(prepared) {
            source.add(workspace.as_str(), &row.canonical());
            let found = match &prepared {
                Ok(prepared) => holders.get(&prepared.key.tag),
                Err(_) => None,
            };
            let (Ok(prepared), Some(TagHolder::Current(here))) = (&prepared, found) else {
                sums.sides.target.missing += 1;
                differing.push(RowAnswer {
                    message: Some("there is no key for this row".to_owned()),
                    ..RowAnswer::plain(row.row, RowOutcome::Invalid, None)
                });
                continue;
            };
            sums.sides.target.keys += 1;
            if let Some(identity) = row.identity() {
                as_here(here, row, &catalogue).add_to(&mut target, workspace.as_str(), identity);
            }
            let mut diff = differences(here, &prepared.key, row, &catalogue);
            if here.workspace != step.row.workspace {
                diff.push(oneloop_protocol::migration::FieldDiff {
                    field: "workspaceId".to_owned(),
                    here: WorkspaceId::from_bits(here.workspace).to_string(),
                    source: workspace.to_string(),
                });
            }
            if diff.is_empty() {
                sums.sides.target.same += 1;
            } else {
                sums.sides.target.different += 1;
                let id = Some(ApiKeyId::from_bits(here.id));
                differing.push(RowAnswer {
                    diff,
                    ..RowAnswer::plain(row.row, RowOutcome::Conflict, id)
                });
            }
        }
        sums.sides.source.digest = source.into();
        sums.sides.target.digest = target.into();
        sums.chunks = number;
        let answer = Comparison {
            chunks: number,
            source: sums.sides.source.clone(),
            target: sums.sides.target.clone(),
            differences: differing,
        };
        step.row.comparison = Some(sums);
        step.turn.store.update_migration(&step.row).await?;
        step.turn.commit(&[], Vec::new()).await?;
        Ok(answer)
    }
}

/// The key that is here, in the fields that the source knows.
fn as_here<'a>(
    here: &'a ApiKeyRow,
    source: &SourceRow,
    catalogue: &'a [ScopeRow],
) -> Attributes<'a> {
    Attributes {
        name: &here.name,
        customer_id: &here.customer_id,
        enabled: here.enabled,
        expires_at: here.expires_at,
        created_at: source.created_at.map(|_| here.created_at),
        scopes: named(&here.grants, catalogue),
        metadata: &here.metadata,
        counted: source.total_usage_left.and(here.usage_left).is_some(),
    }
}

fn nothing() -> ComparedSides {
    let digest: Hex32 = SetDigest::default().into();
    ComparedSides {
        source: SourceSide { rows: 0, digest },
        target: TargetSide { keys: 0, same: 0, different: 0, missing: 0, digest },
    }
}
