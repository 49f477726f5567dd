//! A workspace's scope catalogue (endpoints 5 and 6), and what keys may hold of it.

use oneloop_protocol::{
    CreateScope, Grant, Reason, ScopeId, TeamId, WorkspaceId, WorkspaceScope, limits,
};
use serde_json::json;

use crate::actor::Actor;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::grants::{Catalogue, PackedGrants};
use crate::store::{ScopeRow, StoreError};
use crate::time::iso;
use crate::turn::Update;
use crate::workspaces::own_workspace;

impl Engine {
    /// The whole catalogue of a team's workspace, oldest first.
    pub async fn list_scopes(
        &self,
        team: &TeamId,
        workspace: &WorkspaceId,
    ) -> Result<Vec<WorkspaceScope>, EngineError> {
        let mut store = self.snapshot().await?;
        let workspace = own_workspace(store.as_mut(), team, workspace).await?.id;
        Ok(store.scopes(Some(workspace)).await?.into_iter().map(on_wire).collect())
    }

    /// Adds a scope to a workspace of the actor's team.
    pub async fn create_scope(
        &self,
        actor: &Actor,
        workspace: &WorkspaceId,
        body: &CreateScope,
    ) -> Result<WorkspaceScope, EngineError> {
        body.check()?;
        let mut turn = self.turn().await?;
        let mut owner = own_workspace(turn.store.as_mut(), actor.acting_team()?, workspace).await?;
        let mut catalogue = turn.store.scopes(Some(owner.id)).await?;
        let CreateScope { name, representation, description } = body.clone();
        if catalogue.iter().any(|scope| scope.representation == representation) {
            return Err(duplicate(&representation));
        }
        let (found, limit) = (catalogue.len(), limits::SCOPES_PER_WORKSPACE);
        if found >= limit {
            let message = format!("the workspace has {found} scopes; the limit is {limit}");
            return Err(EngineError::conflict(Reason::TooManyScopes, None, message));
        }
        let now = self.now();
        let row = ScopeRow {
            id: self.fresh_id(now),
            workspace: owner.id,
            number: catalogue.last().map_or(0, |last| last.number + 1),
            name,
            representation,
            description,
            created_at: now,
            updated_at: now,
        };
        owner.revision = match turn.store.insert_scope(&row).await {
            Err(StoreError::Duplicate(_)) => return Err(duplicate(&row.representation)),
            other => other?,
        };
        let id = ScopeId::from_bits(row.id);
        let detail = json!({ "workspaceId": workspace, "representation": row.representation });
        let audit = turn.audit(actor, Some(owner.team), "scope.created", &id, detail);
        catalogue.push(row.clone());
        turn.commit(&[audit], vec![Update::workspace(&owner, &catalogue)]).await?;
        tracing::info!(scope.id = %id, workspace.id = %workspace, "Created scope `{id}`");
        Ok(on_wire(row))
    }
}

/// The grants as a key holds them. Each must name a scope of the catalogue; ids that a client sends are
/// ignored (decisions, "scopes on a key").
pub(crate) fn pack(
    grants: &[Grant],
    catalogue: &(impl Catalogue + ?Sized),
) -> Result<PackedGrants, EngineError> {
    let number = |(at, grant): (usize, &Grant)| {
        let wanted = &grant.representation;
        let unknown = || {
            let field = format!("scopes[{at}].representation");
            let message = format!("{field} is `{wanted}`, which the workspace does not define");
            EngineError::conflict(Reason::UnknownScope, Some(field), message)
        };
        Ok((catalogue.number(wanted).ok_or_else(unknown)?, grant.access()))
    };
    grants.iter().enumerate().map(number).collect()
}

impl Catalogue for [ScopeRow] {
    /// The rows of one workspace, in the order of their numbers.
    fn scope(&self, number: u16) -> Option<(ScopeId, &str)> {
        let at = self.binary_search_by_key(&number, |scope| scope.number).ok()?;
        self.get(at).map(|scope| (ScopeId::from_bits(scope.id), scope.representation.as_str()))
    }

    fn number(&self, representation: &str) -> Option<u16> {
        let scope = self.iter().find(|scope| scope.representation == representation)?;
        Some(scope.number)
    }
}

fn duplicate(representation: &str) -> EngineError {
    let message = format!("the workspace has a scope `{representation}` already");
    EngineError::conflict(Reason::DuplicateScope, Some("representation".to_owned()), message)
}

pub(crate) fn on_wire(row: ScopeRow) -> WorkspaceScope {
    WorkspaceScope {
        id: ScopeId::from_bits(row.id),
        name: row.name,
        representation: row.representation,
        description: row.description,
        created_at: iso(row.created_at),
        updated_at: iso(row.updated_at),
    }
}
