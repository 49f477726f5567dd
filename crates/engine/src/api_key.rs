//! How a key is found, minted and shown: what its operations share.

use oneloop_protocol::key::{self, KeyDigest};
use oneloop_protocol::{ApiKey, ApiKeyId, IssuedApiKey, MeterId, Reason, Secret, UnixMillis, mask};

use crate::caller::Reach;
use crate::engine::Engine;
use crate::entropy;
use crate::error::EngineError;
use crate::grants::Catalogue;
use crate::store::{ApiKeyRow, Read, WorkspaceRow};
use crate::tag::Tag;
use crate::time::iso;
use crate::workspaces::own_workspace;

/// A secret that was just minted, with what is kept of it.
pub(crate) struct Minted {
    pub(crate) key: Secret,
    pub(crate) tag: Tag,
    pub(crate) masked_key: String,
}

impl Engine {
    /// Mints a secret for a key of `team`.
    pub(crate) fn mint_key(&self, team: u128, prefix: &str) -> Result<Minted, EngineError> {
        let key = key::mint(prefix, entropy::fill).map_err(EngineError::internal)?;
        let tag = Tag::of_key(self.pepper(), team, &KeyDigest::of(key.expose()));
        let masked_key = mask::native(key.expose());
        Ok(Minted { key, tag, masked_key })
    }
}

/// The prefix of a secret about to be minted: the key's own, else the workspace's, else ours.
pub(crate) fn prefix<'a>(own: Option<&'a str>, workspaces: Option<&'a str>) -> &'a str {
    own.or(workspaces).unwrap_or(key::DEFAULT_PREFIX)
}

/// A key within `reach`, and its workspace. One outside is not found, as if it did not exist.
pub(crate) async fn own_key(
    store: &mut dyn Read,
    reach: &Reach,
    id: &ApiKeyId,
) -> Result<(WorkspaceRow, ApiKeyRow), EngineError> {
    let workspace = own_workspace(store, &reach.team, &reach.workspace).await?;
    let unknown = || EngineError::NotFound(Reason::UnknownApiKey);
    let row = store.api_key(id.bits().ok_or_else(unknown)?).await?;
    let within = |row: &ApiKeyRow| {
        row.workspace == workspace.id
            && reach.customer_id.as_ref().is_none_or(|customer| *customer == row.customer_id)
    };
    let row = row.filter(within).ok_or_else(unknown)?;
    Ok((workspace, row))
}

/// Refuses to change what was deleted (decisions, "delete").
pub(crate) fn refuse_deleted(row: &ApiKeyRow) -> Result<(), EngineError> {
    if !row.deleted {
        return Ok(());
    }
    let message = "the API key was deleted and cannot change any more";
    Err(EngineError::conflict(Reason::ApiKeyDeleted, None, message))
}

/// A key as lists and edits show it.
pub(crate) fn on_wire(
    row: &ApiKeyRow,
    catalogue: &(impl Catalogue + ?Sized),
    now: UnixMillis,
) -> ApiKey {
    let overlaps = row.previous_until.filter(|until| now < *until);
    // Nothing is known of a secret that a version replaced which kept nothing: neither its mask nor its uses.
    let previous = overlaps.and(row.previous_masked_key.as_ref());
    ApiKey {
        id: ApiKeyId::from_bits(row.id),
        name: row.name.clone(),
        masked_key: row.masked_key.clone(),
        prefix: row.prefix.clone(),
        expires_at: row.expires_at,
        total_usage_left: row.usage_left,
        limit_usage: row.usage_left.is_some(),
        scopes: catalogue.unpack(row.grants.view()),
        enabled: row.enabled,
        customer_id: Some(row.customer_id.clone()),
        deleted: row.deleted,
        created_at: iso(row.created_at),
        updated_at: iso(row.updated_at),
        last_used_at: row.last_used_at.map(iso),
        billing_id: row.meter.map(|id| MeterId::from_bits(id).as_str().to_owned()),
        previous_key_expires_at: overlaps,
        previous_masked_key: previous.cloned(),
        previous_last_used_at: previous.map(|_| row.previous_last_used_at.map(iso)),
    }
}

/// A key together with its secret.
pub(crate) fn issued(
    row: &ApiKeyRow,
    catalogue: &(impl Catalogue + ?Sized),
    now: UnixMillis,
    key: Secret,
) -> IssuedApiKey {
    IssuedApiKey { api_key: on_wire(row, catalogue, now), key }
}
