//! Verification: endpoint 14, the hot path.

use axum::extract::State;
use oneloop_protocol::{Verification, VerifyRequest};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiJson, Sdk};

/// `POST /api/v1/api-key/verify`: a verdict on a key, with status 200 whatever it is.
pub(crate) async fn verify_api_key(
    State(app): State<App>,
    sdk: Sdk<extract::VerifyApiKey>,
    ApiJson(request): ApiJson<VerifyRequest>,
) -> Result<Answer<Verification>, ApiError> {
    request.check()?;
    Ok(Answer(app.backend.verify(sdk.team(), &request).await?))
}
