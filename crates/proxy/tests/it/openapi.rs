//! The OpenAPI document and its page.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::app::TestApp;
use crate::operations::{Names, operations};

/// Operations of the API that ask for no credential.
const PUBLIC: &[&str] = &["get_health", "get_jwks", "get_readiness"];

#[test]
fn the_checked_in_copy_is_the_document() {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let copy: Value =
        serde_json::from_slice(&fs::read(copy).expect("docs/openapi.json")).expect("JSON");
    assert!(
        copy == *oneloop_proxy::document(),
        "the API has changed: `cargo run -p oneloop -- openapi > docs/openapi.json`, and look at the difference"
    );
}

#[test]
fn every_operation_says_all_that_a_reader_needs() {
    let document = oneloop_proxy::document();
    assert_eq!(document["openapi"], "3.1.0");
    let tags: Vec<_> = list(&document["tags"]).iter().map(|tag| &tag["name"]).collect();
    let mut ids = HashSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let name = format!("{method} {path}");
            assert!(ids.insert(text(&operation["operationId"])), "{name}: an id of its own");
            assert!(!text(&operation["summary"]).is_empty(), "{name}: a summary");
            assert!(tags.contains(&&operation["tags"][0]), "{name}: a known section");
            for parameter in list(&operation["parameters"]) {
                assert!(!text(&parameter["description"]).is_empty(), "{name}: {parameter}");
                let is_required = parameter["required"] == true;
                assert!(
                    !is_required || !text(&parameter["example"]).is_empty(),
                    "{name}: {parameter}"
                );
            }
            let body = &operation["requestBody"]["content"]["application/json"];
            assert!(body.is_null() || !body["example"].is_null(), "{name}: an example of its body");
            let is_public = operation["security"] == serde_json::json!([]);
            let id = text(&operation["operationId"]);
            assert_eq!(is_public, PUBLIC.contains(&id), "{name}: who may call it");
            let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            assert!(!answer.is_null(), "{name}: what it answers");
        }
    }
}

#[test]
fn every_schema_and_field_is_explained_and_every_reference_leads_somewhere() {
    let document = oneloop_proxy::document();
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for (name, schema) in schemas {
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(!text(&schema["description"]).is_empty(), "{name}.{field} is not explained");
        }
    }
    let mut references = Vec::new();
    collect(document, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn every_example_is_answered_with_200_by_the_real_router() {
    let app = TestApp::new().await;
    app.open_window().await;
    let names = Names::living(&app).await;
    for operation in operations(&names) {
        let client = if operation.is_guarded() { app.sdk() } else { app.anonymous() };
        operation.ask(&client).await.succeeded();
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_is() {
    let app = TestApp::new().await;
    let reply = app.anonymous().get("/openapi.json").await.succeeded();
    assert_eq!(reply.body, *oneloop_proxy::document());
}

#[tokio::test]
async fn the_page_shows_every_operation_and_type_and_needs_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    let reply = app.anonymous().get("/docs").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = reply.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");

    let page = String::from_utf8(reply.bytes).expect("UTF-8");
    for operation in operations(&Names::of_nothing()) {
        assert!(page.contains(&format!("<article id=\"{}\">", operation.id)), "{}", operation.id);
    }
    let schemas = oneloop_proxy::document()["components"]["schemas"].as_object().expect("schemas");
    for name in schemas.keys() {
        assert!(page.contains(&format!("<article id=\"type-{name}\">")), "{name}");
    }
    for forbidden in ["<script", "style=\"", "src=\"", "http://", "onclick"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    // Every link of the page leads to something on it, or to the document.
    for (at, _) in page.match_indices("href=\"") {
        let target = page[at + 6..].split('"').next().expect("a target");
        match target.strip_prefix('#') {
            Some(id) => assert!(page.contains(&format!("id=\"{id}\"")), "{target} leads nowhere"),
            None => assert!(["openapi.json", "docs/style.css"].contains(&target), "{target}"),
        }
    }
    let style = app.anonymous().get("/docs/style.css").await;
    assert_eq!((style.status, style.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(!String::from_utf8_lossy(&style.bytes).contains("url("));
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    references.extend(value["$ref"].as_str());
    match value {
        Value::Object(members) => members.values().for_each(|it| collect(it, references)),
        Value::Array(entries) => entries.iter().for_each(|it| collect(it, references)),
        _ => {}
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
