//! Workspaces: endpoints 1 to 4.

use axum::extract::State;
use oneloop_protocol::workspace::{WorkspaceAnswer, WorkspacesAnswer};
use oneloop_protocol::{CreateWorkspace, PatchWorkspace, WorkspaceId};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiJson, ApiPath, IdempotencyKey, Provenance, Sdk};

/// Lists the team's workspaces, oldest first.
#[utoipa::path(
    get, path = "/api/v1/workspace", tag = "Workspaces",
    responses((status = 200, body = WorkspacesAnswer)),
)]
pub(crate) async fn list_workspaces(
    State(app): State<App>,
    sdk: Sdk<extract::ListWorkspaces>,
) -> Result<Answer<WorkspacesAnswer>, ApiError> {
    let workspaces = app.backend.list_workspaces(sdk.team()).await?;
    Ok(Answer(WorkspacesAnswer { workspaces }))
}

/// Creates a workspace.
#[utoipa::path(
    post, path = "/api/v1/workspace", tag = "Workspaces",
    params(IdempotencyKey), request_body = CreateWorkspace, responses((status = 200, body = WorkspaceAnswer)),
)]
pub(crate) async fn create_workspace(
    State(app): State<App>,
    sdk: Sdk<extract::CreateWorkspace>,
    provenance: Provenance,
    once: IdempotencyKey,
    ApiJson(body): ApiJson<CreateWorkspace>,
) -> Result<Answer<WorkspaceAnswer>, ApiError> {
    let workspace = app.backend.create_workspace(&sdk.actor_once(provenance, once), &body).await?;
    Ok(Answer(WorkspaceAnswer { workspace }))
}

/// Reads a workspace.
#[utoipa::path(
    get, path = "/api/v1/workspace/{workspace}", tag = "Workspaces",
    responses((status = 200, body = WorkspaceAnswer)),
)]
pub(crate) async fn get_workspace(
    State(app): State<App>,
    sdk: Sdk<extract::GetWorkspace>,
    ApiPath(id): ApiPath<WorkspaceId>,
) -> Result<Answer<WorkspaceAnswer>, ApiError> {
    let workspace = app.backend.get_workspace(sdk.team(), &id).await?;
    Ok(Answer(WorkspaceAnswer { workspace }))
}

/// Changes a workspace's defaults. A field left out stays as it is, `null` clears it.
#[utoipa::path(
    patch, path = "/api/v1/workspace/{workspace}", tag = "Workspaces",
    request_body = PatchWorkspace, responses((status = 200, body = WorkspaceAnswer)),
)]
pub(crate) async fn patch_workspace(
    State(app): State<App>,
    sdk: Sdk<extract::PatchWorkspace>,
    provenance: Provenance,
    ApiPath(id): ApiPath<WorkspaceId>,
    ApiJson(body): ApiJson<PatchWorkspace>,
) -> Result<Answer<WorkspaceAnswer>, ApiError> {
    let workspace = app.backend.patch_workspace(&sdk.actor(provenance), &id, &body).await?;
    Ok(Answer(WorkspaceAnswer { workspace }))
}
