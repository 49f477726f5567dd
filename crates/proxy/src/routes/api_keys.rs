//! API keys: endpoints 7 to 12.

use axum::extract::State;
use oneloop_protocol::api_key::{ApiKeyAnswer, ApiKeysAnswer, IssuedApiKeyAnswer};
use oneloop_protocol::meter::RefillApiKey;
use oneloop_protocol::{ApiKeyId, CreateApiKey, ListKeys, PatchApiKey, RotateApiKey, WorkspaceId};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{
    self, ApiJson, ApiPath, Caller, IdempotencyKey, OptionalJson, Parameters, Provenance, Sdk,
};
use crate::link_rules::hold_to_token;

/// `POST /api/v1/api-key`: a new key, and its secret, this once.
pub(crate) async fn create_api_key(
    State(app): State<App>,
    caller: Caller<extract::CreateApiKey>,
    provenance: Provenance,
    once: IdempotencyKey,
    ApiJson(body): ApiJson<CreateApiKey>,
) -> Result<Answer<IssuedApiKeyAnswer>, ApiError> {
    let body = match &caller {
        Caller::Sdk(_) => body,
        Caller::Link(link) => hold_to_token(link, body)?,
    };
    let api_key = app.backend.create_api_key(&caller.actor_once(provenance, once), &body).await?;
    Ok(Answer(IssuedApiKeyAnswer { api_key }))
}

/// `GET /api/v1/workspace/{workspace}/api-key`: the keys that the caller may see; which, in which order and how
/// many at a time, the query says.
pub(crate) async fn list_api_keys(
    State(app): State<App>,
    caller: Caller<extract::ListApiKeys>,
    ApiPath(workspace): ApiPath<WorkspaceId>,
    parameters: Parameters,
) -> Result<Answer<ApiKeysAnswer>, ApiError> {
    let reach = caller.reach(workspace)?;
    let page = app.backend.list_api_keys(&reach, &ListKeys::read(parameters.pairs())?).await?;
    let total = page.paging.as_ref().map(|paging| paging.total);
    let next_cursor = page.paging.map(|paging| paging.next_cursor);
    Ok(Answer(ApiKeysAnswer { api_keys: page.api_keys, next_cursor, total }))
}

/// `GET /api/v1/workspace/{workspace}/api-key/{api_key}`: one key, deleted or not. For servers only.
pub(crate) async fn get_api_key(
    State(app): State<App>,
    sdk: Sdk<extract::GetApiKey>,
    ApiPath((workspace, id)): ApiPath<(WorkspaceId, ApiKeyId)>,
) -> Result<Answer<ApiKeyAnswer>, ApiError> {
    let api_key = app.backend.get_api_key(&sdk.reach(workspace), &id).await?;
    Ok(Answer(ApiKeyAnswer { api_key }))
}

/// `PATCH /api/v1/workspace/{workspace}/api-key/{api_key}`: its name, its scopes, whether it works.
pub(crate) async fn patch_api_key(
    State(app): State<App>,
    caller: Caller<extract::PatchApiKey>,
    provenance: Provenance,
    ApiPath((workspace, id)): ApiPath<(WorkspaceId, ApiKeyId)>,
    ApiJson(body): ApiJson<PatchApiKey>,
) -> Result<Answer<ApiKeyAnswer>, ApiError> {
    let reach = caller.reach(workspace)?;
    let api_key = app.backend.patch_api_key(&caller.actor(provenance), &reach, &id, &body).await?;
    Ok(Answer(ApiKeyAnswer { api_key }))
}

/// `DELETE /api/v1/workspace/{workspace}/api-key/{api_key}`. Deleting twice is fine.
pub(crate) async fn delete_api_key(
    State(app): State<App>,
    caller: Caller<extract::DeleteApiKey>,
    provenance: Provenance,
    ApiPath((workspace, id)): ApiPath<(WorkspaceId, ApiKeyId)>,
) -> Result<Answer<ApiKeyAnswer>, ApiError> {
    let reach = caller.reach(workspace)?;
    let api_key = app.backend.delete_api_key(&caller.actor(provenance), &reach, &id).await?;
    Ok(Answer(ApiKeyAnswer { api_key }))
}

/// `POST /api/v1/workspace/{workspace}/api-key/{api_key}/rotate`: the same key with a new secret.
pub(crate) async fn rotate_api_key(
    State(app): State<App>,
    caller: Caller<extract::RotateApiKey>,
    provenance: Provenance,
    ApiPath((workspace, id)): ApiPath<(WorkspaceId, ApiKeyId)>,
    once: IdempotencyKey,
    OptionalJson(body): OptionalJson<RotateApiKey>,
) -> Result<Answer<IssuedApiKeyAnswer>, ApiError> {
    let reach = caller.reach(workspace)?;
    let actor = caller.actor_once(provenance, once);
    let api_key = app.backend.rotate_api_key(&actor, &reach, &id, &body).await?;
    Ok(Answer(IssuedApiKeyAnswer { api_key }))
}

/// `POST /api/v1/workspace/{workspace}/api-key/{api_key}/refill`: more verifications for a key that counts them.
pub(crate) async fn refill_api_key(
    State(app): State<App>,
    sdk: Sdk<extract::RefillApiKey>,
    provenance: Provenance,
    ApiPath((workspace, id)): ApiPath<(WorkspaceId, ApiKeyId)>,
    once: IdempotencyKey,
    ApiJson(body): ApiJson<RefillApiKey>,
) -> Result<Answer<ApiKeyAnswer>, ApiError> {
    let (reach, actor) = (sdk.reach(workspace), sdk.actor_once(provenance, once));
    let api_key = app.backend.refill_api_key(&actor, &reach, &id, &body).await?;
    Ok(Answer(ApiKeyAnswer { api_key }))
}

/// `POST /api/v1/workspace/{workspace}/api-key/{api_key}/end-overlap`: the secret before the last rotation stops
/// now. Our addition; doing it twice is fine.
pub(crate) async fn end_overlap(
    State(app): State<App>,
    caller: Caller<extract::EndOverlap>,
    provenance: Provenance,
    ApiPath((workspace, id)): ApiPath<(WorkspaceId, ApiKeyId)>,
) -> Result<Answer<ApiKeyAnswer>, ApiError> {
    let reach = caller.reach(workspace)?;
    let api_key = app.backend.end_overlap(&caller.actor(provenance), &reach, &id).await?;
    Ok(Answer(ApiKeyAnswer { api_key }))
}
