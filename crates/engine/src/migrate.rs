//! Bringing existing keys along (endpoint 16; decisions, "migration").
//!
//! Every row is idempotent by its secret within the team:
//!
//! | the secret is | answer |
//! | --- | --- |
//! | unknown | the key is made |
//! | a migrated key's, with the same attributes | that key, nothing written |
//! | a migrated key's, with other attributes | `exists_different`, naming the first field that differs |
//! | one that was minted here | `exists_different`, field `key` |
//! | one that a rotation replaced | `exists_different`, field `key`: it may have leaked |
//! | a deleted key's | `api_key_deleted`: a replayed import does not undo a deletion |

use std::collections::HashMap;

use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::{
    ApiKeyId, FieldError, IssuedApiKey, MigrateApiKey, Reason, UnixMillis, WorkspaceId, mask,
};
use serde_json::json;

use crate::actor::Actor;
use crate::api_key::issued;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::id;
use crate::scopes::pack;
use crate::store::{ApiKeyRow, Read, ScopeRow, TagHolder, WorkspaceRow};
use crate::tag::Tag;
use crate::time;
use crate::turn::{Turn, Update};
use crate::workspaces::own_workspace;

/// The outcome of one row.
type Outcome = Result<IssuedApiKey, EngineError>;

/// What rows of one call share: workspaces are looked up once, and rows see the rows before them.
#[derive(Default)]
struct Chunk {
    workspaces: HashMap<WorkspaceId, (WorkspaceRow, Vec<ScopeRow>)>,
    made: HashMap<Tag, usize>,
    rows: Vec<ApiKeyRow>,
}

impl Engine {
    /// Brings one existing key along. See the module for what happens to one that is here already.
    pub async fn migrate_api_key(
        &self,
        actor: &Actor,
        body: &MigrateApiKey,
    ) -> Result<IssuedApiKey, EngineError> {
        let mut outcomes = self.migrate_api_keys(actor, std::slice::from_ref(body)).await?;
        let none = || Err(EngineError::internal("one row went in and none came out"));
        outcomes.pop().unwrap_or_else(none)
    }

    /// Brings many keys along in one transaction: the way to load a large table. The outcomes stand in the
    /// order of `bodies`; a refused row does not keep the others from being made.
    ///
    /// # Errors
    ///
    /// If the call as a whole fails (the database is gone), nothing was written.
    pub async fn migrate_api_keys(
        &self,
        actor: &Actor,
        bodies: &[MigrateApiKey],
    ) -> Result<Vec<Outcome>, EngineError> {
        let now = self.now();
        let mut turn = self.turn().await?;
        let mut chunk = Chunk::default();
        let mut outcomes = Vec::with_capacity(bodies.len());
        for body in bodies {
            match self.migrate_row(turn.store.as_mut(), &mut chunk, actor, body, now).await {
                Err(error @ (EngineError::Unavailable(_) | EngineError::Internal(_))) => {
                    return Err(error);
                }
                outcome => outcomes.push(outcome),
            }
        }
        if !chunk.rows.is_empty() {
            store_rows(turn, actor, chunk.rows).await?;
        }
        Ok(outcomes)
    }

    async fn migrate_row(
        &self,
        store: &mut dyn Read,
        chunk: &mut Chunk,
        actor: &Actor,
        body: &MigrateApiKey,
        now: UnixMillis,
    ) -> Outcome {
        body.check()?;
        if !chunk.workspaces.contains_key(&body.workspace_id) {
            let workspace = own_workspace(store, actor.acting_team()?, &body.workspace_id).await?;
            let catalogue = store.scopes(Some(workspace.id)).await?;
            chunk.workspaces.insert(body.workspace_id.clone(), (workspace, catalogue));
        }
        let unknown = || EngineError::NotFound(Reason::UnknownWorkspace);
        let (workspace, catalogue) =
            chunk.workspaces.get(&body.workspace_id).ok_or_else(unknown)?;
        let wanted = self.row(body, workspace, catalogue, now)?;
        let holder = match chunk.made.get(&wanted.tag).and_then(|at| chunk.rows.get(*at)) {
            Some(row) => Some(TagHolder::Current(Box::new(row.clone()))),
            None => store.tag_holder(&wanted.tag).await?,
        };
        let answer = |row: &ApiKeyRow| issued(row, catalogue.as_slice(), now, body.key.clone());
        match holder {
            None => {
                let answer = answer(&wanted);
                chunk.made.insert(wanted.tag, chunk.rows.len());
                chunk.rows.push(wanted);
                Ok(answer)
            }
            Some(TagHolder::Replaced(_)) => {
                Err(different("key", "is a secret that was replaced by rotation"))
            }
            Some(TagHolder::Current(row)) if row.deleted => {
                let message = "this API key was deleted here, which a migration does not undo";
                Err(EngineError::conflict(Reason::ApiKeyDeleted, Some("key".to_owned()), message))
            }
            Some(TagHolder::Current(row)) => match difference(&row, &wanted, body) {
                Some(field) => Err(different(field, "differs from the key that is here already")),
                None => Ok(answer(&row)),
            },
        }
    }

    /// The row that `body` describes.
    fn row(
        &self,
        body: &MigrateApiKey,
        workspace: &WorkspaceRow,
        catalogue: &[ScopeRow],
        now: UnixMillis,
    ) -> Result<ApiKeyRow, EngineError> {
        let moment = |field, text: &Option<_>| -> Result<Option<UnixMillis>, FieldError> {
            let Some(text) = text else { return Ok(None) };
            time::millis(field, text).map(Some)
        };
        let created_at = moment("createdAt", &body.created_at)?;
        let last_used_at = moment("lastUsedAt", &body.last_used_at)?;
        Ok(ApiKeyRow {
            id: created_at.map_or_else(|| Ok(self.fresh_id(now)), id::of_age)?,
            team: workspace.team,
            workspace: workspace.id,
            customer_id: body.customer_id.clone(),
            name: body.name.clone(),
            prefix: body.prefix.clone(),
            masked_key: mask::migrated(body.key.expose()),
            tag: Tag::of_key(self.pepper(), workspace.team, &KeyDigest::of(body.key.expose())),
            recipe: None,
            previous_tag: None,
            previous_until: None,
            previous_masked_key: None,
            previous_last_used_at: None,
            grants: pack(&body.scopes, catalogue)?,
            metadata: body.metadata.clone().unwrap_or_default(),
            external_meter_id: None,
            meter: None,
            usage_left: None,
            enabled: body.enabled,
            deleted: false,
            migrated: true,
            // Not the workspace's default lifetime: that is for new keys, and would end old ones early.
            expires_at: body.expires_at,
            created_at: created_at.unwrap_or(now),
            updated_at: now,
            last_used_at,
            revision: 0,
        })
    }
}

/// Writes the rows of one chunk.
async fn store_rows(
    mut turn: Turn<'_>,
    actor: &Actor,
    mut rows: Vec<ApiKeyRow>,
) -> Result<(), EngineError> {
    let first = turn.store.insert_api_keys(&rows).await?;
    let mut audit = Vec::with_capacity(rows.len());
    for (revision, row) in (first..).zip(&mut rows) {
        row.revision = revision;
        let id = ApiKeyId::from_bits(row.id);
        let detail = json!({
            "workspaceId": WorkspaceId::from_bits(row.workspace),
            "customerId": row.customer_id,
            "name": row.name,
            "enabled": row.enabled,
            "expiresAt": row.expires_at,
        });
        audit.push(turn.audit(actor, Some(row.team), "api_key.migrated", id, detail));
    }
    let keys = rows.len();
    let updates = rows.into_iter().map(|row| Update::key(row, Vec::new())).collect();
    turn.commit(&audit, updates).await?;
    tracing::info!(keys, "Migrated {keys} keys");
    Ok(())
}

/// The first attribute in which the key that is here differs from the one that is brought. When it was
/// last used is not an attribute: it moves by itself.
fn difference(here: &ApiKeyRow, brought: &ApiKeyRow, body: &MigrateApiKey) -> Option<&'static str> {
    let sorted = |row: &ApiKeyRow| {
        let mut grants: Vec<_> =
            row.grants.iter().map(|(number, access)| (number, access.bits())).collect();
        grants.sort_unstable();
        grants
    };
    let created_differs = body.created_at.is_some() && here.created_at != brought.created_at;
    let fields = [
        ("key", !here.migrated),
        ("workspaceId", here.workspace != brought.workspace),
        ("customerId", here.customer_id != brought.customer_id),
        ("name", here.name != brought.name),
        ("enabled", here.enabled != brought.enabled),
        ("scopes", sorted(here) != sorted(brought)),
        ("metadata", here.metadata != brought.metadata),
        ("expiresAt", here.expires_at != brought.expires_at),
        ("createdAt", created_differs),
        ("prefix", here.prefix != brought.prefix),
    ];
    fields.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}

fn different(field: &str, how: &str) -> EngineError {
    let message = format!("{field} {how}");
    EngineError::conflict(Reason::ExistsDifferent, Some(field.to_owned()), message)
}
