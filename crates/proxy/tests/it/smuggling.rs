//! Fields that an operation does not have set nothing, whoever sends them: two worlds that were made alike, one asked
//! with such fields and one without, answer alike and are alike afterwards.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use oneloop_engine::Who;
use serde_json::{Map, Value, json};

use crate::app::{Client, TestApp, merge};
use crate::operations::{Names, Operation, operations};

/// The operations that refuse what they do not know, since no published client calls them.
const STRICT: &[&str] = &["revoke_link_tokens", "rotate_signing_key"];

/// When everything here happens.
const NOW_ISO: &str = "2026-11-23T08:00:00.000Z";

/// Two worlds that were made alike, at the same moment.
struct Twins {
    worlds: [(TestApp, Names); 2],
}

impl Twins {
    async fn new() -> Self {
        Self { worlds: [world().await, world().await] }
    }
}

async fn world() -> (TestApp, Names) {
    let app = TestApp::new().await;
    app.open_window().await;
    let names = Names::living(&app).await;
    app.create_key("contoso").await;
    (app, names)
}

/// What one world holds that a smuggler would like to reach.
async fn loot(app: &TestApp) -> Value {
    let elsewhere = app.create_workspace(&app.sdk()).await;
    let theirs = app.create_workspace(&app.rival()).await;
    let other = app.create_key("contoso").await;
    let mut loot = json!({
        "id": other["id"],
        "apiKeyId": other["id"],
        "workspaceId": elsewhere,
        "workspace": theirs,
        "customerId": "contoso",
        "team": "tm_00000000000000000000000000000001",
        "teamId": "tm_00000000000000000000000000000001",
        "key": other["key"],
        "apiKey": { "id": other["id"], "enabled": false },
        "hash": { "algorithm": "sha256", "encoding": "hex", "value": "00" },
        "tag": "00",
        "maskedKey": "ol_****evil",
        "name": "smuggled",
        "prefix": "evil",
        "representation": "smuggled",
        "enabled": false,
        "deleted": true,
        "migrated": true,
        "scopes": [{ "representation": "metrics", "create": true, "read": true, "update": true, "del": true }],
        "permissions": ["list", "create", "update", "rotate", "delete", "migrate"],
        "rights": "all",
        "admin": true,
        "origins": ["https://evil.test"],
        "grantableScopes": [],
        "keyPolicy": { "maxLifetimeSeconds": 1 },
        "ttlSeconds": 60,
        "metadata": { "plan": "enterprise" },
        "createdAt": "2001-01-01T00:00:00.000Z",
        "updatedAt": "2001-01-01T00:00:00.000Z",
    });
    // In two parts: the macro would run into the compiler's limit.
    merge(
        &mut loot,
        json!({
            "lastUsedAt": "2001-01-01T00:00:00.000Z",
            "expiresAt": 4_000_000_000_000_i64,
            "revokedAt": 1,
            "previousKeyExpiresAt": 4_000_000_000_000_i64,
            "previousMaskedKey": "smuggled",
            "previousLastUsedAt": "2001-01-01T00:00:00.000Z",
            "revision": 1,
            "totalUsageAllowed": 1_000_000,
            "usageLeft": 1_000_000,
            "externalMeterId": "evil-meter",
            "externalBillingId": "evil-meter",
            "meterId": "mt_00000000000000000000000000000001",
            "totalCredits": "1000000",
            "usedCredits": "0",
            "allowOverages": true,
            "spendCap": "1000000",
            "day": "2001-01-01",
            "iss": "tm_00000000000000000000000000000001",
            "kid": "jk_00000000000000000000000000000001",
            "iat": 1,
            "actor": "operator",
            "address": "203.0.113.66",
            "requestId": "smuggled",
            "includeDeleted": true,
            "overlapSeconds": 2_592_000,
            "revokeOld": true,
            "defaultAllowedIPs": ["203.0.113.66"],
            "defaultRateLimitPerSecond": 1,
            "__proto__": { "admin": true },
        }),
    );
    loot
}

/// `operation` with all of `loot` that its body does not have.
fn smuggling(operation: &Operation, loot: &Value) -> Value {
    let mut body = if operation.body.is_null() { json!({}) } else { operation.body.clone() };
    let foreign: Map<String, Value> = loot
        .as_object()
        .expect("an object")
        .iter()
        .filter(|(name, _)| !operation.fields.contains(*name) && body.get(*name).is_none())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    assert!(foreign.len() > 30, "{}: nothing was smuggled", operation.id);
    // Inside of what it has, too.
    if let Some(Value::Array(scopes)) = body.get_mut("scopes") {
        for scope in scopes {
            merge(
                scope,
                json!({ "id": "sc_1", "name": "smuggled", "workspaceId": "ws_1", "all": true }),
            );
        }
    }
    merge(&mut body, Value::Object(foreign));
    body
}

/// Everything that there is, as the owners and the audit log see it. Looking changes nothing: a verification would
/// spend of the key's counter.
async fn everything(app: &TestApp, names: &Names) -> Value {
    let mut seen = BTreeMap::new();
    for (owner, client) in [("acme", app.sdk()), ("rival", app.rival())] {
        let workspaces = client.get("/api/v1/workspace").await.succeeded().body;
        for workspace in workspaces["workspaces"].as_array().expect("a list") {
            let base = format!("/api/v1/workspace/{}", workspace["id"].as_str().expect("an id"));
            for path in ["scopes", "api-key?includeDeleted=true&sort=created"] {
                let answer = client.get(&format!("{base}/{path}")).await.succeeded().body;
                seen.insert(format!("{owner} {base}/{path}"), answer);
            }
        }
        seen.insert(format!("{owner} workspaces"), workspaces);
    }
    let meter =
        format!("/api/v1/customer-billing?workspaceId={}&externalMeterId=", names.workspace);
    for name in [names.meter.as_str(), "evil-meter"] {
        let answer = app.sdk().get(&format!("{meter}{name}")).await.succeeded().body;
        seen.insert(format!("meter {name}"), answer);
        let used = app.sdk().get(&format!("/api/v1/usage/{name}")).await.succeeded().body;
        seen.insert(format!("usage {name}"), used);
    }
    let token = app.sdk().get(&format!("/api/v1/link-token/{}", names.token)).await.body;
    seen.insert("the link token".to_owned(), token);
    let audit = app.engine.list_audit(None, 1_000).await.expect("lists");
    let lines = audit.into_iter().map(|line| {
        let who = match line.who {
            Who::Operator => "operator",
            Who::SdkKey(_) => "SDK key",
            Who::LinkToken(_) => "link token",
        };
        json!([line.at, line.team, who, line.action, line.subject, line.address, line.detail])
    });
    seen.insert("audit".to_owned(), lines.collect());
    let seen = seen.into_iter().map(|(name, value)| json!([name, value])).collect();
    alike(seen)
}

/// The same, but for what is random in each world: ids, secrets, and what is made from them.
fn alike(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(alike).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| match (name.as_str(), value) {
                // What it says; its signature is another in each world.
                ("jwt", Value::String(text)) => (name, alike(claims(&text))),
                ("key" | "maskedKey" | "previousMaskedKey" | "token", Value::String(text)) => {
                    let prefix = text.split_once('_').map_or("", |(prefix, _)| prefix);
                    (name, json!(format!("{prefix}_…")))
                }
                // Written behind, within a second: not there yet, or the moment at which everything here happens.
                ("lastUsedAt" | "previousLastUsedAt", Value::String(text)) if text == NOW_ISO => {
                    (name, Value::Null)
                }
                (_, value) => (name, alike(value)),
            });
            Value::Object(members.collect())
        }
        Value::String(text) => Value::String(without_ids(&text)),
        other => other,
    }
}

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).expect("base64url"))
        .expect("JSON")
}

/// `ws_` and 32 digits is `ws_…`.
fn without_ids(text: &str) -> String {
    let mut parts = text.split('_');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        kept.push('_');
        kept.push_str(if digits >= 32 { "…" } else { &part[..digits.min(32)] });
        kept.push_str(&part[if digits >= 32 { 32 } else { digits }..]);
    }
    kept
}

/// Asks both twins, one of them with what it does not have; both answer alike, and are alike afterwards.
async fn sets_nothing(id: &str, client: impl Fn(&TestApp, &Names) -> Client) {
    let twins = Twins::new().await;
    let mut found = Vec::new();
    for (smuggles, (app, names)) in [false, true].into_iter().zip(&twins.worlds) {
        let loot = loot(app).await;
        let mut operation =
            operations(names).into_iter().find(|it| it.id == id).expect("an operation");
        let client = client(app, names);
        let is_browser = client.has_header("x-link-token");
        if is_browser && id == "create_api_key" {
            // The integrator's affair, and refused: see the isolation matrix.
            merge(&mut operation.body, json!({ "metadata": null }));
        }
        let before = everything(app, names).await;
        if smuggles {
            operation.body = smuggling(&operation, &loot);
        }
        let reply = operation.ask(&client).await;
        if smuggles && STRICT.contains(&id) {
            let field = reply["error"]["field"].as_str().unwrap_or_default().to_owned();
            reply.refused(400, "unknown_field", &field);
            assert!(loot.get(&field).is_some(), "{id}: {field}");
            assert_eq!(everything(app, names).await, before, "{id}: refused, and changed");
            return;
        }
        let reply = reply.succeeded();
        let world = everything(app, names).await;
        found.push((alike(reply.body), world, app.verdict(&names.key).await));
    }
    assert_eq!(found[0].0, found[1].0, "{id}: another answer");
    assert_eq!(found[0].1, found[1].1, "{id}: another world");
    assert_eq!(found[0].2, found[1].2, "{id}: another verdict");
}

/// Whatever changes something, by its method.
fn changing() -> Vec<Operation> {
    let all = operations(&Names::of_nothing());
    all.into_iter().filter(|it| it.method != "get" && it.is_guarded()).collect()
}

#[tokio::test]
async fn an_sdk_key_cannot_smuggle() {
    let changing = changing();
    assert!(changing.len() > 15);
    for operation in changing {
        sets_nothing(&operation.id, |app, _| app.sdk()).await;
    }
}

#[tokio::test]
async fn a_link_token_cannot_smuggle() {
    let shared: Vec<_> = changing().into_iter().filter(|it| it.permission.is_some()).collect();
    assert!(shared.len() >= 5);
    for operation in shared {
        let browser =
            |app: &TestApp, names: &Names| app.anonymous().header("x-link-token", &names.token);
        sets_nothing(&operation.id, browser).await;
    }
}

/// What both do have, and one of them may not set: the matrix of refusals is in `isolation.rs`. Here: nor in a query.
#[tokio::test]
async fn a_query_string_sets_nothing() {
    let (app, names) = world().await;
    let loot = loot(&app).await;
    let query: Vec<_> = loot
        .as_object()
        .expect("an object")
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)))
        .filter(|pair| !pair.contains("https:"))
        .collect();
    let before = app.sdk().get(&app.path("api-key")).await.body;
    let mut body = app.new_key("northwind");
    merge(&mut body, json!({ "expiresAt": null }));
    let browser = app.anonymous().header("x-link-token", &names.token);
    let made =
        browser.post(&format!("/api/v1/api-key?{}", query.join("&")), body).await.succeeded();
    let key = &made["apiKey"];
    assert_eq!((&key["customerId"], &key["name"]), (&json!("northwind"), &json!("ci")));
    let after = app.sdk().get(&app.path("api-key")).await.body;
    let count = |list: &Value| list["apiKeys"].as_array().map(Vec::len);
    assert_eq!(count(&after), count(&before).map(|count| count + 1));
}
