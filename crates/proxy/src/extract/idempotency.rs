//! The name under which a request has its effect at most once.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use oneloop_engine::Once;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::error::ApiError;

/// The header's name, also for the preflight.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The `Idempotency-Key` header, if it was sent. One that cannot be read is refused rather than ignored: the client
/// would rely on it.
pub(crate) struct IdempotencyKey(pub(crate) Option<Once>);

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(255));
        let header = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some(
                "A name for this request, such as a UUID. Sent again within 24 hours, it has no second effect and \
                 the same answer.",
            ))
            .schema(Some(schema));
        vec![header.build()]
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut sent = parts.headers.get_all(IDEMPOTENCY_KEY).into_iter();
        match (sent.next(), sent.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => Ok(Self(Some(Once::new(value.to_str().unwrap_or_default())?))),
            // Two names for one request: the same refusal as for one that is none.
            (Some(_), Some(_)) => Ok(Self(Some(Once::new("")?))),
        }
    }
}
