//! Migration jobs: many keys brought along, in chunks, each one transaction together with its checkpoint.
//!
//! A job is found again by its plan's digest, a chunk by its number, a key by its secret: whoever was
//! interrupted, on either side and at any instant, sends the same again and goes on.
//!
//! ```text
//! importing ⇄ paused          finished ──▶ rolling_back ──▶ rolled_back
//!     └──────────┴──────────────▲ │ ▲            ▲
//!                                 └─┴────────────┘  from every state
//! ```

mod arrivals;
mod chunk;
mod compare;
mod differences;
mod prepare;
mod report;
mod rollback;

use oneloop_protocol::migration::{
    CreateMigration, FinishMigration, Migration, MigrationCounts, MigrationState,
};
use oneloop_protocol::{MigrationId, Reason, TeamId, WorkspaceId};
use serde_json::json;

pub(crate) use arrivals::Arrivals;

use crate::actor::Actor;
use crate::engine::{Engine, team_bits};
use crate::error::EngineError;
use crate::recipes::RecipeSpec;
use crate::store::{MigrationRow, Read, RecipeRow};
use crate::time::iso;
use crate::turn::{Turn, Update};
use crate::workspaces::own_workspace;

/// Most rows that one job may announce.
const ROWS_MAX: u64 = 1_000_000_000;

/// Most characters of the name of whoever waived a proof.
const NAME_MAX: usize = 255;

impl Engine {
    /// Makes a job, or finds the one that was made from the same plan for the same workspace and was not
    /// rolled back. Found again, it takes over the policy that is asked for now, for the chunks to come.
    ///
    /// # Errors
    ///
    /// A recipe that this server cannot try is refused before anything is written.
    pub async fn create_migration(
        &self,
        actor: &Actor,
        body: &CreateMigration,
    ) -> Result<Migration, EngineError> {
        check(body)?;
        let team = actor.acting_team()?;
        let spec = RecipeSpec::parse(body.recipe.as_deref(), body.locator.as_deref())?;
        if let Some(spec) = &spec {
            self.recipe_secrets().check(spec)?;
        }
        let now = self.now();
        let mut turn = self.turn().await?;
        let workspace = own_workspace(turn.store.as_mut(), team, &body.workspace_id).await?;
        let known = turn.store.migrations(workspace.team).await?;
        let same = |row: &MigrationRow| {
            row.workspace == workspace.id
                && row.plan_digest == body.plan_digest.0
                && !matches!(row.state, MigrationState::RollingBack | MigrationState::RolledBack)
                // What was done under another policy is done: the same rows under this one are another job.
                && (row.state != MigrationState::Finished || row.conflict == body.conflict)
        };
        let recipes = turn.store.recipes(Some(workspace.team)).await?;
        if let Some(mut row) = known.into_iter().find(same) {
            self.refuse_other(&row, body, spec.as_ref(), &recipes)?;
            if row.conflict != body.conflict {
                row.conflict = body.conflict;
                row.updated_at = now;
                turn.store.update_migration(&row).await?;
                let id = MigrationId::from_bits(row.id);
                let detail = json!({ "conflict": row.conflict });
                let audit = turn.audit(actor, Some(row.team), "migration.policy", &id, detail);
                turn.commit(&[audit], Vec::new()).await?;
            }
            return Ok(on_wire(&row, &recipes));
        }

        let mut updates = Vec::new();
        let mut recipes = recipes;
        let recipe = match &spec {
            None => None,
            Some(spec) => Some(match spec.find(&recipes) {
                Some(number) => number,
                None => {
                    let row = spec.row(workspace.team, &recipes, now)?;
                    turn.store.insert_recipe(&row).await?;
                    recipes.push(row);
                    updates.push(Update::recipes(workspace.team, &recipes));
                    recipes.last().map_or(0, |row| row.number)
                }
            }),
        };
        let mut row = MigrationRow {
            number: 0,
            id: self.fresh_id(now),
            team: workspace.team,
            workspace: workspace.id,
            plan_digest: body.plan_digest.0,
            state: MigrationState::Importing,
            conflict: body.conflict,
            recipe,
            planned_rows: body.rows,
            chunks: 0,
            undone_chunks: 0,
            counts: MigrationCounts::default(),
            comparison: None,
            created_by: actor.who.to_string(),
            proof_waived_by: body.proof_waived_by.clone(),
            created_at: now,
            updated_at: now,
        };
        row.number = turn.store.insert_migration(&row).await?;
        let id = MigrationId::from_bits(row.id);
        let detail = json!({
            "workspaceId": body.workspace_id,
            "planDigest": body.plan_digest,
            "rows": body.rows,
            "conflict": body.conflict,
            "recipe": spec.as_ref().map(|spec| spec.text.as_str()),
            "proofWaivedBy": body.proof_waived_by,
        });
        let audit = turn.audit(actor, Some(row.team), "migration.created", &id, detail);
        turn.commit(&[audit], updates).await?;
        tracing::info!(migration.id = %id, rows = body.rows, "Created migration job `{id}`");
        Ok(on_wire(&row, &recipes))
    }

    /// A job that goes by the same plan must be the same in all else that was reviewed.
    fn refuse_other(
        &self,
        row: &MigrationRow,
        body: &CreateMigration,
        spec: Option<&RecipeSpec>,
        recipes: &[RecipeRow],
    ) -> Result<(), EngineError> {
        let recipe = spec.and_then(|spec| spec.find(recipes));
        let differs = [("recipe", row.recipe != recipe), ("rows", row.planned_rows != body.rows)];
        match differs.into_iter().find(|(_, differs)| *differs) {
            None => Ok(()),
            Some((field, _)) => {
                let id = MigrationId::from_bits(row.id);
                let message =
                    format!("{field} differs from the job `{id}`, made from the same plan");
                Err(EngineError::conflict(Reason::ExistsDifferent, Some(field.to_owned()), message))
            }
        }
    }

    /// A team's job.
    pub async fn migration(
        &self,
        team: &TeamId,
        id: &MigrationId,
    ) -> Result<Migration, EngineError> {
        let mut store = self.snapshot().await?;
        let row = own_migration(store.as_mut(), team, id).await?;
        let recipes = store.recipes(Some(row.team)).await?;
        Ok(on_wire(&row, &recipes))
    }

    /// A team's jobs, newest first.
    pub async fn list_migrations(&self, team: &TeamId) -> Result<Vec<Migration>, EngineError> {
        let mut store = self.snapshot().await?;
        let bits = team_bits(team)?;
        let recipes = store.recipes(Some(bits)).await?;
        let rows = store.migrations(bits).await?;
        Ok(rows.iter().map(|row| on_wire(row, &recipes)).collect())
    }

    /// Takes no chunks until the job is resumed. Pausing a paused job is fine.
    pub async fn pause_migration(
        &self,
        actor: &Actor,
        id: &MigrationId,
    ) -> Result<Migration, EngineError> {
        self.move_migration(actor, id, "migration.paused", |row| match row.state {
            MigrationState::Importing | MigrationState::Paused => Ok(MigrationState::Paused),
            state => Err(closed(state)),
        })
        .await
    }

    /// Takes chunks again. Resuming a job that is not paused is fine.
    pub async fn resume_migration(
        &self,
        actor: &Actor,
        id: &MigrationId,
    ) -> Result<Migration, EngineError> {
        self.move_migration(actor, id, "migration.resumed", |row| match row.state {
            MigrationState::Importing | MigrationState::Paused => Ok(MigrationState::Importing),
            state => Err(closed(state)),
        })
        .await
    }

    /// Takes no more chunks. Finishing a finished job is fine.
    ///
    /// # Errors
    ///
    /// `migration_incomplete` if the job has not seen what its sender believes to have sent.
    pub async fn finish_migration(
        &self,
        actor: &Actor,
        id: &MigrationId,
        body: FinishMigration,
    ) -> Result<Migration, EngineError> {
        self.move_migration(actor, id, "migration.finished", |row| match row.state {
            MigrationState::Finished => Ok(MigrationState::Finished),
            MigrationState::Importing => {
                let here = FinishMigration { chunks: row.chunks, rows: row.counts.rows };
                if here == body && body.rows == row.planned_rows {
                    return Ok(MigrationState::Finished);
                }
                let message = format!(
                    "the job has {} rows in {} chunks, its plan {}, and its sender believes in {} in {}",
                    here.rows, here.chunks, row.planned_rows, body.rows, body.chunks
                );
                Err(EngineError::conflict(Reason::MigrationIncomplete, None, message))
            }
            state => Err(closed(state)),
        })
        .await
    }

    /// Moves a job to the state that `to` names, if that is another one.
    async fn move_migration(
        &self,
        actor: &Actor,
        id: &MigrationId,
        action: &'static str,
        to: impl Fn(&MigrationRow) -> Result<MigrationState, EngineError> + Send,
    ) -> Result<Migration, EngineError> {
        let mut turn = self.turn().await?;
        let mut row = own_migration(turn.store.as_mut(), actor.acting_team()?, id).await?;
        let recipes = turn.store.recipes(Some(row.team)).await?;
        let state = to(&row)?;
        if state == row.state {
            return Ok(on_wire(&row, &recipes));
        }
        row.state = state;
        row.updated_at = self.now();
        turn.store.update_migration(&row).await?;
        let audit = turn.audit(actor, Some(row.team), action, id, json!(row.counts));
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(migration.id = %id, "Migration job `{id}` is now {state}");
        Ok(on_wire(&row, &recipes))
    }
}

/// Checks what can be checked without looking anything up.
fn check(body: &CreateMigration) -> Result<(), EngineError> {
    if !(1..=ROWS_MAX).contains(&body.rows) {
        let message = format!("rows is {}; it must be between 1 and {ROWS_MAX}", body.rows);
        return Err(oneloop_protocol::FieldError::new("rows", Reason::OutOfRange, message).into());
    }
    if let Some(by) = &body.proof_waived_by {
        oneloop_protocol::limits::check_text(
            "proofWaivedBy",
            by,
            &(1..=NAME_MAX),
            Reason::NameEmpty,
            Reason::NameTooLong,
        )?;
    }
    Ok(())
}

/// A team's job. Another team's is not found, as if it did not exist.
async fn own_migration(
    store: &mut dyn Read,
    team: &TeamId,
    id: &MigrationId,
) -> Result<MigrationRow, EngineError> {
    let unknown = || EngineError::NotFound(Reason::UnknownMigration);
    let (team, id) = team.bits().zip(id.bits()).ok_or_else(unknown)?;
    store.migration(id).await?.filter(|row| row.team == team).ok_or_else(unknown)
}

/// The refusal of a job that takes nothing more.
fn closed(state: MigrationState) -> EngineError {
    let (reason, message) = match state {
        MigrationState::Paused => {
            (Reason::MigrationPaused, "the job is paused; resume it first".to_owned())
        }
        state => (Reason::MigrationClosed, format!("the job is {state} and takes nothing more")),
    };
    EngineError::conflict(reason, None, message)
}

fn on_wire(row: &MigrationRow, recipes: &[RecipeRow]) -> Migration {
    let recipe = recipes.iter().find(|recipe| Some(recipe.number) == row.recipe);
    Migration {
        id: MigrationId::from_bits(row.id),
        workspace_id: WorkspaceId::from_bits(row.workspace),
        plan_digest: oneloop_protocol::migration::Hex32(row.plan_digest),
        state: row.state,
        conflict: row.conflict,
        recipe: recipe.map(|recipe| recipe.recipe.clone()),
        locator: recipe.and_then(|recipe| recipe.locator.clone()),
        rows: row.planned_rows,
        chunks: row.chunks,
        undone_chunks: row.undone_chunks,
        counts: row.counts,
        created_by: row.created_by.clone(),
        proof_waived_by: row.proof_waived_by.clone(),
        created_at: iso(row.created_at),
        updated_at: iso(row.updated_at),
    }
}

/// What the steps of a job share once its turn has come.
struct Step<'e> {
    turn: Turn<'e>,
    row: MigrationRow,
    recipes: Vec<RecipeRow>,
}

impl Engine {
    /// Waits for the turn, and reads the job again: only now it stands still.
    async fn step(&self, team: &TeamId, id: &MigrationId) -> Result<Step<'_>, EngineError> {
        let mut turn = self.turn().await?;
        let row = own_migration(turn.store.as_mut(), team, id).await?;
        let recipes = turn.store.recipes(Some(row.team)).await?;
        Ok(Step { turn, row, recipes })
    }
}

impl Step<'_> {
    /// Writes the job's row, and commits.
    async fn commit(
        mut self,
        actor: &Actor,
        action: &'static str,
        detail: serde_json::Value,
        updates: Vec<Update>,
        now: oneloop_protocol::UnixMillis,
    ) -> Result<Migration, EngineError> {
        self.row.updated_at = now;
        self.turn.store.update_migration(&self.row).await?;
        let id = MigrationId::from_bits(self.row.id);
        let audit = self.turn.audit(actor, Some(self.row.team), action, id, detail);
        self.turn.commit(&[audit], updates).await?;
        Ok(on_wire(&self.row, &self.recipes))
    }
}
