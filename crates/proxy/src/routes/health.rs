//! Whether the service is alive, and whether it can work.

use axum::extract::State;
use serde::Serialize;

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;

/// `{"status":"ok"}`
#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
}

const OK: Answer<Health> = Answer(Health { status: "ok" });

/// `GET /healthz`: the process answers. Restart it when it does not.
pub(crate) async fn get_health() -> Answer<Health> {
    OK
}

/// `GET /readyz`: the database answers, too. Send no requests here when it does not.
pub(crate) async fn get_readiness(State(app): State<App>) -> Result<Answer<Health>, ApiError> {
    app.backend.ping().await?;
    Ok(OK)
}
