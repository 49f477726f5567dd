//! Workspaces: endpoints 1 to 4.

use axum::extract::State;
use oneloop_protocol::workspace::{WorkspaceAnswer, WorkspacesAnswer};
use oneloop_protocol::{CreateWorkspace, PatchWorkspace, WorkspaceId};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiJson, ApiPath, IdempotencyKey, Provenance, Sdk};

/// `GET /api/v1/workspace`: the team's workspaces.
pub(crate) async fn list_workspaces(
    State(app): State<App>,
    sdk: Sdk<extract::ListWorkspaces>,
) -> Result<Answer<WorkspacesAnswer>, ApiError> {
    let workspaces = app.backend.list_workspaces(sdk.team()).await?;
    Ok(Answer(WorkspacesAnswer { workspaces }))
}

/// `POST /api/v1/workspace`: a new one.
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

/// `GET /api/v1/workspace/{workspace}`
pub(crate) async fn get_workspace(
    State(app): State<App>,
    sdk: Sdk<extract::GetWorkspace>,
    ApiPath(id): ApiPath<WorkspaceId>,
) -> Result<Answer<WorkspaceAnswer>, ApiError> {
    let workspace = app.backend.get_workspace(sdk.team(), &id).await?;
    Ok(Answer(WorkspaceAnswer { workspace }))
}

/// `PATCH /api/v1/workspace/{workspace}`: changes the defaults; a field left out stays as it is, `null`
/// clears it.
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
