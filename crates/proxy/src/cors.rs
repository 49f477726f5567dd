//! Which pages may call the API from a browser.
//!
//! Origins are compared exactly; there is no wildcard. Cookies play no part, so credentials stay off. The
//! layer stands on the routes that a link token may call, and on no other: a page has no business with the
//! rest, and without an answer to its preflight a browser does not even send the request.

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use axum::http::{HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::extract::{IDEMPOTENCY_KEY, X_LINK_TOKEN};
use crate::options::Origin;
use crate::request_id::X_REQUEST_ID;

/// How long a browser may remember a preflight's answer. Chromium's own upper limit.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// The layer for routes that browsers call.
pub(crate) fn layer(origins: &[Origin]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().map(Origin::header_value).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([X_LINK_TOKEN, CONTENT_TYPE, IDEMPOTENCY_KEY])
        .expose_headers([X_REQUEST_ID, RETRY_AFTER])
        .max_age(MAX_AGE)
        .vary([ORIGIN])
}
