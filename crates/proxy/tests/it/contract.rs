//! What Python 0.0.24, the strictest published client, needs in order not to raise: every one of these
//! fields, present and not null (protocol, 2.4).

use serde_json::{Value, json};

use crate::app::{TestApp, grant, merge};
use crate::evidence;

const WORKSPACE: &[&str] = &["id", "name", "teamId", "defaultAllowedIPs", "createdAt", "updatedAt"];
const SCOPE: &[&str] = &["id", "name", "representation", "createdAt", "updatedAt"];
const API_KEY: &[&str] =
    &["id", "name", "maskedKey", "scopes", "enabled", "deleted", "createdAt", "updatedAt"];
const GRANT: &[&str] = &["representation", "create", "read", "update", "del"];
const VERIFICATION: &[&str] = &["apiKeyId", "requestedScopes", "status", "scopes"];
const METER: &[&str] =
    &["id", "totalCredits", "usedCredits", "allowOverages", "createdAt", "updatedAt"];
const BILLED_DAY: &[&str] = &["billingId", "day", "totalBillingUsage", "billingUsageName"];
const JWT_STATUS: &[&str] = &["status", "payload", "exp"];
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
async fn python_can_read_every_answer_about_credit() {
    let app = TestApp::new().await;
    let sdk = app.sdk();
    let billing = "/api/v1/customer-billing";
    let named = json!({ "workspaceId": app.workspace, "externalMeterId": "credits" });
    let with = |more: Value| {
        let mut body = named.clone();
        merge(&mut body, more);
        body
    };
    let query = format!("{billing}?workspaceId={}&externalMeterId=credits", app.workspace);
    // The wrapper is always there; what it holds may be null.
    let nothing = sdk.get(&query).await.succeeded();
    assert_eq!(nothing.body, json!({ "billing": null }));
    has(&sdk.post(billing, with(json!({ "totalCredits": "10" }))).await["billing"], METER);
    has(&sdk.get(&query).await["billing"], METER);
    let refill = with(json!({ "refill": 5 }));
    has(&sdk.post(&format!("{billing}/refill"), refill).await["billing"], METER);

    let limits = json!({ "externalMeterId": "credits", "totalUsageAllowed": 5 });
    let key = app.create_key_with("northwind", limits).await;
    for (usage, status) in [("15", "VALID"), ("1", "USAGE_LIMITED")] {
        let body =
            json!({ "key": key["key"], "billing": { "usage": usage, "usageName": "tokens" } });
        let reply = sdk.post("/api/v1/api-key/verify", body).await.succeeded();
        assert_eq!(reply["status"], status);
        has(&reply.body, VERIFICATION);
        has(&reply["billing"], METER);
    }
    // Any object will do, and nothing else.
    let recorded = sdk.post("/api/v1/api-key/record-usage", json!({ "key": key["key"] })).await;
    assert!(recorded.succeeded().body.is_object());
    let refill = format!("{}/refill", app.key_path(&key));
    has_key(&sdk.post(&refill, json!({ "amount": 1 })).await["apiKey"]);
    let usage = sdk.get("/api/v1/usage/credits").await.succeeded();
    let days = usage["data"].as_array().expect("a list");
    assert_eq!(days.len(), 1);
    has(&days[0], BILLED_DAY);
    assert_eq!(sdk.get("/api/v1/usage/nothing").await["data"], json!([]));
}

#[tokio::test]
async fn python_can_read_every_answer_about_jwts() {
    let app = TestApp::new().await;
    let sdk = app.sdk();
    let made = sdk.post("/api/v1/jwt", json!({ "payload": { "sub": "ada" } })).await;
    has(&made.body, &["jwt"]);
    for (jwt, status) in [(made["jwt"].clone(), "VALID"), (json!("nonsense"), "INVALID")] {
        let found = sdk.post("/api/v1/jwt/verify", json!({ "jwt": jwt })).await.succeeded();
        has(&found.body, JWT_STATUS);
        assert_eq!(found["status"], status);
        let payload = found["payload"].as_object().expect("an object");
        assert!(payload.values().all(Value::is_string));
        assert!(found["exp"].is_i64());
    }
}

/// Our own additions: every field is there, so that nobody has to ask.
#[tokio::test]
async fn evidence_has_every_field() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    app.verdict(key["key"].as_str().expect("a secret")).await;
    let path = app.key_path(&key);
    let usage = evidence::usage(&app, &format!("{path}/usage?days=2"), 1).await;
    has(&usage, &["apiKeyId", "days", "routes"]);
    let days = usage["days"].as_array().expect("a list");
    days.iter().for_each(|day| has(day, &["day", "total", "statuses"]));
    assert_eq!((days.len(), &days[1]["statuses"]), (2, &json!({ "VALID": 1 })));
    has(&usage["routes"][0], &["total", "statuses"]);
    assert_eq!(usage["routes"][0].get("route"), Some(&Value::Null));
    let activity = app.sdk().get(&format!("{path}/activity")).await.succeeded();
    assert!(activity.body.get("nextCursor").is_some());
    let lines = activity["activity"].as_array().expect("a list");
    assert!(!lines.is_empty());
    for line in lines {
        has(line, &["at", "action", "actor", "detail"]);
        has(&line["actor"], &["kind"]);
    }
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
