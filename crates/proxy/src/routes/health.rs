//! Whether the service is alive, and whether it can work.

use axum::extract::State;
use serde::Serialize;

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;

/// `{"status":"ok"}`
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: anything else is not a 200.
    status: &'static str,
}

const OK: Answer<Health> = Answer(Health { status: "ok" });

/// Says that the process answers. Restart it when it does not.
#[utoipa::path(get, path = "/healthz", tag = "Operation", responses((status = 200, body = Health)))]
pub(crate) async fn get_health() -> Answer<Health> {
    OK
}

/// Says that the database answers, too. Send no requests here when it does not.
#[utoipa::path(get, path = "/readyz", tag = "Operation", responses((status = 200, body = Health)))]
pub(crate) async fn get_readiness(State(app): State<App>) -> Result<Answer<Health>, ApiError> {
    app.backend.ping().await?;
    Ok(OK)
}
