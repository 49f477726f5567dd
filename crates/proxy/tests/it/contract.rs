//! What Python 0.0.24, the strictest published client, needs in order not to raise: every one of these
//! fields, present and not null (protocol, 2.4).

use serde_json::{Value, json};

use crate::app::{TestApp, grant};

const WORKSPACE: &[&str] = &["id", "name", "teamId", "defaultAllowedIPs", "createdAt", "updatedAt"];
const SCOPE: &[&str] = &["id", "name", "representation", "createdAt", "updatedAt"];
const API_KEY: &[&str] =
    &["id", "name", "maskedKey", "scopes", "enabled", "deleted", "createdAt", "updatedAt"];
const GRANT: &[&str] = &["representation", "create", "read", "update", "del"];
const VERIFICATION: &[&str] = &["apiKeyId", "requestedScopes", "status", "scopes"];
const LINK_TOKEN: &[&str] = &["token", "expiresAt"];
const LINK_TOKEN_STATUS: &[&str] = &["valid", "expiresAt", "workspaceId", "customerId"];
const STATUSES: &[&str] = &[
    "VALID",
    "EXPIRED",
    "DISABLED",
    "DELETED",
    "RATE_LIMITED",
    "USAGE_LIMITED",
    "INVALID_SCOPES",
    "INVALID",
];

#[track_caller]
fn has(object: &Value, fields: &[&str]) {
    for field in fields {
        assert!(!object[field].is_null(), "{field} is missing or null in {object}");
    }
}

#[track_caller]
fn has_key(object: &Value) {
    has(object, API_KEY);
    for scope in object["scopes"].as_array().expect("a list") {
        has(scope, GRANT);
    }
}

#[tokio::test]
async fn python_can_read_every_answer() {
    let app = TestApp::new().await;
    app.open_window().await;
    let sdk = app.sdk();
    let workspace = format!("/api/v1/workspace/{}", app.workspace);

    has(&sdk.post("/api/v1/workspace", json!({ "name": "w" })).await["workspace"], WORKSPACE);
    has(&sdk.get(&workspace).await["workspace"], WORKSPACE);
    has(&sdk.patch(&workspace, json!({ "defaultAllowedIPs": [] })).await["workspace"], WORKSPACE);
    has(&sdk.get("/api/v1/workspace").await["workspaces"][0], WORKSPACE);
    let scope = json!({ "name": "s", "representation": "s" });
    has(&sdk.post(&app.path("scope"), scope).await["scope"], SCOPE);
    has(&sdk.get(&app.path("scopes")).await["scopes"][0], SCOPE);

    let made = sdk.post("/api/v1/api-key", app.new_key("northwind")).await["apiKey"].clone();
    let path = app.key_path(&made);
    let mut row = app.new_key("northwind");
    row["key"] = json!("Zk3v9QpLm2Xw8RtYb5Nc");
    for issued in [
        made.clone(),
        sdk.send("POST", &format!("{path}/rotate"), "{}").await["apiKey"].clone(),
        sdk.post("/api/v1/api-key/migrate", row).await["apiKey"].clone(),
    ] {
        has_key(&issued);
        has(&issued, &["key"]);
    }
    has_key(&sdk.get(&app.path("api-key")).await["apiKeys"][0]);
    has_key(&sdk.get(&path).await["apiKey"]);
    has_key(&sdk.patch(&path, json!({})).await["apiKey"]);
    has_key(&sdk.delete(&path).await["apiKey"]);

    let body = json!({ "workspaceId": app.workspace, "customerId": "northwind" });
    let token = sdk.post("/api/v1/link-token", body).await;
    has(&token.body, LINK_TOKEN);
    let path = format!("/api/v1/link-token/{}", token.text_at("/token"));
    has(&sdk.get(&path).await.body, LINK_TOKEN_STATUS);
    app.advance(3_600);
    has(&sdk.get(&path).await.body, LINK_TOKEN_STATUS);
}

#[tokio::test]
async fn python_can_read_every_verdict() {
    let app = TestApp::new().await;
    let live = app.create_key("northwind").await;
    let disabled = app.create_key_with("northwind", json!({ "enabled": false })).await;
    let deleted = app.create_key("northwind").await;
    app.sdk().delete(&app.key_path(&deleted)).await.succeeded();
    let soon = json!({ "expiresAt": app.engine.now() + 1 });
    let expired = app.create_key_with("northwind", soon).await;
    app.advance(1);

    let ask = |key: &Value, scope: &str| json!({ "key": key["key"], "requestedScopes": [grant(scope, "read")] });
    for (body, status) in [
        (ask(&live, "deployments"), "VALID"),
        (ask(&live, "metrics"), "INVALID_SCOPES"),
        (ask(&disabled, "deployments"), "DISABLED"),
        (ask(&deleted, "deployments"), "DELETED"),
        (ask(&expired, "deployments"), "EXPIRED"),
        (json!({ "key": "nonsense" }), "INVALID"),
    ] {
        let reply = app.sdk().post("/api/v1/api-key/verify", body).await.succeeded();
        assert_eq!(reply["status"], status);
        has(&reply.body, VERIFICATION);
        assert!(STATUSES.contains(&status));
        for scope in reply["scopes"].as_array().expect("a list") {
            has(scope, GRANT);
        }
        let metadata = reply["metadata"].as_object().expect("an object");
        assert!(metadata.values().all(Value::is_string));
    }
}

/// Python types 400, 401 and 403 only if the body has a numeric code and a message.
#[tokio::test]
async fn python_can_read_every_refusal() {
    let app = TestApp::new().await;
    for reply in [
        app.sdk().post("/api/v1/workspace", json!({})).await,
        app.anonymous().get("/api/v1/workspace").await,
        app.link("northwind").await.get("/api/v1/workspace").await,
    ] {
        assert_eq!(reply["error"]["code"], json!(reply.status));
        has(&reply["error"], &["code", "message"]);
    }
}
