//! Verification: endpoint 14, the hot path.

use axum::extract::State;
use oneloop_protocol::{Verification, VerifyRequest};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiJson, Sdk};

/// Verifies a key. The answer is 200 whatever the verdict; only `VALID` lets a request through.
#[utoipa::path(
    post, path = "/api/v1/api-key/verify", tag = "Verification",
    request_body = VerifyRequest, responses((status = 200, body = Verification)),
)]
pub(crate) async fn verify_api_key(
    State(app): State<App>,
    sdk: Sdk<extract::VerifyApiKey>,
    ApiJson(request): ApiJson<VerifyRequest>,
) -> Result<Answer<Verification>, ApiError> {
    request.check()?;
    Ok(Answer(app.backend.verify(sdk.team(), &request).await?))
}
