//! The same refusal as RFC 9457 problem details, for clients that ask for it.

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use oneloop_protocol::error::ErrorDetail;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Refusal;

pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// The members of RFC 9457, section 3.1, and our two as extensions. `type` is left out, which stands for
/// `about:blank`: the status says what kind of problem it is, and `reason` which one.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem<'a> {
    /// The name of the HTTP status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// One sentence for a person.
    detail: &'a str,
    /// The stable word for a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// The field at fault, in the request's own spelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

/// Whether the client names `application/problem+json` in `Accept`. A wildcard does not count: the
/// published clients send `*/*` and need the original shape.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let named = |entry: &str| {
        let mut parts = entry.split(';').map(str::trim);
        parts.next().is_some_and(|media| media.eq_ignore_ascii_case(MEDIA_TYPE))
            && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    };
    let lines = headers.get_all(ACCEPT).into_iter();
    lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).any(named)
}

/// Rewrites a refusal as problem details; leaves every other response alone.
pub(crate) fn rewrite(response: &mut Response) {
    let Some(Refusal { detail, .. }) = response.extensions().get::<Refusal>().cloned() else {
        return;
    };
    let Ok(body) = serde_json::to_vec(&Problem::new(&detail, response.status())) else { return };
    *response.body_mut() = Body::from(body);
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
}

impl<'a> Problem<'a> {
    fn new(detail: &'a ErrorDetail, status: StatusCode) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or("Error"),
            status: detail.code,
            detail: &detail.message,
            reason: detail.reason.as_deref(),
            field: detail.field.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_named_and_wanted_media_type_counts() {
        for (accept, wanted) in [
            ("application/problem+json", true),
            ("application/json, application/problem+json;q=0.5", true),
            ("Application/Problem+JSON", true),
            ("application/problem+json;q=0", false),
            ("application/problem+jsonx", false),
            ("*/*", false),
            ("application/*", false),
            ("", false),
        ] {
            let value = HeaderValue::from_str(accept).expect("printable");
            let headers = HeaderMap::from_iter([(ACCEPT, value)]);
            assert_eq!(is_wanted(&headers), wanted, "{accept:?}");
        }
    }
}
