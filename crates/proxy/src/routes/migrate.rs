//! Bringing existing keys along: endpoint 16.

use axum::extract::State;
use oneloop_protocol::MigrateApiKey;
use oneloop_protocol::api_key::IssuedApiKeyAnswer;

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::ApiJson;
use crate::gate::MigrationPass;

/// Brings a key along that exists already. The same row again is the same key.
///
/// It answers 404 unless the team's migration window is open.
#[utoipa::path(
    post, path = "/api/v1/api-key/migrate", tag = "Migration",
    request_body = MigrateApiKey, responses((status = 200, body = IssuedApiKeyAnswer)),
)]
pub(crate) async fn migrate_api_key(
    State(app): State<App>,
    pass: MigrationPass,
    ApiJson(body): ApiJson<MigrateApiKey>,
) -> Result<Answer<IssuedApiKeyAnswer>, ApiError> {
    let api_key = app.backend.migrate_api_key(&pass.into_actor(), &body).await?;
    Ok(Answer(IssuedApiKeyAnswer { api_key }))
}
