//! The credential as it was presented (decisions, "credentials").

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use oneloop_protocol::Reason;
use oneloop_protocol::key::LINK_TOKEN_PREFIX;

use crate::error::ApiError;

/// Carries a link token. There is no other way to present one: as Bearer it is not looked for, and a query
/// string ends up in logs.
pub(crate) const X_LINK_TOKEN: HeaderName = HeaderName::from_static("x-link-token");

/// What a request says about who sent it. Nothing has been checked.
pub(crate) enum Presented<'a> {
    /// `Authorization: Bearer …`
    SdkKey(&'a str),
    /// `X-Link-Token: …`
    LinkToken(&'a str),
}

impl<'a> Presented<'a> {
    /// Reads the one credential of a request.
    pub(crate) fn of(headers: &'a HeaderMap) -> Result<Self, ApiError> {
        let mut bearer = headers.get_all(AUTHORIZATION).into_iter();
        let mut link = headers.get_all(X_LINK_TOKEN).into_iter();
        match (bearer.next(), link.next(), bearer.next().or(link.next())) {
            (Some(value), None, None) => {
                let token = value.to_str().ok().and_then(bearer_token);
                token.map(Self::SdkKey).ok_or(INVALID_SDK_KEY)
            }
            (None, Some(value), None) => {
                value.to_str().map(Self::LinkToken).map_err(|_| INVALID_LINK_TOKEN)
            }
            (None, None, _) => Err(NO_CREDENTIAL),
            _ => Err(ApiError::refused(
                Reason::TwoCredentials,
                "send one credential: either `Authorization` or `X-Link-Token`, once",
            )),
        }
    }

    /// The same of a request whose only credential, if it has one, is `authorization`.
    pub(crate) fn by_authorization(authorization: Option<&'a [u8]>) -> Result<Self, ApiError> {
        let value = authorization.ok_or(NO_CREDENTIAL)?;
        // As `HeaderValue::to_str`: what is not ASCII is no text.
        let text = value.is_ascii().then(|| str::from_utf8(value).ok()).flatten();
        text.and_then(bearer_token).map(Self::SdkKey).ok_or(INVALID_SDK_KEY)
    }
}

/// No credential at all.
const NO_CREDENTIAL: ApiError = ApiError::Unauthenticated {
    reason: Reason::NoCredential,
    message: "send an SDK key as `Authorization: Bearer …`, or a link token as `X-Link-Token: …`",
};

/// An SDK key that is not known, or not an SDK key at all.
pub(crate) const INVALID_SDK_KEY: ApiError = ApiError::Unauthenticated {
    reason: Reason::InvalidCredential,
    message: "this is not a valid SDK key",
};

/// A link token that is not known, or not a link token at all.
pub(crate) const INVALID_LINK_TOKEN: ApiError = ApiError::Unauthenticated {
    reason: Reason::InvalidCredential,
    message: "this is not a valid link token",
};

/// The refusal of an SDK key that is not known. A link token in its place is a mistake so easily made that
/// it gets its own sentence; that it is one shows from its first letters, which are no secret.
pub(crate) fn unknown_sdk_key(presented: &str) -> ApiError {
    let is_link_token =
        presented.strip_prefix(LINK_TOKEN_PREFIX).is_some_and(|rest| rest.starts_with('_'));
    if is_link_token {
        let message = "a link token is sent as `X-Link-Token`, not as Bearer";
        return ApiError::Unauthenticated { reason: Reason::InvalidCredential, message };
    }
    INVALID_SDK_KEY
}

/// The token behind `Bearer `. The scheme's case does not matter (RFC 9110, section 11.1).
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
