//! Workspaces and their defaults (endpoints 1 to 4).

use oneloop_protocol::{
    CreateWorkspace, FieldError, Patch, PatchWorkspace, Reason, TeamId, Workspace, WorkspaceId,
    limits,
};
use serde_json::json;

use crate::actor::Actor;
use crate::address;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::store::{Read, WorkspaceRow};
use crate::teams::known_team;
use crate::time::iso;
use crate::turn::Update;

impl Engine {
    /// All workspaces of a team, oldest first.
    pub async fn list_workspaces(&self, team: &TeamId) -> Result<Vec<Workspace>, EngineError> {
        let mut store = self.snapshot().await?;
        let team = known_team(store.as_mut(), team).await?.id;
        Ok(store.workspaces(Some(team)).await?.into_iter().map(on_wire).collect())
    }

    /// Creates a workspace in the actor's team.
    pub async fn create_workspace(
        &self,
        actor: &Actor,
        body: &CreateWorkspace,
    ) -> Result<Workspace, EngineError> {
        let intent = self.intent(actor, "workspace.create", body)?;
        if let Some(answer) = self.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        body.check()?;
        let mut turn = self.turn().await?;
        if let Some(answer) = turn.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        let team = known_team(turn.store.as_mut(), actor.acting_team()?).await?.id;
        let now = self.now();
        let mut row = WorkspaceRow {
            id: self.fresh_id(now),
            team,
            name: body.name.clone(),
            default_key_prefix: None,
            default_allowed_ips: Vec::new(),
            default_rate_limit: None,
            default_expiration: None,
            created_at: now,
            updated_at: now,
            revision: 0,
        };
        row.revision = turn.store.insert_workspace(&row).await?;
        let id = WorkspaceId::from_bits(row.id);
        let detail = json!({ "name": row.name });
        let audit = turn.audit(actor, Some(team), "workspace.created", &id, detail);
        let answer = on_wire(row.clone());
        turn.remember(intent.as_ref(), &answer).await?;
        turn.commit(&[audit], vec![Update::workspace(&row, &[])]).await?;
        tracing::info!(workspace.id = %id, "Created workspace `{id}`");
        Ok(answer)
    }

    /// One workspace of a team.
    pub async fn get_workspace(
        &self,
        team: &TeamId,
        id: &WorkspaceId,
    ) -> Result<Workspace, EngineError> {
        let mut store = self.snapshot().await?;
        Ok(on_wire(own_workspace(store.as_mut(), team, id).await?))
    }

    /// Changes a workspace's defaults. They are for keys yet to be created, the address list and the rate
    /// limit apart: these two are looked at in every verification.
    pub async fn patch_workspace(
        &self,
        actor: &Actor,
        id: &WorkspaceId,
        patch: &PatchWorkspace,
    ) -> Result<Workspace, EngineError> {
        let rate_limit = check(patch)?;
        let mut turn = self.turn().await?;
        let before = own_workspace(turn.store.as_mut(), actor.acting_team()?, id).await?;
        let PatchWorkspace { default_key_prefix, default_allowed_ips, default_expiration, .. } =
            patch.clone();
        let no_list = Some(before.default_allowed_ips.clone());
        let mut row = WorkspaceRow {
            default_key_prefix: default_key_prefix.apply(before.default_key_prefix.clone()),
            default_allowed_ips: default_allowed_ips.apply(no_list).unwrap_or_default(),
            default_rate_limit: rate_limit.apply(before.default_rate_limit),
            default_expiration: default_expiration.apply(before.default_expiration),
            ..before.clone()
        };
        if row == before {
            return Ok(on_wire(row));
        }
        row.updated_at = self.now();
        row.revision = turn.store.update_workspace(&row).await?;
        let catalogue = turn.store.scopes(Some(row.id)).await?;
        let detail = serde_json::to_value(patch).map_err(EngineError::internal)?;
        let audit = turn.audit(actor, Some(row.team), "workspace.updated", id, detail);
        turn.commit(&[audit], vec![Update::workspace(&row, &catalogue)]).await?;
        tracing::info!(workspace.id = %id, "Updated workspace `{id}`");
        Ok(on_wire(row))
    }
}

/// Checks every field, and narrows the rate limit to what can be counted.
fn check(patch: &PatchWorkspace) -> Result<Patch<u32>, FieldError> {
    if let Some(prefix) = patch.default_key_prefix.value() {
        limits::check_prefix("defaultKeyPrefix", prefix)?;
    }
    if let Some(list) = patch.default_allowed_ips.value() {
        address::check_list("defaultAllowedIPs", list)?;
    }
    if let Some(expiration) = patch.default_expiration.value() {
        limits::check_millis("defaultExpiration", *expiration)?;
    }
    Ok(match patch.default_rate_limit_per_second {
        Patch::Absent => Patch::Absent,
        Patch::Null => Patch::Null,
        Patch::Value(found) => match u32::try_from(found) {
            Ok(limit) if limit > 0 => Patch::Value(limit),
            _ => {
                let (field, most) = ("defaultRateLimitPerSecond", u32::MAX);
                let message = format!("{field} is {found}; it must be between 1 and {most}");
                return Err(FieldError::new(field, Reason::OutOfRange, message));
            }
        },
    })
}

/// A team's workspace. Another team's is not found, as if it did not exist.
pub(crate) async fn own_workspace(
    store: &mut dyn Read,
    team: &TeamId,
    id: &WorkspaceId,
) -> Result<WorkspaceRow, EngineError> {
    let unknown = || EngineError::NotFound(Reason::UnknownWorkspace);
    let (team, id) = team.bits().zip(id.bits()).ok_or_else(unknown)?;
    store.workspace(id).await?.filter(|row| row.team == team).ok_or_else(unknown)
}

pub(crate) fn on_wire(row: WorkspaceRow) -> Workspace {
    Workspace {
        id: WorkspaceId::from_bits(row.id),
        name: row.name,
        team_id: TeamId::from_bits(row.team),
        default_key_prefix: row.default_key_prefix,
        default_allowed_ips: row.default_allowed_ips,
        default_rate_limit_per_second: row.default_rate_limit,
        default_expiration: row.default_expiration,
        created_at: iso(row.created_at),
        updated_at: iso(row.updated_at),
    }
}
