//! What surrounds every request and response: an id, a log line, and headers.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::access_log::{CallerSlot, Entry};
use crate::backend::App;
use crate::problem;
use crate::request_id::{RequestId, X_REQUEST_ID};

/// The outermost layer.
pub(crate) async fn envelope(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let envelope = Envelope::open(&app, &head, None);
    let caller = Arc::new(CallerSlot::default());
    head.extensions.insert(Arc::clone(&caller));
    head.extensions.insert(envelope.id);
    let mut response = next.run(Request::from_parts(head, body)).await;
    envelope.close_refusal(&caller, &mut response);
    response
}

/// What is around one request.
pub(crate) struct Envelope {
    id: RequestId,
    entry: Entry,
    is_api: bool,
    wants_problem: bool,
}

impl Envelope {
    /// Takes from the request what the response will need of it. `path` is the request's path if it is known
    /// to be that of a route without parameters; otherwise it is found out what of the path may be written
    /// down.
    pub(crate) fn open(app: &App, head: &Parts, path: Option<&'static str>) -> Self {
        Self {
            entry: Entry::open(head, path),
            id: app.settings.request_ids.of(&head.headers),
            is_api: head.uri.path().starts_with("/api/"),
            wants_problem: problem::is_wanted(&head.headers),
        }
    }

    /// The same for a verification without a [`Parts`]. It has asked for no other shape of refusals.
    pub(crate) fn of_verification(app: &App, request_id: Option<&[u8]>) -> Self {
        Self {
            entry: Entry::verification(),
            id: app.settings.request_ids.of_bytes(request_id),
            is_api: true,
            wants_problem: false,
        }
    }

    /// When the request had arrived.
    pub(crate) fn arrived(&self) -> Instant {
        self.entry.started()
    }

    /// The request's id, as it stands in the response.
    pub(crate) fn request_id(&self) -> &str {
        self.id.as_str()
    }

    /// Writes the log line of an answer that is no [`Response`]: whoever writes that answer gives it what [`protect`]
    /// gives to others.
    pub(crate) fn log(&self, caller: &CallerSlot, status: StatusCode) {
        self.entry.write(&self.id, caller, status, None);
    }

    /// Writes the log line, and gives the response what every response has.
    pub(crate) fn close<B>(self, caller: &CallerSlot, response: &mut Response<B>) {
        self.entry.close(&self.id, caller, response);
        let headers = response.headers_mut();
        headers.insert(X_REQUEST_ID, self.id.into_header_value());
        protect(headers, self.is_api);
    }

    /// The same for a response that may be a refusal.
    pub(crate) fn close_refusal(self, caller: &CallerSlot, response: &mut Response) {
        let wants_problem = self.wants_problem;
        self.close(caller, response);
        if wants_problem {
            problem::rewrite(response);
        }
    }
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
