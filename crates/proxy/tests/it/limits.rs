//! Every limit, on both sides of its edge: status, reason and field (decisions, "limits").

use serde_json::{Value, json};

use crate::app::{NOW, TestApp, grant};

/// Where a field stands: the method, the path and a body that is fine.
struct Place {
    method: &'static str,
    path: String,
    body: Value,
}

impl Place {
    /// The answer when `pointer` in the body has this value.
    async fn with(&self, app: &TestApp, pointer: &str, value: &Value) -> crate::reply::Reply {
        let mut body = self.body.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent).expect("the parent is there")[name] = value.clone();
        app.sdk().send(self.method, &self.path, body.to_string()).await
    }
}

fn x(count: usize) -> Value {
    json!("x".repeat(count))
}

fn places(app: &TestApp) -> [(&'static str, Place); 6] {
    let place = |method, path: &str, body| Place { method, path: path.to_owned(), body };
    let workspace = format!("/api/v1/workspace/{}", app.workspace);
    let mut legacy = app.new_key("northwind");
    legacy["key"] = json!("Zk3v9QpLm2Xw8RtYb5Nc");
    let token = json!({ "workspaceId": app.workspace, "customerId": "northwind" });
    let scope = json!({ "name": "Billing", "representation": "billing" });
    [
        ("workspace", place("POST", "/api/v1/workspace", json!({ "name": "w" }))),
        ("settings", place("PATCH", &workspace, json!({}))),
        ("scope", place("POST", &app.path("scope"), scope)),
        ("key", place("POST", "/api/v1/api-key", app.new_key("northwind"))),
        ("legacy", place("POST", "/api/v1/api-key/migrate", legacy)),
        ("token", place("POST", "/api/v1/link-token", token)),
    ]
}

/// What lies just outside, at `pointer`, and the reason and field of the refusal.
fn just_outside() -> Vec<(&'static str, &'static str, Value, &'static str, String)> {
    let mut cases = Vec::new();
    let mut case = |place, pointer: &'static str, value, reason| {
        cases.push((place, pointer, value, reason, pointer[1..].to_owned()));
    };
    for place in ["workspace", "scope", "key", "legacy"] {
        case(place, "/name", json!(""), "name_empty");
        case(place, "/name", json!(" \u{2003}"), "name_empty");
        case(place, "/name", x(256), "name_too_long");
        case(place, "/name", json!("a\u{0}b"), "control_character");
        case(place, "/name", json!("a\nb"), "control_character");
    }
    for place in ["key", "legacy", "token"] {
        case(place, "/customerId", json!(""), "customer_id_empty");
        case(place, "/customerId", x(256), "customer_id_too_long");
        case(place, "/customerId", json!("a\u{0}b"), "control_character");
    }
    case("scope", "/representation", json!(""), "representation_empty");
    case("scope", "/representation", x(129), "representation_too_long");
    case("scope", "/representation", json!("a b"), "representation_invalid");
    case("scope", "/representation", json!("naïve"), "representation_invalid");
    case("scope", "/representation", json!("a\u{0}"), "control_character");
    case("scope", "/description", x(1_001), "description_too_long");
    for place in ["key", "legacy"] {
        case(place, "/prefix", json!(""), "prefix_empty");
        case(place, "/prefix", x(17), "prefix_too_long");
        case(place, "/prefix", json!("a-b"), "prefix_invalid");
        case(place, "/metadata", json!({ "": "v" }), "metadata_key_empty");
        case(place, "/expiresAt", json!(0), "out_of_range");
        case(place, "/expiresAt", json!(-1), "out_of_range");
        case(place, "/expiresAt", json!(253_402_300_800_000_i64), "out_of_range");
    }
    case("key", "/expiresAt", json!(NOW), "expires_at_past");
    case("key", "/expiresAt", json!(NOW / 1_000), "expires_at_past");
    case("key", "/externalMeterId", json!(""), "external_id_empty");
    case("key", "/externalMeterId", x(256), "external_id_too_long");
    case("legacy", "/key", x(7), "key_too_short");
    case("legacy", "/key", x(513), "key_too_long");
    case("legacy", "/createdAt", json!("yesterday"), "invalid_date");
    case("legacy", "/lastUsedAt", json!("2026-02-30T00:00:00Z"), "invalid_date");
    case("token", "/externalBillingId", json!(""), "external_id_empty");
    case("token", "/externalBillingId", x(256), "external_id_too_long");
    case("token", "/permissions", json!(["admin"]), "unknown_word");
    case("settings", "/defaultKeyPrefix", json!(""), "prefix_empty");
    case("settings", "/defaultKeyPrefix", x(17), "prefix_too_long");
    case("settings", "/defaultKeyPrefix", json!("ä"), "prefix_invalid");
    case("settings", "/defaultRateLimitPerSecond", json!(0), "out_of_range");
    case("settings", "/defaultRateLimitPerSecond", json!(-5), "out_of_range");
    case("settings", "/defaultRateLimitPerSecond", json!(4_294_967_296_i64), "out_of_range");
    case("settings", "/defaultExpiration", json!(0), "out_of_range");
    case("settings", "/defaultExpiration", json!(253_402_300_800_000_i64), "out_of_range");

    let entries = |count: usize| (0..count).map(|at| (format!("k{at}"), json!("v"))).collect();
    let grants = |count: usize| (0..count).map(|at| grant(&format!("s{at}"), "read")).collect();
    let origins =
        |count: usize| (0..count).map(|at| json!(format!("https://a{at}.test"))).collect();
    let addresses = |count: usize| (0..count).map(|at| json!(format!("192.0.2.{at}"))).collect();
    let mut at = |place, pointer, value, reason, field: &str| {
        cases.push((place, pointer, value, reason, field.to_owned()));
    };
    for place in ["key", "legacy"] {
        at(place, "/metadata", Value::Object(entries(51)), "too_many_metadata", "metadata");
        let long_key = json!({ "k".repeat(65): "v" });
        at(place, "/metadata", long_key, "metadata_key_too_long", "metadata");
        let long_value = json!({ "k": "v".repeat(1_025) });
        at(place, "/metadata", long_value, "metadata_value_too_long", "metadata.k");
        let nul = json!({ "k": "a\u{0}b" });
        at(place, "/metadata", nul, "control_character", "metadata.k");
        at(place, "/scopes", Value::Array(grants(257)), "too_many_grants", "scopes");
        let twice = json!([grant("metrics", "read"), grant("metrics", "del")]);
        at(place, "/scopes", twice, "duplicate_grant", "scopes[1].representation");
        let spelled = json!([grant("metrics", ""), grant("a b", "")]);
        at(place, "/scopes", spelled, "representation_invalid", "scopes[1].representation");
        let unknown = json!([grant("payroll", "read")]);
        at(place, "/scopes", unknown, "unknown_scope", "scopes[0].representation");
    }
    at("token", "/origins", Value::Array(origins(33)), "too_many_origins", "origins");
    let wildcard = json!(["https://a.test", "https://*.test"]);
    at("token", "/origins", wildcard, "origin_invalid", "origins[1]");
    let field = "defaultAllowedIPs";
    at("settings", "/defaultAllowedIPs", Value::Array(addresses(257)), "too_many_addresses", field);
    let field = "defaultAllowedIPs[1]";
    for text in ["localhost", "192.0.2.1/33", "192.0.2", ""] {
        let list = json!(["192.0.2.1", text]);
        at("settings", "/defaultAllowedIPs", list, "address_invalid", field);
    }
    cases
}

#[tokio::test]
async fn just_outside_a_limit_is_refused_by_name_and_changes_nothing() {
    let app = TestApp::new().await;
    app.open_window().await;
    let places = places(&app);
    let state = || async {
        let mut seen = Vec::new();
        for path in
            ["/api/v1/workspace", &app.path("scopes"), &app.path("api-key?includeDeleted=true")]
        {
            seen.push(app.sdk().get(path).await.succeeded().body);
        }
        seen
    };
    let before = state().await;

    for (place, pointer, value, reason, field) in just_outside() {
        let (_, at) = places.iter().find(|(name, _)| *name == place).expect("a place");
        let reply = at.with(&app, pointer, &value).await;
        assert_eq!(reply.status, 400, "{place} {pointer} = {value}");
        reply.refused(400, reason, &field);
        let message = reply["error"]["message"].as_str().expect("a message");
        assert!(message.contains(field.split(['[', '.']).next().expect("a name")), "{message}");
    }
    assert_eq!(state().await, before);
}

#[tokio::test]
async fn just_inside_a_limit_is_fine() {
    let app = TestApp::new().await;
    app.open_window().await;
    let places = places(&app);
    let entries = (0..50).map(|at| (format!("{at:0>64}"), x(1_024))).collect();
    let origins = (0..32).map(|at| json!(format!("https://a{at}.test"))).collect();
    let addresses = (0..256).map(|at| json!(format!("192.0.2.{at}"))).collect();
    let wide = json!("é".repeat(255));
    for (place, pointer, value) in [
        ("workspace", "/name", wide.clone()),
        ("scope", "/representation", x(128)),
        ("scope", "/representation", json!("aZ09_.:/-")),
        ("key", "/name", wide.clone()),
        ("key", "/customerId", wide.clone()),
        ("key", "/prefix", json!("a".repeat(16))),
        ("key", "/expiresAt", json!(NOW + 1)),
        ("key", "/expiresAt", json!(253_402_300_799_999_i64)),
        ("key", "/externalMeterId", wide),
        ("key", "/metadata", Value::Object(entries)),
        ("legacy", "/key", x(8)),
        ("legacy", "/key", x(512)),
        ("legacy", "/key", json!("with space\u{0}\n ü")),
        ("token", "/origins", Value::Array(origins)),
        ("token", "/permissions", json!(["list", "migrate"])),
        ("settings", "/defaultAllowedIPs", Value::Array(addresses)),
        ("settings", "/defaultKeyPrefix", json!("a".repeat(16))),
        ("settings", "/defaultRateLimitPerSecond", json!(1)),
        ("settings", "/defaultExpiration", json!(1)),
    ] {
        let (_, at) = places.iter().find(|(name, _)| *name == place).expect("a place");
        let reply = at.with(&app, pointer, &value).await;
        assert_eq!(reply.status, 200, "{place} {pointer}: {}", reply.body);
    }
}

#[tokio::test]
async fn rotation_overlaps_by_thirty_days_at_most() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let path = format!("{}/rotate", app.key_path(&key));
    for (seconds, passes) in [(2_592_000, true), (2_592_001, false)] {
        let reply = app.sdk().post(&path, json!({ "overlapSeconds": seconds })).await;
        reply.succeeded_or_refused(passes, (400, "out_of_range", "overlapSeconds"));
    }
    let reply = app.sdk().post(&path, json!({ "overlapSeconds": -1 })).await;
    reply.refused(400, "out_of_range", "overlapSeconds");
}

#[tokio::test]
async fn a_verification_asks_for_256_scopes_at_most() {
    let app = TestApp::new().await;
    let grants = |count| (0..count).map(|at| grant(&format!("s{at}"), "")).collect::<Vec<_>>();
    let verify = |body: Value| {
        let client = app.sdk();
        async move { client.post("/api/v1/api-key/verify", body).await }
    };
    verify(json!({ "key": "", "requestedScopes": grants(256) })).await.succeeded();
    let reply = verify(json!({ "key": "", "requestedScopes": grants(257) })).await;
    reply.refused(400, "too_many_grants", "requestedScopes");

    let limited = |id: &str, limit: i64| json!({ "key": "", "rateLimitConfig": { "id": id, "limit": limit } });
    verify(limited("x", 1)).await.succeeded();
    verify(limited("x", 0)).await.refused(400, "out_of_range", "rateLimitConfig.limit");
    verify(limited("x", -1)).await.refused(400, "out_of_range", "rateLimitConfig.limit");
    verify(limited("", 1)).await.refused(400, "external_id_empty", "rateLimitConfig.id");
    let long = "x".repeat(256);
    verify(limited(&long, 1)).await.refused(400, "external_id_too_long", "rateLimitConfig.id");
}

#[tokio::test]
async fn a_workspace_holds_256_scopes() {
    let app = TestApp::new().await;
    let add = |at: usize| {
        let (client, path) = (app.sdk(), app.path("scope"));
        let body = json!({ "name": "s", "representation": format!("s{at}") });
        async move { client.post(&path, body).await }
    };
    for at in 2..256 {
        add(at).await.succeeded();
    }
    let reply = add(256).await;
    assert_eq!((reply.status, &reply["error"]["reason"]), (400, &json!("too_many_scopes")));
    let listed = app.sdk().get(&app.path("scopes")).await.succeeded();
    assert_eq!(listed["scopes"].as_array().map(Vec::len), Some(256));
}

#[tokio::test]
async fn a_body_has_a_mebibyte_at_most() {
    let app = TestApp::new().await;
    let body = |size: usize| {
        let frame = json!({ "name": "w", "padding": "" }).to_string().len();
        json!({ "name": "w", "padding": "x".repeat(size - frame) }).to_string()
    };
    app.sdk().send("POST", "/api/v1/workspace", body(1 << 20)).await.succeeded();
    for size in [(1 << 20) + 1, 2 << 20, 9 << 20] {
        let reply = app.sdk().send("POST", "/api/v1/workspace", body(size)).await;
        reply.refused(413, "body_too_large", "");
    }
    // Whoever is not let in is not read either.
    let reply = app.anonymous().send("POST", "/api/v1/workspace", body(2 << 20)).await;
    reply.refused(401, "no_credential", "");
}
