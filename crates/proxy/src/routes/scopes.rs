//! The scope catalogue of a workspace: endpoints 5 and 6.

use axum::extract::State;
use oneloop_protocol::workspace::{ScopeAnswer, ScopesAnswer};
use oneloop_protocol::{CreateScope, WorkspaceId};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiJson, ApiPath, Caller, Provenance, Sdk};

/// Lists a workspace's scopes: what its keys may be given.
#[utoipa::path(
    get, path = "/api/v1/workspace/{workspace}/scopes", tag = "Scopes",
    responses((status = 200, body = ScopesAnswer)),
)]
pub(crate) async fn list_scopes(
    State(app): State<App>,
    caller: Caller<extract::ListScopes>,
    ApiPath(workspace): ApiPath<WorkspaceId>,
) -> Result<Answer<ScopesAnswer>, ApiError> {
    caller.check_workspace(&workspace)?;
    let scopes = app.backend.list_scopes(caller.team(), &workspace).await?;
    Ok(Answer(ScopesAnswer { scopes }))
}

/// Adds a scope to a workspace.
#[utoipa::path(
    post, path = "/api/v1/workspace/{workspace}/scope", tag = "Scopes",
    request_body = CreateScope, responses((status = 200, body = ScopeAnswer)),
)]
pub(crate) async fn create_scope(
    State(app): State<App>,
    sdk: Sdk<extract::CreateScope>,
    provenance: Provenance,
    ApiPath(workspace): ApiPath<WorkspaceId>,
    ApiJson(body): ApiJson<CreateScope>,
) -> Result<Answer<ScopeAnswer>, ApiError> {
    let scope = app.backend.create_scope(&sdk.actor(provenance), &workspace, &body).await?;
    Ok(Answer(ScopeAnswer { scope }))
}
