//! What surrounds every request and response: an id, a log line, and headers.

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::access_log::Entry;
use crate::backend::App;
use crate::problem;
use crate::request_id::X_REQUEST_ID;

/// The outermost layer.
pub(crate) async fn envelope(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = app.settings.request_ids.of(request.headers());
    let is_api = request.uri().path().starts_with("/api/");
    let wants_problem = problem::is_wanted(request.headers());
    let entry = Entry::open(&mut request, id.clone());
    request.extensions_mut().insert(id.clone());

    let mut response = next.run(request).await;

    entry.close(&response);
    if wants_problem {
        problem::rewrite(&mut response);
    }
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.header_value());
    protect(headers, is_api);
    response
}

/// Headers that keep a browser from guessing types, from telling other sites our URLs (a link token stands
/// in one), and from storing anything of the API (a secret stands in some answers, and which ones is not
/// worth a mistake).
fn protect(headers: &mut HeaderMap, is_api: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if is_api {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
