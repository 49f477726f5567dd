//! The demonstration's page: built files, served under a policy as strict as a careful company's.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::any;
use oneloop_protocol::error::{ErrorBody, ErrorDetail};
use tower_http::services::ServeDir;

/// What a built page directory has in it.
pub(crate) const PAGE: &str = "index.html";

/// What the page may do: run its own scripts and WebAssembly, use its own styles and images, call its own
/// server. The widget has to work under this, so the demonstration shows that it does.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                      connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The files below `dir`, at `/`. What is not there is answered like any other unknown URL.
pub(super) fn routes(dir: &Path) -> Router {
    let files = ServeDir::new(dir)
        .precompressed_br()
        .precompressed_gzip()
        .call_fallback_on_method_not_allowed(true);
    let page = files.clone().fallback(any(not_built));
    let rest = files.fallback(any(oneloop_proxy::unknown_route));
    Router::new().route_service("/", page).route_service("/{*path}", rest).layer(from_fn(protect))
}

/// Adds the policy to pages, and has browsers ask again for every file: a rebuilt page must show at once.
async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html")) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    response
}

/// The page is missing: the newcomer most likely started the server without building anything.
async fn not_built(request: Request) -> Response {
    let accepts_html = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    if accepts_html {
        const TEXT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
            <title>The demo page is not built</title><h1>The demo page is not built</h1>\
            <p>Run <code>npm start</code> in the project's directory: it builds the page and the \
            widget, and starts the server.</p>";
        return (StatusCode::NOT_FOUND, Html(TEXT)).into_response();
    }
    let message = "the demo page is not built; run `npm start`, which builds it".to_owned();
    let reason = Some(oneloop_protocol::Reason::UnknownRoute.as_str().into());
    let error = ErrorDetail { code: 404, message, reason, field: None };
    (StatusCode::NOT_FOUND, axum::Json(ErrorBody { error })).into_response()
}
