use insta::assert_json_snapshot;
use oneloop_protocol::key::is_native;
use serde_json::{Value, json};

use crate::app::{NOW, TestApp, grant};

#[tokio::test]
async fn a_key_is_created_with_its_secret_once() {
    let app = TestApp::new().await;

    let reply = app.sdk().post("/api/v1/api-key", app.new_key("northwind")).await.succeeded();

    assert_json_snapshot!(reply.body, {
        ".apiKey.id" => "[id]",
        ".apiKey.key" => "[secret]",
        ".apiKey.maskedKey" => "[mask]",
        ".apiKey.scopes[].id" => "[id]",
    }, @r#"
    {
      "apiKey": {
        "billingId": null,
        "createdAt": "2026-11-23T08:00:00.000Z",
        "customerId": "northwind",
        "deleted": false,
        "enabled": true,
        "expiresAt": null,
        "id": "[id]",
        "key": "[secret]",
        "lastUsedAt": null,
        "limitUsage": false,
        "maskedKey": "[mask]",
        "name": "ci",
        "prefix": "ol",
        "scopes": [
          {
            "create": false,
            "del": false,
            "id": "[id]",
            "read": true,
            "representation": "deployments",
            "update": false
          }
        ],
        "totalUsageLeft": null,
        "updatedAt": "2026-11-23T08:00:00.000Z"
      }
    }
    "#);
    let secret = reply.text_at("/apiKey/key");
    assert!(is_native(&secret));
    let tail = &secret[secret.len() - 4..];
    assert_eq!(reply.text_at("/apiKey/maskedKey"), format!("ol_****{tail}"));
    assert_eq!(reply.header("cache-control"), "no-store");

    // Nowhere else.
    for path in [app.path("api-key"), app.key_path(&reply["apiKey"])] {
        let seen = app.sdk().get(&path).await.succeeded();
        assert!(!String::from_utf8_lossy(&seen.bytes).contains(&secret));
    }
    assert_eq!(app.verdict(&secret).await, "VALID");
}

#[tokio::test]
async fn a_key_takes_prefix_expiry_and_metadata() {
    let app = TestApp::new().await;
    let expires_at = NOW + 1_000;
    let more =
        json!({ "prefix": "acme_live", "expiresAt": expires_at, "metadata": { "plan": "pro" } });

    let key = app.create_key_with("northwind", more).await;

    assert_eq!(key["prefix"], "acme_live");
    assert_eq!(key["expiresAt"], json!(expires_at));
    let secret = key["key"].as_str().expect("a secret");
    assert!(secret.starts_with("acme_live_") && is_native(secret));
    assert_eq!(app.verdict(secret).await, "VALID");
    app.advance(1);
    assert_eq!(app.verdict(secret).await, "EXPIRED");
}

#[tokio::test]
async fn the_workspace_supplies_prefix_and_lifetime() {
    let app = TestApp::new().await;
    let defaults = json!({ "defaultKeyPrefix": "acme", "defaultExpiration": 5_000 });
    app.sdk().patch(&format!("/api/v1/workspace/{}", app.workspace), defaults).await.succeeded();

    for key in [
        app.create_key("northwind").await,
        app.link("northwind").await.post("/api/v1/api-key", app.new_key("northwind")).await["apiKey"].clone(),
    ] {
        assert_eq!(key["prefix"], "acme");
        assert_eq!(key["expiresAt"], json!(NOW + 5_000));
    }
}

/// Python sends `null` for what is not set; Go drops empty arrays; TypeScript 1.0.4 sends a counter that
/// nobody uses any more; the widget leaks scope ids (protocol, 2.3 and 4.6).
#[tokio::test]
async fn every_published_dialect_creates_a_key() {
    let app = TestApp::new().await;
    let python =
        json!({ "prefix": Value::Null, "expiresAt": Value::Null, "metadata": Value::Null });
    let go = json!({ "scopes": Value::Null });
    let old = json!({ "totalUsageAllowed": 100, "anything": [1, 2] });
    let mut leaked = grant("metrics", "read");
    leaked["id"] = json!("sc_of_another_key");
    let widget = json!({ "scopes": [leaked, grant("deployments", "")] });

    // `merge` removes on null, so what Python sends is put together here.
    let mut body = app.new_key("northwind");
    for (name, value) in python.as_object().expect("an object") {
        body[name] = value.clone();
    }
    app.sdk().post("/api/v1/api-key", body).await.succeeded();
    let key = app.create_key_with("northwind", go).await;
    assert_eq!(key["scopes"], json!([]));
    app.create_key_with("northwind", old).await;
    let key = app.create_key_with("northwind", widget).await;
    let ids = key["scopes"].as_array().expect("a list").iter().map(|scope| scope["id"].clone());
    assert!(ids.into_iter().all(|id| id != "sc_of_another_key"));
}

#[tokio::test]
async fn an_unknown_scope_makes_no_key() {
    let app = TestApp::new().await;
    let mut body = app.new_key("northwind");
    body["scopes"] = json!([grant("metrics", "read"), grant("payroll", "read")]);

    let reply = app.sdk().post("/api/v1/api-key", body).await;

    reply.refused(400, "unknown_scope", "scopes[1].representation");
    let listed = app.sdk().get(&app.path("api-key")).await.succeeded();
    assert_eq!(listed["apiKeys"], json!([]));

    let key = app.create_key("northwind").await;
    let patch = json!({ "name": "new", "scopes": [grant("payroll", "read")] });
    let reply = app.sdk().patch(&app.key_path(&key), patch).await;
    reply.refused(400, "unknown_scope", "scopes[0].representation");
    let unchanged = app.sdk().get(&app.key_path(&key)).await.succeeded();
    assert_eq!(unchanged["apiKey"]["name"], "ci");
}

#[tokio::test]
async fn keys_are_listed_newest_first_without_the_deleted_ones() {
    let app = TestApp::new().await;
    let mut keys = Vec::new();
    for customer in ["northwind", "contoso", "northwind"] {
        keys.push(app.create_key(customer).await);
        app.advance(1);
    }
    app.sdk().delete(&app.key_path(&keys[1])).await.succeeded();
    let ids = |list: &Value| {
        let list = list.as_array().expect("a list").iter();
        list.map(|key| key["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let made = ids(&json!(keys));
    let path = app.path("api-key");
    let listed = |query: &'static str| {
        let (client, path) = (app.sdk(), format!("{path}{query}"));
        async move { ids(&client.get(&path).await.succeeded()["apiKeys"]) }
    };

    let newest_first: Vec<_> = made.iter().rev().cloned().collect();
    let without_deleted = vec![made[2].clone(), made[0].clone()];
    assert_eq!(listed("").await, without_deleted);
    assert_eq!(listed("?includeDeleted=false").await, without_deleted);
    assert_eq!(listed("?unknown=1&includeDeleted=true").await, newest_first);
    let reply = app.sdk().get(&format!("{path}?includeDeleted=yes")).await;
    reply.refused(400, "invalid_query", "includeDeleted");
}

#[tokio::test]
async fn a_patch_changes_name_scopes_and_switch() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let secret = key["key"].as_str().expect("a secret");
    let path = app.key_path(&key);
    app.advance(60);

    let unchanged = app.sdk().patch(&path, json!({})).await.succeeded();
    assert_eq!(unchanged["apiKey"]["name"], "ci");
    let nothing = json!({ "name": null, "enabled": null, "scopes": null });
    let unchanged = app.sdk().patch(&path, nothing).await.succeeded();
    assert_eq!(unchanged["apiKey"]["scopes"], key["scopes"]);

    let patch =
        json!({ "name": "deploys", "enabled": false, "scopes": [grant("metrics", "read update")] });
    let patched = app.sdk().patch(&path, patch).await.succeeded();
    assert_json_snapshot!(patched.body, {
        ".apiKey.id" => "[id]",
        ".apiKey.maskedKey" => "[mask]",
        ".apiKey.scopes[].id" => "[id]",
    }, @r#"
    {
      "apiKey": {
        "billingId": null,
        "createdAt": "2026-11-23T08:00:00.000Z",
        "customerId": "northwind",
        "deleted": false,
        "enabled": false,
        "expiresAt": null,
        "id": "[id]",
        "lastUsedAt": null,
        "limitUsage": false,
        "maskedKey": "[mask]",
        "name": "deploys",
        "prefix": "ol",
        "scopes": [
          {
            "create": false,
            "del": false,
            "id": "[id]",
            "read": true,
            "representation": "metrics",
            "update": true
          }
        ],
        "totalUsageLeft": null,
        "updatedAt": "2026-11-23T08:01:00.000Z"
      }
    }
    "#);
    assert_eq!(app.verdict(secret).await, "DISABLED");
    app.sdk().patch(&path, json!({ "enabled": true })).await.succeeded();
    assert_eq!(app.verdict(secret).await, "VALID");
}

#[tokio::test]
async fn a_deleted_key_stays_readable_and_cannot_change() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let path = app.key_path(&key);

    let deleted = app.sdk().delete(&path).await.succeeded();
    assert_eq!(deleted["apiKey"]["deleted"], true);
    assert_eq!(app.verdict(key["key"].as_str().expect("a secret")).await, "DELETED");
    let again = app.sdk().delete(&path).await.succeeded();
    assert_eq!(again["apiKey"]["deleted"], true);
    assert_eq!(app.sdk().get(&path).await.succeeded()["apiKey"]["deleted"], true);

    let rotate = format!("{path}/rotate");
    app.sdk().patch(&path, json!({ "name": "x" })).await.refused(400, "api_key_deleted", "");
    app.sdk().send("POST", &rotate, "").await.refused(400, "api_key_deleted", "");
}

#[tokio::test]
async fn rotation_replaces_the_secret_at_once() {
    let app = TestApp::new().await;
    let key = app.create_key_with("northwind", json!({ "metadata": { "plan": "pro" } })).await;
    let path = format!("{}/rotate", app.key_path(&key));

    // TypeScript sends no body and no Content-Type, Python `{}`, and null is nothing.
    let mut old = key["key"].as_str().expect("a secret").to_owned();
    for body in ["", "{}", " \n", "null", r#"{"overlapSeconds":null}"#, r#"{"unknown":1}"#] {
        let reply = app.sdk().send("POST", &path, body).await.succeeded();
        assert_eq!(reply["apiKey"]["id"], key["id"]);
        assert_eq!(reply["apiKey"]["scopes"], key["scopes"]);
        let new = reply.text_at("/apiKey/key");
        assert_eq!(app.verdict(&old).await, "INVALID", "{body:?}");
        assert_eq!(app.verdict(&new).await, "VALID", "{body:?}");
        old = new;
    }
}

#[tokio::test]
async fn rotation_may_leave_the_old_secret_some_time() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let old = key["key"].as_str().expect("a secret");
    let path = format!("{}/rotate", app.key_path(&key));

    let reply = app.sdk().post(&path, json!({ "overlapSeconds": 60 })).await.succeeded();

    assert_eq!(reply["apiKey"]["previousKeyExpiresAt"], json!(NOW + 60_000));
    assert_eq!(app.verdict(old).await, "VALID");
    app.advance(60);
    assert_eq!(app.verdict(old).await, "INVALID");
    assert_eq!(app.verdict(&reply.text_at("/apiKey/key")).await, "VALID");
}
