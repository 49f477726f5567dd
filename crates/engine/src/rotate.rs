//! Rotation: the same key, a new secret (endpoint 12; decisions, "rotation").

use oneloop_protocol::{ApiKey, ApiKeyId, IssuedApiKey, RotateApiKey, UnixMillis, limits};
use serde_json::json;

use crate::actor::Actor;
use crate::api_key::{issued, on_wire, own_key, prefix, refuse_deleted};
use crate::caller::Reach;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::turn::Update;

impl Engine {
    /// Gives a key a new secret. Id, name, scopes, expiry, metadata, and whether it is enabled, stay.
    ///
    /// The old secret stops at once, or after the overlap that `body` asks for. One old secret can overlap:
    /// rotating again during an overlap ends the older one.
    pub async fn rotate_api_key(
        &self,
        actor: &Actor,
        reach: &Reach,
        id: &ApiKeyId,
        body: &RotateApiKey,
    ) -> Result<IssuedApiKey, EngineError> {
        let intent = self.intent(actor, "api_key.rotate", &(&reach.workspace, id, body))?;
        if let Some(answer) = self.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        body.check()?;
        let now = self.now();
        let overlap = body.overlap_seconds.filter(|seconds| *seconds > 0);
        actor.bounds.check_overlap(overlap.unwrap_or(0))?;
        let mut turn = self.turn().await?;
        if let Some(answer) = turn.replay(intent.as_ref()).await? {
            return Ok(answer);
        }
        let (workspace, mut row) = own_key(turn.store.as_mut(), reach, id).await?;
        refuse_deleted(&row)?;
        let catalogue = turn.store.scopes(Some(workspace.id)).await?;

        let prefix =
            prefix(row.prefix.as_deref(), workspace.default_key_prefix.as_deref()).to_owned();
        let minted = self.mint_key(row.team, &prefix)?;
        let replaced = std::mem::replace(&mut row.tag, minted.tag);
        let was_legacy = row.recipe.take().is_some();
        let mut retired: Vec<_> = row.previous_tag.take().into_iter().collect();
        row.previous_until = overlap.map(|seconds| end_of_overlap(now, seconds));
        let replaced_mask = std::mem::replace(&mut row.masked_key, minted.masked_key);
        (row.previous_masked_key, row.previous_last_used_at) = (None, None);
        match overlap {
            Some(_) => {
                row.previous_tag = Some(replaced);
                row.previous_masked_key = Some(replaced_mask);
            }
            None => retired.push(replaced),
        }
        row.prefix = Some(prefix);
        row.updated_at = now;
        row.revision = turn.store.rotate_api_key(&row, &replaced, &retired).await?;
        // What another service stored of it is of use only while that secret overlaps.
        if !(was_legacy && overlap.is_some()) {
            turn.store.forget_legacy_key(row.id).await?;
        }

        let detail = json!({ "overlapSeconds": overlap.unwrap_or(0) });
        let audit = turn.audit(actor, Some(row.team), "api_key.rotated", id, detail);
        let answer = issued(&row, catalogue.as_slice(), now, minted.key);
        turn.remember(intent.as_ref(), &answer).await?;
        turn.commit(&[audit], vec![Update::key(row, retired)]).await?;
        tracing::info!(api_key.id = %id, "Rotated API key `{id}`");
        Ok(answer)
    }

    /// Ends the overlap of a key's last rotation: the old secret stops now. A key without one stays as it is.
    pub async fn end_overlap(
        &self,
        actor: &Actor,
        reach: &Reach,
        id: &ApiKeyId,
    ) -> Result<ApiKey, EngineError> {
        let now = self.now();
        let mut turn = self.turn().await?;
        let (workspace, mut row) = own_key(turn.store.as_mut(), reach, id).await?;
        let catalogue = turn.store.scopes(Some(workspace.id)).await?;
        let over = row.previous_until.is_none_or(|until| until <= now);
        let Some(retired) = row.previous_tag.filter(|_| !over && !row.deleted) else {
            return Ok(on_wire(&row, catalogue.as_slice(), now));
        };
        (row.previous_tag, row.previous_until) = (None, None);
        row.updated_at = now;
        row.revision = turn.store.end_overlap(&row, &retired).await?;
        let audit = turn.audit(actor, Some(row.team), "api_key.overlap_ended", id, json!({}));
        let answer = on_wire(&row, catalogue.as_slice(), now);
        turn.commit(&[audit], vec![Update::key(row, vec![retired])]).await?;
        tracing::info!(api_key.id = %id, "Ended the overlap of API key `{id}`");
        Ok(answer)
    }
}

/// The first moment at which the old secret no longer works.
fn end_of_overlap(now: UnixMillis, seconds: u64) -> UnixMillis {
    let millis = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
    now.saturating_add(millis).min(limits::MOMENT_MAX)
}
