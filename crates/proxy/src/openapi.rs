//! The OpenAPI 3.1 document at `/openapi.json`, and a page to read it on at `/docs`.
//!
//! Nothing of it is written twice. Paths, bodies and sentences come from the handlers; who may call comes
//! from the table of demands; fields come from the types of the protocol, and their limits from
//! `oneloop_protocol::limits`; what an operation may refuse follows from what it takes. The only thing
//! added by hand is one example an operation, which a test sends to the real router.

mod access;
mod examples;
mod limits;
mod page;
mod parameters;
mod refusals;
mod schemas;
mod text;

use std::sync::LazyLock;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use oneloop_protocol::ErrorBody;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::Components;

use crate::problem::Problem;
use crate::router::described;

/// A JSON object, as this module changes it in place.
type Object = Map<String, Value>;

/// The sections of the API, in the order of the page.
const TAGS: &[(&str, &str)] = &[
    ("Verification", "What your servers ask on every request of an end customer."),
    ("API keys", "The keys of your customers."),
    ("Link tokens", "What a customer's browser carries, instead of an SDK key."),
    ("Scopes", "What the keys of a workspace may be given."),
    ("Workspaces", "One for each project or environment of a team, and its defaults."),
    ("Usage and billing", "Meters, counters and what was used of them."),
    ("JWT", "Signed tokens that need no key."),
    ("Migration", "Bringing existing keys along, while the team's migration window is open."),
    ("Operation", "For whoever runs the service; no credential is asked for."),
];

const INTRODUCTION: &str = "\
Keys, scopes and verification for your customers. Send an SDK key as `Authorization: Bearer …`, or, from a \
browser, a link token as `X-Link-Token: …`; both at once is refused.

Success is 200 with a JSON body. A refusal is `{\"error\":{\"code\",\"message\",\"reason\",\"field\"}}`: match \
`reason`, it never changes. With `Accept: application/problem+json` the same facts come as RFC 9457. Every \
answer carries an `X-Request-Id`. In requests `null` means absent, unless it says otherwise.";

/// The document, with the same bytes for the same code.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(assemble);
    &DOCUMENT
}

fn assemble() -> Value {
    // Nothing but texts, numbers and lists: there is nothing in it that could fail to be written.
    let mut api = described();
    let components = api.components.get_or_insert_default();
    declare::<ErrorBody>(components);
    declare::<Problem<'_>>(components);
    let mut document = serde_json::to_value(api).unwrap_or_default();
    document["info"] = json!({
        "title": "Oneloop Keys",
        "version": env!("CARGO_PKG_VERSION"),
        "description": INTRODUCTION,
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/" }]);
    let is_used = |name: &str| operations(&document).any(|(_, _, it)| it["tags"][0] == name);
    let tags = TAGS.iter().filter(|(name, _)| is_used(name));
    let tags = tags.map(|(name, says)| json!({ "name": name, "description": says })).collect();
    document["tags"] = tags;

    text::tidy(&mut document);
    schemas::tidy(&mut document);
    limits::add(&mut document);
    access::add(&mut document);
    parameters::add(&mut document);
    examples::add(&mut document);
    refusals::add(&mut document);
    document
}

/// Adds a schema that no handler names, with all that it consists of.
fn declare<T: ToSchema>(components: &mut Components) {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    components.schemas.extend(schemas);
}

/// Every operation: its path, its method in lower case, and itself.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// Lets `change` at every operation, with its path.
fn each_operation(document: &mut Value, mut change: impl FnMut(&str, &mut Object)) {
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for operation in item.as_object_mut().into_iter().flat_map(|item| item.values_mut()) {
            if let Some(operation) = operation.as_object_mut() {
                change(path, operation);
            }
        }
    }
}

/// The operation's id: the name of its handler.
fn id_of(operation: &Object) -> &str {
    operation.get("operationId").and_then(Value::as_str).unwrap_or_default()
}

/// What the page may do: show itself, with its own stylesheet. No script, no frame, no form, no image.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// `/openapi.json`, and `/docs` with its stylesheet.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/openapi.json", get(async || fresh("application/json", document().to_string())))
        .route("/docs", get(get_page))
        .route("/docs/style.css", get(async || fresh("text/css; charset=utf-8", page::STYLE)))
}

async fn get_page() -> impl IntoResponse {
    static PAGE: LazyLock<String> = LazyLock::new(|| page::render(document()));
    ([(CONTENT_SECURITY_POLICY, POLICY)], fresh("text/html; charset=utf-8", PAGE.as_str()))
}

/// A file that changes with the version of the server, and is small enough to be asked for each time.
fn fresh(content_type: &'static str, body: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache")], body)
}
