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

/// Creates a key, and shows its secret, this once.
///
/// With a link token: for the token's own workspace and customer, without prefix, metadata or meter.
#[utoipa::path(
    post, path = "/api/v1/api-key", tag = "API keys",
    params(IdempotencyKey), request_body = CreateApiKey, responses((status = 200, body = IssuedApiKeyAnswer)),
)]
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

/// Lists the keys that the caller may see.
///
/// Without a query: all that are not deleted, newest first. With `limit` or `cursor` it answers in pages.
#[utoipa::path(
    get, path = "/api/v1/workspace/{workspace}/api-key", tag = "API keys",
    params(
        ListKeys,
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "Keys on a page."),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before."),
    ),
    responses((status = 200, body = ApiKeysAnswer)),
)]
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

/// Reads one key, deleted or not.
#[utoipa::path(
    get, path = "/api/v1/workspace/{workspace}/api-key/{api_key}", tag = "API keys",
    responses((status = 200, body = ApiKeyAnswer)),
)]
pub(crate) async fn get_api_key(
    State(app): State<App>,
    sdk: Sdk<extract::GetApiKey>,
    ApiPath((workspace, id)): ApiPath<(WorkspaceId, ApiKeyId)>,
) -> Result<Answer<ApiKeyAnswer>, ApiError> {
    let api_key = app.backend.get_api_key(&sdk.reach(workspace), &id).await?;
    Ok(Answer(ApiKeyAnswer { api_key }))
}

/// Edits a key: its name, its scopes, whether it works.
#[utoipa::path(
    patch, path = "/api/v1/workspace/{workspace}/api-key/{api_key}", tag = "API keys",
    request_body = PatchApiKey, responses((status = 200, body = ApiKeyAnswer)),
)]
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

/// Deletes a key. Deleting it twice is fine.
#[utoipa::path(
    delete, path = "/api/v1/workspace/{workspace}/api-key/{api_key}", tag = "API keys",
    responses((status = 200, body = ApiKeyAnswer)),
)]
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

/// Rotates a key: the same key with a new secret, shown this once.
///
/// The body may be left out: the old secret then stops working at once.
#[utoipa::path(
    post, path = "/api/v1/workspace/{workspace}/api-key/{api_key}/rotate", tag = "API keys",
    params(IdempotencyKey), request_body = Option<RotateApiKey>, responses((status = 200, body = IssuedApiKeyAnswer)),
)]
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

/// Refills a key: more verifications for one that counts them.
#[utoipa::path(
    post, path = "/api/v1/workspace/{workspace}/api-key/{api_key}/refill", tag = "API keys",
    params(IdempotencyKey), request_body = RefillApiKey, responses((status = 200, body = ApiKeyAnswer)),
)]
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

/// Ends the overlap of a rotation: the secret before it stops now. Doing it twice is fine.
#[utoipa::path(
    post, path = "/api/v1/workspace/{workspace}/api-key/{api_key}/end-overlap", tag = "API keys",
    responses((status = 200, body = ApiKeyAnswer)),
)]
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
