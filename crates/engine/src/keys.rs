//! A key's life: created, read, edited, deleted (endpoints 7, 9 to 11). The list is in `key_list.rs`, rotation
//! in `rotate.rs`, bringing keys along in `migrate.rs`.

use oneloop_protocol::{
    ApiKey, ApiKeyId, CreateApiKey, Grant, IssuedApiKey, PatchApiKey, UnixMillis,
};
use serde_json::{Map, Value, json};

use crate::actor::Actor;
use crate::api_key::{issued, on_wire, own_key, prefix, refuse_deleted};
use crate::caller::Reach;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::grants::Catalogue;
use crate::index::KeyDefaults;
use crate::once::Intent;
use crate::scopes::pack;
use crate::store::{ApiKeyRow, NewAudit, ScopeRow};
use crate::turn::Update;
use crate::workspaces::own_workspace;

/// What a new key is decided from, the scopes apart.
pub(crate) struct Terms<'w> {
    /// The workspace's id.
    pub(crate) workspace: u128,
    pub(crate) defaults: &'w KeyDefaults,
    /// The meter that it is bound to.
    pub(crate) meter: Option<u128>,
}

/// A key that was decided on and is not stored yet.
pub(crate) struct Draft {
    pub(crate) row: ApiKeyRow,
    pub(crate) audit: NewAudit,
    pub(crate) answer: IssuedApiKey,
}

impl Engine {
    /// Creates a key in a workspace of the actor's team, and answers with its secret.
    pub async fn create_api_key(
        &self,
        actor: &Actor,
        body: &CreateApiKey,
    ) -> Result<IssuedApiKey, EngineError> {
        let now = self.now();
        let intent = self.intent(actor, "api_key.create", body)?;
        if let Some(answer) = self.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        body.check(now)?;
        let answer = match self.create_with_others(actor, body, now).await? {
            Some(answer) => answer,
            None => self.create_alone(actor, body, intent.as_ref(), now).await?,
        };
        let id = &answer.api_key.id;
        tracing::info!(api_key.id = %id, "Created API key `{id}`");
        Ok(answer)
    }

    /// Creates a key in a turn of its own, after a look at what the database says now.
    async fn create_alone(
        &self,
        actor: &Actor,
        body: &CreateApiKey,
        intent: Option<&Intent>,
        now: UnixMillis,
    ) -> Result<IssuedApiKey, EngineError> {
        let mut turn = self.turn().await?;
        if let Some(answer) = turn.replay(intent).await? {
            return Ok(answer);
        }
        let team = actor.acting_team()?;
        let workspace = own_workspace(turn.store.as_mut(), team, &body.workspace_id).await?;
        let catalogue = turn.store.scopes(Some(workspace.id)).await?;
        let meter = match &body.external_meter_id {
            Some(name) => turn.store.meter(workspace.id, name).await?.map(|meter| meter.id),
            None => None,
        };
        let terms = Terms { workspace: workspace.id, defaults: &workspace.key_defaults(), meter };
        let Draft { mut row, audit, answer } =
            self.draft_key(actor, body, &terms, catalogue.as_slice(), now)?;
        row.revision = turn.store.insert_api_keys(std::slice::from_ref(&row)).await?;
        turn.remember(intent, &answer).await?;
        turn.commit(&[audit], vec![Update::key(row, Vec::new())]).await?;
        Ok(answer)
    }

    /// Decides on a new key: mints its secret, and says what is stored, noted and answered.
    pub(crate) fn draft_key(
        &self,
        actor: &Actor,
        body: &CreateApiKey,
        terms: &Terms<'_>,
        catalogue: &(impl Catalogue + ?Sized),
        now: UnixMillis,
    ) -> Result<Draft, EngineError> {
        let defaults = terms.defaults;
        let grants = pack(&body.scopes, catalogue)?;
        let expires_at = body.expires_at.or_else(|| defaults.expiry(now));
        actor.bounds.check_grants(&body.scopes, &[])?;
        actor.bounds.check_expiry(expires_at, now)?;
        let prefix = prefix(body.prefix.as_deref(), defaults.prefix.as_deref());
        let minted = self.mint_key(defaults.team, prefix)?;
        let row = ApiKeyRow {
            id: self.fresh_id(now),
            team: defaults.team,
            workspace: terms.workspace,
            customer_id: body.customer_id.clone(),
            name: body.name.clone(),
            prefix: Some(prefix.to_owned()),
            masked_key: minted.masked_key,
            tag: minted.tag,
            recipe: None,
            previous_tag: None,
            previous_until: None,
            previous_masked_key: None,
            previous_last_used_at: None,
            grants,
            metadata: body.metadata.clone().unwrap_or_default(),
            external_meter_id: body.external_meter_id.clone(),
            meter: terms.meter,
            usage_left: body.total_usage_allowed,
            enabled: body.enabled,
            deleted: false,
            migrated: false,
            expires_at,
            created_at: now,
            updated_at: now,
            last_used_at: None,
            revision: 0,
        };
        let detail = json!({
            "workspaceId": body.workspace_id,
            "customerId": row.customer_id,
            "name": row.name,
            "enabled": row.enabled,
            "expiresAt": row.expires_at,
            "scopes": granted(&row, catalogue),
        });
        let id = ApiKeyId::from_bits(row.id);
        let audit = self.audit_line(actor, Some(row.team), "api_key.created", &id, detail);
        let answer = issued(&row, catalogue, now, minted.key);
        Ok(Draft { row, audit, answer })
    }

    /// One key within `reach`, a deleted one too.
    pub async fn get_api_key(&self, reach: &Reach, id: &ApiKeyId) -> Result<ApiKey, EngineError> {
        let now = self.now();
        let mut store = self.snapshot().await?;
        let (workspace, row) = own_key(store.as_mut(), reach, id).await?;
        let catalogue = store.scopes(Some(workspace.id)).await?;
        Ok(on_wire(&row, catalogue.as_slice(), now))
    }

    /// Edits a key. A patch that changes nothing writes nothing.
    pub async fn patch_api_key(
        &self,
        actor: &Actor,
        reach: &Reach,
        id: &ApiKeyId,
        patch: &PatchApiKey,
    ) -> Result<ApiKey, EngineError> {
        patch.check()?;
        let now = self.now();
        let mut turn = self.turn().await?;
        let (workspace, before) = own_key(turn.store.as_mut(), reach, id).await?;
        refuse_deleted(&before)?;
        let catalogue = turn.store.scopes(Some(workspace.id)).await?;
        let mut row = before.clone();
        if let Some(name) = &patch.name {
            row.name.clone_from(name);
        }
        if let Some(enabled) = patch.enabled {
            row.enabled = enabled;
        }
        if let Some(scopes) = &patch.scopes {
            row.grants = pack(scopes, catalogue.as_slice())?;
            actor.bounds.check_grants(scopes, &catalogue.unpack(before.grants.view()))?;
        }
        if row == before {
            return Ok(on_wire(&row, catalogue.as_slice(), now));
        }
        row.updated_at = now;
        row.revision = turn.store.update_api_key(&row).await?;
        let detail = edits(&before, &row, &catalogue);
        let audit = turn.audit(actor, Some(row.team), "api_key.updated", id, detail);
        let answer = on_wire(&row, catalogue.as_slice(), now);
        turn.commit(&[audit], vec![Update::key(row, Vec::new())]).await?;
        tracing::info!(api_key.id = %id, "Updated API key `{id}`");
        Ok(answer)
    }

    /// Deletes a key: it stays readable by its id and works never again. Deleting twice is fine.
    pub async fn delete_api_key(
        &self,
        actor: &Actor,
        reach: &Reach,
        id: &ApiKeyId,
    ) -> Result<ApiKey, EngineError> {
        let now = self.now();
        let mut turn = self.turn().await?;
        let (workspace, mut row) = own_key(turn.store.as_mut(), reach, id).await?;
        let catalogue = turn.store.scopes(Some(workspace.id)).await?;
        if row.deleted {
            return Ok(on_wire(&row, catalogue.as_slice(), now));
        }
        row.deleted = true;
        row.updated_at = now;
        row.revision = turn.store.update_api_key(&row).await?;
        let audit = turn.audit(actor, Some(row.team), "api_key.deleted", id, json!({}));
        let answer = on_wire(&row, catalogue.as_slice(), now);
        turn.commit(&[audit], vec![Update::key(row, Vec::new())]).await?;
        tracing::info!(api_key.id = %id, "Deleted API key `{id}`");
        Ok(answer)
    }
}

/// What a key was granted, for the audit log: as it is stored, and not as it was sent, because ids in a request are
/// ignored.
fn granted(row: &ApiKeyRow, catalogue: &(impl Catalogue + ?Sized)) -> Vec<Grant> {
    let without_id = |grant| Grant { id: None, ..grant };
    catalogue.unpack(row.grants.view()).into_iter().map(without_id).collect()
}

/// What an edit changed, for the audit log.
fn edits(before: &ApiKeyRow, after: &ApiKeyRow, catalogue: &[ScopeRow]) -> Value {
    let mut edits = Map::new();
    if before.name != after.name {
        edits.insert("name".to_owned(), json!(after.name));
    }
    if before.enabled != after.enabled {
        edits.insert("enabled".to_owned(), json!(after.enabled));
    }
    if before.grants != after.grants {
        edits.insert("scopes".to_owned(), json!(granted(after, catalogue)));
    }
    Value::Object(edits)
}
