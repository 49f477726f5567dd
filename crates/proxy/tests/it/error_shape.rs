//! One shape for every refusal, whoever makes it.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use oneloop_proxy::{ApiError, ProxyOptions, router};
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let app = TestApp::new().await;
    for body in [
        &b""[..],
        b" ",
        b"{",
        b"not json",
        b"{\"name\":\"x\"} trailing",
        b"{\"name\":\"\xff\xfe\"}",
        b"\xff",
        b"{\"name\":\"a\0b\"}",
        b"{\"name\":\"\\ud800\"}",
        b"\0",
        b"{\"name\":\"a\",\"name\":\"b\"}",
    ] {
        let reply = app.sdk().send("POST", "/api/v1/workspace", body.to_vec()).await;
        let reason = &reply["error"]["reason"];
        assert_eq!(
            (reply.status, reason),
            (400, &json!("invalid_json")),
            "{body:?}: {}",
            reply.body
        );
    }
    // However deep it goes, where nobody looks it is skipped.
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    app.sdk().send("POST", "/api/v1/workspace", deep).await.refused(400, "missing_field", "name");
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_with_its_path() {
    let app = TestApp::new().await;
    let grant = |create: serde_json::Value| {
        json!({
            "representation": "metrics", "create": create, "read": true, "update": true, "del": true,
        })
    };
    for (name, value, reason, field, message) in [
        ("name", json!(5), "invalid_type", "name", "name must be a string"),
        ("name", json!(null), "invalid_type", "name", "name must be a string"),
        ("enabled", json!("yes"), "invalid_type", "enabled", "enabled must be true or false"),
        (
            "expiresAt",
            json!("soon"),
            "invalid_type",
            "expiresAt",
            "expiresAt must be a whole number",
        ),
        ("expiresAt", json!(1.5), "invalid_type", "expiresAt", "expiresAt must be a whole number"),
        ("scopes", json!("all"), "invalid_type", "scopes", "scopes must be an array"),
        ("scopes", json!([5]), "invalid_type", "scopes[0]", "scopes[0] must be an object"),
        (
            "scopes",
            json!([grant(json!(true)), grant(json!(1))]),
            "invalid_type",
            "scopes[1].create",
            "scopes[1].create must be true or false",
        ),
        (
            "scopes",
            json!([{ "representation": "metrics" }]),
            "missing_field",
            "scopes[0].create",
            "scopes[0].create is missing",
        ),
        (
            "metadata",
            json!({ "k": [] }),
            "invalid_type",
            "metadata.k",
            "metadata.k must be a string",
        ),
    ] {
        let mut body = app.new_key("northwind");
        body[name] = value;
        let reply = app.sdk().post("/api/v1/api-key", body).await;
        reply.refused(400, reason, field);
        assert_eq!(reply["error"]["message"], message);
    }
    for body in [json!([]), json!("x"), json!(5), json!(true)] {
        let reply = app.sdk().post("/api/v1/api-key", body.clone()).await;
        assert_eq!(reply.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let app = TestApp::new().await;
    for field in ["name", "workspaceId", "customerId", "enabled"] {
        let mut body = app.new_key("northwind");
        body.as_object_mut().expect("an object").remove(field);
        app.sdk().post("/api/v1/api-key", body).await.refused(400, "missing_field", field);
    }
    app.sdk().post("/api/v1/api-key/verify", json!({})).await.refused(400, "missing_field", "key");
}

/// A refusal must not repeat what was sent: it may be a key in the wrong field.
#[tokio::test]
async fn a_refusal_does_not_quote_the_value() {
    let app = TestApp::new().await;
    let mut body = app.new_key("northwind");
    for field in ["enabled", "scopes", "expiresAt", "metadata"] {
        body[field] = json!("ol_canary, expected a canary");
        let reply = app.sdk().post("/api/v1/api-key", body.clone()).await;
        assert_eq!(reply.status, 400);
        assert!(!reply.body.to_string().contains("canary"), "{}", reply.body);
    }
}

#[tokio::test]
async fn a_url_that_does_not_exist_is_404() {
    let app = TestApp::new().await;
    for path in
        ["/", "/api", "/api/v1/nowhere", "/api/v1/workspace/", "/api/v2/workspace", "/favicon.ico"]
    {
        for method in ["GET", "POST", "OPTIONS", "BREW"] {
            let reply = app.anonymous().send(method, path, "").await;
            reply.refused(404, "unknown_route", "");
        }
    }
}

#[tokio::test]
async fn a_method_that_does_not_exist_is_405_with_allow() {
    let app = TestApp::new().await;
    for (method, path, allow) in [
        ("DELETE", "/api/v1/workspace", "GET,HEAD,POST"),
        ("GET", "/api/v1/api-key/verify", "POST"),
        ("PUT", "/api/v1/api-key", "POST"),
        ("PUT", "/api/v1/workspace/w/api-key/k", "PATCH,DELETE,GET,HEAD"),
        ("POST", "/healthz", "GET,HEAD"),
        ("POST", "/widget/oneloop-keys.js", "GET,HEAD"),
    ] {
        let reply = app.anonymous().send(method, path, "").await;
        reply.refused(405, "method_not_allowed", "");
        assert_eq!(reply.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn whoever_asks_gets_the_same_facts_as_problem_details() {
    let app = TestApp::new().await;
    let client = app.sdk().header("accept", "application/problem+json, application/json;q=0.9");

    let reply = client.post("/api/v1/workspace", json!({ "name": "" })).await;

    assert_eq!(reply.status, 400);
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(
        reply.body,
        json!({
            "title": "Bad Request",
            "status": 400,
            "detail": "name must not be empty",
            "reason": "name_empty",
            "field": "name",
        })
    );
    for (reply, status, title) in [
        (client.get("/nowhere").await, 404, "Not Found"),
        (client.delete("/api/v1/workspace").await, 405, "Method Not Allowed"),
        (client.header("x-link-token", "x").get("/api/v1/workspace").await, 400, "Bad Request"),
    ] {
        assert_eq!((reply.status, &reply["title"]), (status, &json!(title)));
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
    // A success is a success.
    app.sdk()
        .header("accept", "application/problem+json")
        .get("/api/v1/workspace")
        .await
        .succeeded();
}

/// Handlers that fail in ways ours do not, or not on demand.
fn trouble() -> ProxyOptions {
    let extra_routes = Router::new()
        .route("/api/panic", get(|| async { panic!("canary of a key") as () }))
        .route(
            "/api/bug",
            get(|| async {
                let cause = anyhow::anyhow!("the disk is on fire").context("reading the canary");
                Err::<(), _>(ApiError::Internal(cause))
            }),
        )
        .route(
            "/api/down",
            get(|| async { Err::<(), _>(ApiError::Unavailable(anyhow::anyhow!("the canary"))) }),
        )
        .route("/api/slow", get(|| tokio::time::sleep(Duration::from_secs(60))));
    ProxyOptions { extra_routes, ..ProxyOptions::default() }
}

#[tokio::test]
async fn our_own_trouble_has_the_same_shape_and_no_details() {
    let app = TestApp::with(trouble()).await;
    for (path, status, reason) in [
        ("/api/panic", 500, "internal"),
        ("/api/bug", 500, "internal"),
        ("/api/down", 503, "unavailable"),
    ] {
        let reply = app.anonymous().send_expecting_trouble("GET", path, "").await;
        reply.refused(status, reason, "");
        assert!(!reply.body.to_string().contains("canary"), "{}", reply.body);
        assert_eq!(reply.header("retry-after"), if status == 503 { "1" } else { "" });
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(!reply.header("x-request-id").is_empty());
    }
    // The service goes on.
    app.anonymous().get("/healthz").await.succeeded();
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_503() {
    let app = TestApp::new().await;
    let impatient = ProxyOptions { request_timeout: Duration::from_millis(20), ..trouble() };
    let client = app.anonymous().at(router(app.engine.clone(), impatient));
    let reply = client.send_expecting_trouble("GET", "/api/slow", "").await;
    reply.refused(503, "timeout", "");
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let app = TestApp::new().await;
    let replies = [
        (app.sdk().get("/api/v1/workspace").await, true),
        (app.anonymous().get("/api/v1/workspace").await, true),
        (app.sdk().post("/api/v1/api-key/verify", json!({ "key": "x" })).await, true),
        (app.sdk().post("/api/v1/api-key/verify", json!({})).await, true),
        (app.anonymous().get("/api/v1/nowhere").await, true),
        (app.sdk().send("PUT", "/api/v1/workspace", "").await, true),
        (app.link("northwind").await.get(&app.path("scopes")).await, true),
        (app.anonymous().get("/healthz").await, false),
        (app.anonymous().get("/nowhere").await, false),
    ];
    for (reply, is_api) in replies {
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert_eq!(reply.header("cache-control"), if is_api { "no-store" } else { "" });
        assert_ne!(reply.header("x-request-id"), "");
        assert_ne!(reply.header("content-type"), "");
    }
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_any_other_replaced() {
    let app = TestApp::new().await;
    let id = |sent: String| {
        let client = app.anonymous().header("x-request-id", &sent);
        async move { client.get("/healthz").await.header("x-request-id").to_owned() }
    };
    for sane in ["a", "A-b_9", &"x".repeat(64)] {
        assert_eq!(id(sane.to_owned()).await, sane);
    }
    for other in ["", "a b", "a\"b", "é", &"x".repeat(65), "a/b"] {
        let given = id(other.to_owned()).await;
        assert_ne!(given, other);
        assert!(given.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{given}");
    }
    let (first, second) = (id(String::new()).await, id(String::new()).await);
    assert_ne!(first, second);
}
