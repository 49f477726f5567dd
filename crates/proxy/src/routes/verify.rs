//! Verification: endpoint 14, the hot path.

use axum::body::{Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use oneloop_engine::{SdkKeyHolder, Verifying};
use oneloop_protocol::{Verification, VerifyRequest};

use crate::access_log::CallerSlot;
use crate::answer::Verified;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, Presented, Sdk};

/// The path, which `service.rs` compares before any routing.
pub(crate) const PATH: &str = "/api/v1/api-key/verify";

/// Verifies a key. The answer is 200 whatever the verdict; only `VALID` lets a request through.
//
// What the router knows of it: `service.rs` calls [`answer`] itself.
#[utoipa::path(
    post, path = "/api/v1/api-key/verify", tag = "Verification",
    request_body = VerifyRequest, responses((status = 200, body = Verification)),
)]
pub(crate) async fn verify_api_key(
    State(app): State<App>,
    request: Request,
) -> Result<Verified, ApiError> {
    let (head, body) = request.into_parts();
    answer(&app, &head, body, &CallerSlot::default()).await.map(Verified)
}

/// The verdict. The arguments of other handlers, one after the other and in the same order: who is asking,
/// and what.
pub(crate) async fn answer<B>(
    app: &App,
    head: &Parts,
    body: B,
    slot: &CallerSlot,
) -> Result<Verification, ApiError>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let presented = Presented::of(&head.headers)?;
    let holder = Sdk::<extract::VerifyApiKey>::holder(presented, app, slot).await?;
    conclude(app, &holder, &extract::read_body(&head.headers, body).await?).await
}

/// The same of a request that lies in one piece.
pub(crate) async fn answer_whole(
    app: &App,
    authorization: Option<&[u8]>,
    body: &[u8],
    slot: &CallerSlot,
) -> Result<Verification, ApiError> {
    let presented = Presented::by_authorization(authorization)?;
    let holder = Sdk::<extract::VerifyApiKey>::holder(presented, app, slot).await?;
    conclude(app, &holder, body).await
}

async fn conclude(app: &App, holder: &SdkKeyHolder, body: &[u8]) -> Result<Verification, ApiError> {
    let request: VerifyRequest = extract::parse_json(body)?;
    request.check()?;
    match app.backend.begin_verify(holder, request) {
        Verifying::Done(verification) => Ok(verification),
        Verifying::Waits(verifying) => Ok(verifying.await?),
    }
}
