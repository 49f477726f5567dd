//! Signed tokens: endpoints 23 and 24, and the public keys to verify them with.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use oneloop_protocol::jwt::{
    CreateJwt, Jwks, JwtAnswer, JwtVerification, RotateSigningKey, VerifyJwt,
};
use oneloop_protocol::{SigningKeyId, TeamId};
use serde::Serialize;

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiJson, ApiPath, OptionalJson, Provenance, Sdk};

/// How long others may keep the public keys: verifiers ask again for a key that they do not know.
const KEEP: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// `{"kid": …}`
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SigningKeyAnswer {
    /// The new key's id, as it stands in the tokens that it signs.
    kid: SigningKeyId,
}

/// Signs a token.
///
/// EdDSA over Ed25519, with the team's own key pair; the first token makes it.
#[utoipa::path(
    post, path = "/api/v1/jwt", tag = "JWT",
    request_body = CreateJwt, responses((status = 200, body = JwtAnswer)),
)]
pub(crate) async fn create_jwt(
    State(app): State<App>,
    sdk: Sdk<extract::CreateJwt>,
    provenance: Provenance,
    ApiJson(body): ApiJson<CreateJwt>,
) -> Result<Answer<JwtAnswer>, ApiError> {
    Ok(Answer(app.backend.create_jwt(&sdk.actor(provenance), &body).await?))
}

/// Verifies a token.
///
/// The answer is 200 whatever the verdict is. Only a token that is otherwise valid counts against the limit.
#[utoipa::path(
    post, path = "/api/v1/jwt/verify", tag = "JWT",
    request_body = VerifyJwt, responses((status = 200, body = JwtVerification)),
)]
pub(crate) async fn verify_jwt(
    State(app): State<App>,
    sdk: Sdk<extract::VerifyJwt>,
    ApiJson(body): ApiJson<VerifyJwt>,
) -> Result<Answer<JwtVerification>, ApiError> {
    Ok(Answer(app.backend.verify_jwt(sdk.team(), &body).await?))
}

/// Makes a new key pair.
///
/// Tokens of the former one work until they expire, or stop at once with `revokeOld`.
#[utoipa::path(
    post, path = "/api/v1/jwt/rotate-key", tag = "JWT",
    request_body = RotateSigningKey, responses((status = 200, body = SigningKeyAnswer)),
)]
pub(crate) async fn rotate_signing_key(
    State(app): State<App>,
    sdk: Sdk<extract::RotateSigningKey>,
    provenance: Provenance,
    OptionalJson(body): OptionalJson<RotateSigningKey>,
) -> Result<Answer<SigningKeyAnswer>, ApiError> {
    let actor = sdk.actor(provenance);
    let kid = app.backend.rotate_signing_key(&actor, body.revoke_old).await?;
    Ok(Answer(SigningKeyAnswer { kid }))
}

/// Lists a team's public keys, for whoever has to verify its tokens.
///
/// A team that is not there has none.
#[utoipa::path(
    get, path = "/.well-known/jwks/{team}", tag = "JWT",
    responses((status = 200, body = Jwks)),
)]
pub(crate) async fn get_jwks(
    State(app): State<App>,
    ApiPath(team): ApiPath<TeamId>,
) -> Result<Response, ApiError> {
    let keys: Jwks = app.backend.jwks(&team).await?;
    Ok(([(CACHE_CONTROL, KEEP)], Answer(keys)).into_response())
}
