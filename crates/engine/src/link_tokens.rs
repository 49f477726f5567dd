//! Link tokens: the browser's credential for one customer in one workspace (endpoints 17 and 18).

use oneloop_protocol::key::{self, KeyDigest};
use oneloop_protocol::{
    CreateLinkToken, Grant, LinkToken, LinkTokenId, LinkTokenPermissions, LinkTokenStatus, Reason,
    Secret, TeamId, UnixMillis, WorkspaceId, limits,
};
use serde_json::json;

use crate::actor::{Actor, Who};
use crate::bounds::Bounds;
use crate::caller::{LinkCaller, LinkTokenRefusal};
use crate::engine::{Engine, team_bits};
use crate::entropy;
use crate::error::EngineError;
use crate::store::{KnownLinkToken, LinkTokenRow, ScopeRow};
use crate::tag::Tag;
use crate::workspaces::own_workspace;

/// How long an expired token is remembered: until then its holder hears "expired", later "unknown".
const REMEMBERED: i64 = 24 * 60 * 60 * 1_000;

impl Engine {
    /// The browser behind a link token. Asks the database, so a token stops everywhere at once when it is revoked, or when
    /// the SDK key that minted it is revoked or disabled.
    pub async fn authenticate_link_token(
        &self,
        presented: &str,
    ) -> Result<LinkCaller, LinkTokenRefusal> {
        let known = self.find_link_token(presented).await?.ok_or(LinkTokenRefusal::Unknown)?;
        if !works(&known, self.now()) {
            return Err(LinkTokenRefusal::Expired);
        }
        let row = known.token;
        Ok(LinkCaller {
            id: LinkTokenId::from_bits(row.id),
            team: TeamId::from_bits(row.team),
            workspace: WorkspaceId::from_bits(row.workspace),
            customer_id: row.customer_id,
            permissions: row.permissions,
            origins: row.origins,
            external_billing_id: row.external_billing_id,
            bounds: row.bounds,
            expires_at: row.expires_at,
        })
    }

    /// Mints a link token for a customer of a workspace of the actor's team. The customer need not have
    /// keys yet. One that an SDK key mints works only while that key does; that it may do no more than the key is for
    /// the caller to see to, who knows the key's rights.
    pub async fn create_link_token(
        &self,
        actor: &Actor,
        body: &CreateLinkToken,
    ) -> Result<LinkToken, EngineError> {
        body.check()?;
        let now = self.now();
        let mut turn = self.turn().await?;
        let team = actor.acting_team()?;
        let workspace = own_workspace(turn.store.as_mut(), team, &body.workspace_id).await?;
        if let Some(grantable) = &body.grantable_scopes {
            let catalogue = turn.store.scopes(Some(workspace.id)).await?;
            grantable_scopes(grantable, &catalogue)?;
        }
        let token =
            key::mint(key::LINK_TOKEN_PREFIX, entropy::fill).map_err(EngineError::internal)?;
        let row = LinkTokenRow {
            id: self.fresh_id(now),
            team: workspace.team,
            workspace: workspace.id,
            customer_id: body.customer_id.clone(),
            tag: Tag::of_link_token(self.pepper(), &KeyDigest::of(token.expose())),
            permissions: body.permissions.unwrap_or(LinkTokenPermissions::DEFAULT),
            origins: body.origins.clone(),
            external_billing_id: body.external_billing_id.clone(),
            bounds: Bounds {
                grantable_scopes: body.grantable_scopes.clone(),
                key_policy: body.key_policy.unwrap_or_default(),
            },
            minted_by: match &actor.who {
                Who::SdkKey(id) => id.bits(),
                Who::LinkToken(_) | Who::Operator => None,
            },
            created_at: now,
            expires_at: match body.ttl_seconds {
                Some(seconds) => now.saturating_add_unsigned(seconds.saturating_mul(1_000)),
                None => self.link_token_expiry(now),
            },
            revoked_at: None,
        };
        turn.store.insert_link_token(&row).await?;
        turn.store.purge_link_tokens(now.saturating_sub(REMEMBERED)).await?;
        let id = LinkTokenId::from_bits(row.id);
        let detail = json!({
            "workspaceId": body.workspace_id,
            "customerId": row.customer_id,
            "permissions": row.permissions,
            "origins": row.origins,
            "grantableScopes": row.bounds.grantable_scopes,
            "keyPolicy": row.bounds.key_policy,
            "expiresAt": row.expires_at,
        });
        let audit = turn.audit(actor, Some(row.team), "link_token.created", &id, detail);
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(link_token.id = %id, "Created link token `{id}`");
        Ok(LinkToken { token, expires_at: row.expires_at })
    }

    /// What a team's server may know about a token that its browser shows. One that is known but over is
    /// `valid: false`; one that is unknown, or another team's, is not found.
    pub async fn link_token_status(
        &self,
        team: &TeamId,
        token: &str,
    ) -> Result<LinkTokenStatus, EngineError> {
        let known = self.find_link_token(token).await?;
        let known = known.filter(|known| Some(known.token.team) == team.bits());
        let known = known.ok_or(EngineError::NotFound(Reason::UnknownLinkToken))?;
        let valid = works(&known, self.now());
        let row = known.token;
        Ok(LinkTokenStatus {
            valid,
            expires_at: row.expires_at,
            workspace_id: WorkspaceId::from_bits(row.workspace),
            customer_id: row.customer_id,
            external_billing_id: row.external_billing_id,
            permissions: Some(row.permissions),
            grantable_scopes: row.bounds.grantable_scopes,
            key_policy: Some(row.bounds.key_policy),
        })
    }

    /// Revokes one link token of the actor's team, and says whether it worked until now.
    pub async fn revoke_link_token(
        &self,
        actor: &Actor,
        token: &Secret,
    ) -> Result<u64, EngineError> {
        let team = team_bits(actor.acting_team()?)?;
        let tag = Tag::of_link_token(self.pepper(), &KeyDigest::of(token.expose()));
        let mut turn = self.turn().await?;
        let known = turn.store.link_token(&tag).await?.filter(|known| known.token.team == team);
        let row = known.ok_or(EngineError::NotFound(Reason::UnknownLinkToken))?.token;
        if !turn.store.revoke_link_token(row.id, turn.now()).await? {
            return Ok(0);
        }
        let id = LinkTokenId::from_bits(row.id);
        let detail = json!({ "customerId": row.customer_id });
        let audit = turn.audit(actor, Some(team), "link_token.revoked", &id, detail);
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(link_token.id = %id, "Revoked link token `{id}`");
        Ok(1)
    }

    /// Revokes every live link token of a customer, and says how many there were.
    pub async fn revoke_link_tokens(
        &self,
        actor: &Actor,
        workspace: &WorkspaceId,
        customer_id: &str,
    ) -> Result<u64, EngineError> {
        limits::check_customer_id("customerId", customer_id)?;
        let mut turn = self.turn().await?;
        let owner = own_workspace(turn.store.as_mut(), actor.acting_team()?, workspace).await?;
        let revoked = turn.store.revoke_link_tokens(owner.id, customer_id, self.now()).await?;
        if revoked == 0 {
            return Ok(0);
        }
        let detail = json!({ "customerId": customer_id, "tokens": revoked });
        let audit = turn.audit(actor, Some(owner.team), "link_tokens.revoked", workspace, detail);
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(workspace.id = %workspace, revoked, "Revoked {revoked} link tokens");
        Ok(revoked)
    }

    async fn find_link_token(
        &self,
        presented: &str,
    ) -> Result<Option<KnownLinkToken>, EngineError> {
        let tag = Tag::of_link_token(self.pepper(), &KeyDigest::of(presented));
        Ok(self.snapshot().await?.link_token(&tag).await?)
    }
}

/// Refuses a limit that names what the workspace does not define: it would be a mistyped one.
fn grantable_scopes(grantable: &[Grant], catalogue: &[ScopeRow]) -> Result<(), EngineError> {
    let known =
        |grant: &Grant| catalogue.iter().any(|scope| scope.representation == grant.representation);
    match grantable.iter().position(|grant| !known(grant)) {
        None => Ok(()),
        Some(at) => {
            let field = format!("grantableScopes[{at}].representation");
            let message = format!("{field} is a scope that the workspace does not define");
            Err(EngineError::conflict(Reason::UnknownScope, Some(field), message))
        }
    }
}

fn works(known: &KnownLinkToken, now: UnixMillis) -> bool {
    let KnownLinkToken { token, minter_works } = known;
    *minter_works && token.revoked_at.is_none() && now < token.expires_at
}
