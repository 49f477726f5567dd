//! SDK keys: a team's own credential, used by its servers.

use oneloop_protocol::key::{self, KeyDigest};
use oneloop_protocol::{IsoTime, Reason, Rights, SdkKeyId, Secret, TeamId, limits, mask};
use serde_json::json;

use crate::actor::Actor;
use crate::caller::{SdkCaller, SdkKeyHolder};
use crate::engine::Engine;
use crate::entropy;
use crate::error::EngineError;
use crate::store::{Read, SdkKeyRow};
use crate::tag::Tag;
use crate::teams::known_team;
use crate::time::iso;
use crate::turn::Update;

/// An SDK key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdkKey {
    /// Its id.
    pub id: SdkKeyId,
    /// Whose it is.
    pub team_id: TeamId,
    /// Its name.
    pub name: String,
    /// What may be shown of it.
    pub masked_key: String,
    /// What it may do.
    pub rights: Rights,
    /// Whether it works.
    pub enabled: bool,
    /// Whether it was revoked.
    pub deleted: bool,
    /// When it was created.
    pub created_at: IsoTime,
    /// When it last changed.
    pub updated_at: IsoTime,
}

/// An SDK key together with its secret: the answer to creating it, and nowhere else.
#[derive(Clone, Debug)]
pub struct IssuedSdkKey {
    /// The key.
    pub sdk_key: SdkKey,
    /// Its secret, this once.
    pub key: Secret,
}

impl Engine {
    /// The team behind an SDK key; `None` if it is unknown, disabled or revoked. Reads memory only.
    pub fn authenticate_sdk_key(&self, presented: &str) -> Option<SdkCaller> {
        self.sdk_key_holder(presented).map(SdkCaller::from)
    }

    /// The same without the texts of ids, for [`Engine::begin_verify`].
    pub fn sdk_key_holder(&self, presented: &str) -> Option<SdkKeyHolder> {
        let tag = Tag::of_sdk_key(self.pepper(), &KeyDigest::of(presented));
        self.index().sdk_key(&tag).filter(|entry| entry.works).map(|entry| SdkKeyHolder {
            team: entry.team,
            sdk_key: entry.id,
            rights: entry.rights,
        })
    }

    /// Creates an SDK key with these rights.
    pub async fn create_sdk_key(
        &self,
        actor: &Actor,
        team: &TeamId,
        name: &str,
        rights: Rights,
    ) -> Result<IssuedSdkKey, EngineError> {
        limits::check_name("name", name)?;
        let mut turn = self.turn().await?;
        let team = known_team(turn.store.as_mut(), team).await?.id;
        let key = key::mint(key::SDK_KEY_PREFIX, entropy::fill).map_err(EngineError::internal)?;
        let now = self.now();
        let mut row = SdkKeyRow {
            id: self.fresh_id(now),
            team,
            name: name.to_owned(),
            tag: Tag::of_sdk_key(self.pepper(), &KeyDigest::of(key.expose())),
            masked_key: mask::native(key.expose()),
            rights,
            enabled: true,
            deleted: false,
            created_at: now,
            updated_at: now,
            revision: 0,
        };
        row.revision = turn.store.insert_sdk_key(&row).await?;
        let id = SdkKeyId::from_bits(row.id);
        let detail = json!({ "name": name, "rights": rights.to_grants() });
        let audit = turn.audit(actor, Some(team), "sdk_key.created", &id, detail);
        turn.commit(&[audit], vec![Update::sdk_key(&row)]).await?;
        tracing::info!(sdk_key.id = %id, "Created SDK key `{id}`");
        Ok(IssuedSdkKey { sdk_key: on_wire(row), key })
    }

    /// The SDK keys of one team or of all, oldest first, revoked ones included.
    pub async fn list_sdk_keys(&self, team: Option<&TeamId>) -> Result<Vec<SdkKey>, EngineError> {
        let mut store = self.snapshot().await?;
        let team = match team {
            Some(team) => Some(known_team(store.as_mut(), team).await?.id),
            None => None,
        };
        Ok(store.sdk_keys(team).await?.into_iter().map(on_wire).collect())
    }

    /// Switches an SDK key off, or on again; its rights stay what they were. Doing so twice is fine.
    ///
    /// # Errors
    ///
    /// [`EngineError::Conflict`] if the key was revoked: that is for good.
    pub async fn enable_sdk_key(
        &self,
        actor: &Actor,
        id: &SdkKeyId,
        enabled: bool,
    ) -> Result<SdkKey, EngineError> {
        let mut turn = self.turn().await?;
        let mut row = known_sdk_key(turn.store.as_mut(), id).await?;
        if row.deleted {
            let message = "the SDK key was revoked and cannot change any more";
            return Err(EngineError::conflict(Reason::UnknownSdkKey, None, message));
        }
        if row.enabled == enabled {
            return Ok(on_wire(row));
        }
        row.enabled = enabled;
        row.updated_at = self.now();
        row.revision = turn.store.update_sdk_key(&row).await?;
        let action = if enabled { "sdk_key.enabled" } else { "sdk_key.disabled" };
        let audit = turn.audit(actor, Some(row.team), action, id, json!({}));
        turn.commit(&[audit], vec![Update::sdk_key(&row)]).await?;
        tracing::info!(sdk_key.id = %id, enabled, "Switched SDK key `{id}`");
        Ok(on_wire(row))
    }

    /// Revokes an SDK key, for good. Revoking twice is fine.
    pub async fn revoke_sdk_key(
        &self,
        actor: &Actor,
        id: &SdkKeyId,
    ) -> Result<SdkKey, EngineError> {
        let mut turn = self.turn().await?;
        let mut row = known_sdk_key(turn.store.as_mut(), id).await?;
        if row.deleted {
            return Ok(on_wire(row));
        }
        row.deleted = true;
        row.updated_at = self.now();
        row.revision = turn.store.update_sdk_key(&row).await?;
        let audit = turn.audit(actor, Some(row.team), "sdk_key.revoked", id, json!({}));
        turn.commit(&[audit], vec![Update::sdk_key(&row)]).await?;
        tracing::info!(sdk_key.id = %id, "Revoked SDK key `{id}`");
        Ok(on_wire(row))
    }
}

/// The SDK key with this id.
async fn known_sdk_key(store: &mut dyn Read, id: &SdkKeyId) -> Result<SdkKeyRow, EngineError> {
    let unknown = || EngineError::NotFound(Reason::UnknownSdkKey);
    store.sdk_key(id.bits().ok_or_else(unknown)?).await?.ok_or_else(unknown)
}

fn on_wire(row: SdkKeyRow) -> SdkKey {
    SdkKey {
        id: SdkKeyId::from_bits(row.id),
        team_id: TeamId::from_bits(row.team),
        name: row.name,
        masked_key: row.masked_key,
        rights: row.rights,
        enabled: row.enabled,
        deleted: row.deleted,
        created_at: iso(row.created_at),
        updated_at: iso(row.updated_at),
    }
}
