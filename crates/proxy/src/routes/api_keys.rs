//! API keys: endpoints 7 to 12.

use axum::extract::{RawQuery, State};
use oneloop_protocol::api_key::{ApiKeyAnswer, ApiKeysAnswer, IssuedApiKeyAnswer};
use oneloop_protocol::{ApiKeyId, CreateApiKey, PatchApiKey, RotateApiKey, WorkspaceId};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiJson, ApiPath, Caller, OptionalJson, Provenance, Sdk};
use crate::link_rules::hold_to_token;

mod list_query;

use list_query::ListQuery;

/// `POST /api/v1/api-key`: a new key, and its secret, this once.
pub(crate) async fn create_api_key(
    State(app): State<App>,
    caller: Caller<extract::CreateApiKey>,
    provenance: Provenance,
    ApiJson(body): ApiJson<CreateApiKey>,
) -> Result<Answer<IssuedApiKeyAnswer>, ApiError> {
    let body = match &caller {
        Caller::Sdk(_) => body,
        Caller::Link(link) => hold_to_token(link, body)?,
    };
    let api_key = app.backend.create_api_key(&caller.actor(provenance), &body).await?;
    Ok(Answer(IssuedApiKeyAnswer { api_key }))
}

/// `GET /api/v1/workspace/{workspace}/api-key`: the keys that the caller may see, newest first; deleted ones
/// with `?includeDeleted=true`.
pub(crate) async fn list_api_keys(
    State(app): State<App>,
    caller: Caller<extract::ListApiKeys>,
    ApiPath(workspace): ApiPath<WorkspaceId>,
    RawQuery(query): RawQuery,
) -> Result<Answer<ApiKeysAnswer>, ApiError> {
    let reach = caller.reach(workspace)?;
    let ListQuery { include_deleted } = ListQuery::parse(query.as_deref())?;
    let api_keys = app.backend.list_api_keys(&reach, include_deleted).await?;
    Ok(Answer(ApiKeysAnswer { api_keys }))
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
    OptionalJson(body): OptionalJson<RotateApiKey>,
) -> Result<Answer<IssuedApiKeyAnswer>, ApiError> {
    let reach = caller.reach(workspace)?;
    let api_key = app.backend.rotate_api_key(&caller.actor(provenance), &reach, &id, &body).await?;
    Ok(Answer(IssuedApiKeyAnswer { api_key }))
}
