//! Link tokens: endpoints 17 and 18.

use axum::extract::State;
use axum::http::HeaderMap;
use oneloop_engine::LinkCaller;
use oneloop_protocol::link_token::{RevokeLinkTokens, Revoked, RevokedAnswer};
use oneloop_protocol::{CreateLinkToken, LinkToken, LinkTokenStatus, Reason};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiJson, ApiPath, Caller, Provenance, Sdk, X_LINK_TOKEN};
use crate::link_rules::hold_to_minter;

/// Creates a link token: a credential for one customer's browser. It may do no more than the SDK key that asks, and stops
/// when that key is disabled or revoked.
#[utoipa::path(
    post, path = "/api/v1/link-token", tag = "Link tokens",
    request_body = CreateLinkToken, responses((status = 200, body = LinkToken)),
)]
pub(crate) async fn create_link_token(
    State(app): State<App>,
    sdk: Sdk<extract::CreateLinkToken>,
    provenance: Provenance,
    ApiJson(body): ApiJson<CreateLinkToken>,
) -> Result<Answer<LinkToken>, ApiError> {
    let body = hold_to_minter(sdk.rights(), body)?;
    Ok(Answer(app.backend.create_link_token(&sdk.actor(provenance), &body).await?))
}

/// Revokes link tokens: one, or all of a customer. They stop at once.
#[utoipa::path(
    post, path = "/api/v1/link-token/revoke", tag = "Link tokens",
    request_body = RevokeLinkTokens, responses((status = 200, body = RevokedAnswer)),
)]
pub(crate) async fn revoke_link_tokens(
    State(app): State<App>,
    sdk: Sdk<extract::RevokeLinkTokens>,
    provenance: Provenance,
    ApiJson(body): ApiJson<RevokeLinkTokens>,
) -> Result<Answer<RevokedAnswer>, ApiError> {
    let actor = sdk.actor(provenance);
    let revoked = match body.which()? {
        Revoked::Token(token) => app.backend.revoke_link_token(&actor, token).await?,
        Revoked::Customer(workspace, customer_id) => {
            app.backend.revoke_link_tokens(&actor, workspace, customer_id).await?
        }
    };
    Ok(Answer(RevokedAnswer { revoked }))
}

/// In place of a link token in the path: the one that the request itself carries. Paths end up in the logs of
/// whatever stands in front of this server.
const SELF: &str = "self";

/// Says what a link token stands for. A link token learns that about itself only, as `self` or by its text; any other
/// token does not exist for it.
#[utoipa::path(
    get, path = "/api/v1/link-token/{token}", tag = "Link tokens",
    responses((status = 200, body = LinkTokenStatus)),
)]
pub(crate) async fn get_link_token(
    State(app): State<App>,
    caller: Caller<extract::GetLinkToken>,
    ApiPath(token): ApiPath<String>,
    headers: HeaderMap,
) -> Result<Answer<LinkTokenStatus>, ApiError> {
    match caller {
        Caller::Sdk(sdk) => Ok(Answer(app.backend.link_token_status(sdk.team(), &token).await?)),
        Caller::Link(link)
            if token == SELF
                || headers.get(X_LINK_TOKEN).is_some_and(|own| own == token.as_str()) =>
        {
            Ok(Answer(status_of(link)))
        }
        Caller::Link(_) => Err(ApiError::not_found(Reason::UnknownLinkToken)),
    }
}

/// A token that got this far is valid.
fn status_of(link: LinkCaller) -> LinkTokenStatus {
    LinkTokenStatus {
        valid: true,
        expires_at: link.expires_at,
        workspace_id: link.workspace,
        customer_id: link.customer_id,
        external_billing_id: link.external_billing_id,
        permissions: Some(link.permissions),
        grantable_scopes: link.bounds.grantable_scopes,
        key_policy: Some(link.bounds.key_policy),
    }
}
