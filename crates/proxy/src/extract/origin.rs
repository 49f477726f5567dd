//! Whether a link token may be used from the page that uses it.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use oneloop_protocol::Reason;

use crate::error::ApiError;

/// Holds a link token to the origins it names; one that names none may be used from anywhere.
///
/// A browser leaves `Origin` out of a GET to the page's own origin, and only there. Such a request says
/// `Sec-Fetch-Site: same-origin`, which no page can forge, and `Host` is then the page's own host. Anything
/// else without an `Origin` does not come from a page at all, and so not from one of the token's.
pub(super) fn check_origin(allowed: &[String], headers: &HeaderMap) -> Result<(), ApiError> {
    if allowed.is_empty() || is_allowed(allowed, headers) {
        return Ok(());
    }
    Err(ApiError::Forbidden {
        reason: Reason::OriginNotAllowed,
        message: "this link token may not be used from this origin".into(),
        field: None,
    })
}

fn is_allowed(allowed: &[String], headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key(ORIGIN) {
        return text(ORIGIN).is_some_and(|origin| allowed.iter().any(|listed| listed == origin));
    }
    let same_origin =
        headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"same-origin");
    let authority = |listed: &str| listed.split_once("://").map(|(_, rest)| rest.to_owned());
    same_origin
        && text(HOST)
            .is_some_and(|host| allowed.iter().any(|it| authority(it).as_deref() == Some(host)))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn allowed(headers: &[(&'static str, &'static str)]) -> bool {
        let allowed = ["https://app.example.com".to_owned(), "http://localhost:3000".to_owned()];
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        check_origin(&allowed, &headers.collect()).is_ok()
    }

    #[test]
    fn the_origin_header_decides_exactly() {
        assert!(allowed(&[("origin", "https://app.example.com")]));
        assert!(allowed(&[("origin", "http://localhost:3000")]));
        for other in [
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.test",
            "https://evil.test",
            "null",
            "",
        ] {
            assert!(!allowed(&[("origin", other), ("host", "app.example.com")]), "{other}");
        }
    }

    #[test]
    fn without_an_origin_only_the_pages_own_host_counts() {
        let site = ("sec-fetch-site", "same-origin");
        assert!(allowed(&[site, ("host", "app.example.com")]));
        assert!(!allowed(&[site, ("host", "evil.test")]));
        assert!(!allowed(&[("sec-fetch-site", "cross-site"), ("host", "app.example.com")]));
        assert!(!allowed(&[("host", "app.example.com")]));
        assert!(!allowed(&[]));
    }

    #[test]
    fn a_token_without_origins_asks_nothing() {
        assert!(check_origin(&[], &HeaderMap::new()).is_ok());
    }
}
