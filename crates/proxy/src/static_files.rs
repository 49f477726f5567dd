//! The built widget at `/widget/`.
//!
//! The entry (`oneloop-keys.js`) keeps its name, so browsers ask each time whether it changed. What it
//! loads stands in a folder named after its content, and never changes. The files are public: any page may
//! load them, which is what an embedded widget is for.

use std::path::PathBuf;

use anyhow::anyhow;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, HeaderName, IF_MATCH, IF_UNMODIFIED_SINCE,
    RANGE,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use oneloop_protocol::Reason;
use tower_http::services::ServeDir;

use crate::error::ApiError;

const PREFIX: &str = "/widget";
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("no-cache");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// The routes below `/widget/`, over the files in `directory`.
pub(crate) fn widget<S: Clone + Send + Sync + 'static>(directory: PathBuf) -> Router<S> {
    let files = ServeDir::new(&directory)
        .precompressed_br()
        .precompressed_gzip()
        .append_index_html_on_directories(false)
        .redirect_to_trailing_slash(false);
    Router::new().nest_service(PREFIX, files).layer(from_fn_with_state(directory, present))
}

/// Gives files their headers, and everything else our shape.
async fn present(State(directory): State<PathBuf>, mut request: Request, next: Next) -> Response {
    let in_folder = request
        .uri()
        .path()
        .strip_prefix(PREFIX)
        .is_some_and(|path| path.trim_start_matches('/').contains('/'));
    // Parts of a file, and files as they used to be, are answers that nobody needs of a few kilobytes.
    for header in [RANGE, IF_MATCH, IF_UNMODIFIED_SINCE] {
        request.headers_mut().remove(header);
    }

    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        let lifetime = if in_folder { FOREVER } else { ASK_EACH_TIME };
        response.headers_mut().insert(CACHE_CONTROL, lifetime);
    } else {
        response = refuse(status, &directory, response.headers().get(ALLOW).cloned()).await;
    }
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

async fn refuse(status: StatusCode, directory: &PathBuf, allow: Option<HeaderValue>) -> Response {
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let mut response = ApiError::MethodNotAllowed.into_response();
        response.headers_mut().extend(allow.map(|allow| (ALLOW, allow)));
        return response;
    }
    if status.is_server_error() {
        return ApiError::Internal(anyhow!("a widget file could not be read")).into_response();
    }
    let is_built = tokio::fs::metadata(directory).await.is_ok();
    let message = if is_built {
        "there is no such file in the widget"
    } else {
        "the widget is not built: run `cargo xtask package`, or name its place with --widget-dir"
    };
    ApiError::NotFound { reason: Reason::UnknownRoute, message: message.into() }.into_response()
}
