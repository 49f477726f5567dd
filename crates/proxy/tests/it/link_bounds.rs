//! The limits that a link token carries, and revoking link tokens.

use oneloop_engine::Actor;
use oneloop_protocol::{Access, Resource, Right, Rights};
use serde_json::{Value, json};

use crate::app::{NOW, TestApp, grant};

const HOUR: i64 = 60 * 60 * 1_000;

#[tokio::test]
async fn a_page_grants_what_its_token_may_grant() {
    let app = TestApp::new().await;
    let limits = json!({ "grantableScopes": [grant("deployments", "read"), grant("metrics", "")] });
    let browser = app.link_with("northwind", limits.clone()).await;
    let create = |scopes: Value| {
        let mut body = app.new_key("northwind");
        body["scopes"] = scopes;
        browser.post("/api/v1/api-key", body)
    };
    create(json!([grant("deployments", "read")])).await.succeeded();
    create(json!([])).await.succeeded();
    for (scopes, field) in [
        (json!([grant("deployments", "read update")]), "scopes[0]"),
        (json!([grant("deployments", "read"), grant("metrics", "read")]), "scopes[1]"),
    ] {
        create(scopes).await.refused(403, "scope_not_grantable", field);
    }

    // A key that the integrator gave more keeps it, and gets no more.
    let more = json!({ "scopes": [grant("metrics", "read update")] });
    let key = app.create_key_with("northwind", more).await;
    let path = app.key_path(&key);
    let patch = |scopes: Value| browser.patch(&path, json!({ "scopes": scopes }));
    patch(json!([grant("metrics", "read update"), grant("deployments", "read")])).await.succeeded();
    patch(json!([grant("metrics", "read del")])).await.refused(
        403,
        "scope_not_grantable",
        "scopes[0]",
    );
    patch(json!([grant("metrics", "read")])).await.succeeded();
    patch(json!([grant("metrics", "read update")])).await.refused(
        403,
        "scope_not_grantable",
        "scopes[0]",
    );
    let kept = app.sdk().get(&path).await.succeeded();
    assert_eq!(kept["apiKey"]["scopes"][0]["update"], json!(false));
}

#[tokio::test]
async fn a_page_keeps_to_the_policy_of_its_token() {
    let app = TestApp::new().await;
    let policy = json!({
        "minLifetimeSeconds": 3_600, "maxLifetimeSeconds": 86_400, "maxOverlapSeconds": 60,
    });
    let browser = app.link_with("northwind", json!({ "keyPolicy": policy })).await;
    let create = |expires_at: Value| {
        let mut body = app.new_key("northwind");
        body["expiresAt"] = expires_at;
        browser.post("/api/v1/api-key", body)
    };
    create(Value::Null).await.refused(400, "expiry_required", "expiresAt");
    create(json!(NOW + HOUR / 2)).await.refused(400, "expiry_too_soon", "expiresAt");
    create(json!(NOW + 25 * HOUR)).await.refused(400, "expiry_too_late", "expiresAt");
    let key = create(json!(NOW + HOUR)).await.succeeded()["apiKey"].clone();
    let rotate = format!("{}/rotate", app.key_path(&key));
    let reply = browser.post(&rotate, json!({ "overlapSeconds": 61 })).await;
    reply.refused(400, "out_of_range", "overlapSeconds");
    browser.post(&rotate, json!({ "overlapSeconds": 60 })).await.succeeded();
    // The integrator's own server is bound by nothing of this.
    app.create_key("northwind").await;
    app.sdk().post(&rotate, json!({ "overlapSeconds": 3_600 })).await.succeeded();
    // The workspace's default counts as an expiry.
    let default = json!({ "defaultExpiration": 2 * HOUR });
    app.sdk().patch(&format!("/api/v1/workspace/{}", app.workspace), default).await.succeeded();
    let made = create(Value::Null).await.succeeded();
    assert_eq!(made["apiKey"]["expiresAt"], json!(NOW + 2 * HOUR));
}

#[tokio::test]
async fn a_token_tells_its_limits() {
    let app = TestApp::new().await;
    let limits = json!({
        "grantableScopes": [grant("deployments", "read")],
        "keyPolicy": { "expiryRequired": true, "maxOverlapSeconds": 0 },
        "ttlSeconds": 120,
    });
    let token = app.link_token("northwind", limits.clone()).await;
    let path = format!("/api/v1/link-token/{token}");
    let told = app.anonymous().header("x-link-token", &token).get(&path).await.succeeded();
    assert_eq!(told["grantableScopes"], limits["grantableScopes"]);
    assert_eq!(told["keyPolicy"], limits["keyPolicy"]);
    assert_eq!(told["expiresAt"], json!(NOW + 120_000));
    assert_eq!(app.sdk().get(&path).await.succeeded().body, told.body);
    app.advance(120);
    app.anonymous().header("x-link-token", &token).get(&path).await.refused(
        401,
        "link_token_expired",
        "",
    );
}

#[tokio::test]
async fn limits_that_make_no_sense_are_refused_by_name() {
    let app = TestApp::new().await;
    for (more, reason, field) in [
        (json!({ "ttlSeconds": 59 }), "out_of_range", "ttlSeconds"),
        (json!({ "ttlSeconds": 86_401 }), "out_of_range", "ttlSeconds"),
        (
            json!({ "grantableScopes": [grant("payroll", "read")] }),
            "unknown_scope",
            "grantableScopes[0].representation",
        ),
        (
            json!({ "grantableScopes": [grant("metrics", "read"), grant("metrics", "read")] }),
            "duplicate_grant",
            "grantableScopes[1].representation",
        ),
        (
            json!({ "keyPolicy": { "minLifetimeSeconds": 0 } }),
            "out_of_range",
            "keyPolicy.minLifetimeSeconds",
        ),
        (
            json!({ "keyPolicy": { "maxOverlapSeconds": 2_592_001 } }),
            "out_of_range",
            "keyPolicy.maxOverlapSeconds",
        ),
        (json!({ "keyPolicy": { "maxLifetime": 1 } }), "unknown_field", "keyPolicy.maxLifetime"),
    ] {
        let mut body = json!({ "workspaceId": app.workspace, "customerId": "northwind" });
        crate::app::merge(&mut body, more);
        app.sdk().post("/api/v1/link-token", body).await.refused(400, reason, field);
    }
}

#[tokio::test]
async fn a_revoked_token_stops_at_once() {
    let app = TestApp::new().await;
    let revoke = |body: Value| {
        let client = app.sdk();
        async move { client.post("/api/v1/link-token/revoke", body).await }
    };
    let token = app.link_token("northwind", json!({})).await;
    let (same, other) = (app.link("northwind").await, app.link("contoso").await);
    let browser = app.anonymous().header("x-link-token", &token);
    browser.get(&app.path("api-key")).await.succeeded();
    assert_eq!(revoke(json!({ "token": token })).await.succeeded().body, json!({ "revoked": 1 }));
    browser.get(&app.path("api-key")).await.refused(401, "link_token_expired", "");
    assert_eq!(revoke(json!({ "token": token })).await.succeeded().body, json!({ "revoked": 0 }));

    same.get(&app.path("api-key")).await.succeeded();
    let customer = json!({ "workspaceId": app.workspace, "customerId": "northwind" });
    assert_eq!(revoke(customer).await.succeeded().body, json!({ "revoked": 1 }));
    same.get(&app.path("api-key")).await.refused(401, "link_token_expired", "");
    other.get(&app.path("api-key")).await.succeeded();

    revoke(json!({ "token": "ollt_nonsense" })).await.refused(404, "unknown_link_token", "");
    let theirs = json!({ "token": app.link_token("contoso", json!({})).await });
    app.rival().post("/api/v1/link-token/revoke", theirs).await.refused(
        404,
        "unknown_link_token",
        "",
    );
    revoke(json!({})).await.refused(400, "missing_field", "token");
    revoke(json!({ "token": "a", "customerId": "b" })).await.refused(400, "missing_field", "token");
    revoke(json!({ "tokens": [] })).await.refused(400, "unknown_field", "tokens");
    other.post("/api/v1/link-token/revoke", json!({})).await.refused(
        403,
        "credential_not_accepted",
        "",
    );
}

/// An SDK key's rights on API keys.
fn on_keys(access: Access) -> Rights {
    Rights::NONE.with(Right(Resource::ApiKeys, access))
}

#[tokio::test]
async fn a_token_may_do_no_more_than_the_sdk_key_that_minted_it() {
    let app = TestApp::new().await;
    let customer = json!({ "workspaceId": app.workspace, "customerId": "northwind" });
    let mint = async |rights: Rights, permissions: Value| {
        let mut body = customer.clone();
        if !permissions.is_null() {
            body["permissions"] = permissions;
        }
        app.sdk_with(rights).await.post("/api/v1/link-token", body).await
    };
    let create = on_keys(Access::CREATE);
    for (word, access) in [
        ("list", Access::READ),
        ("update", Access::UPDATE),
        ("rotate", Access::UPDATE),
        ("delete", Access::DELETE),
    ] {
        let right = Right(Resource::ApiKeys, access);
        let refused = mint(create, json!(["create", word])).await;
        refused.refused(403, "right_missing", "permissions");
        let message = refused["error"]["message"].as_str().expect("a message");
        assert!(message.contains(word) && message.ends_with(&right.to_string()), "{message}");
        mint(create.with(right), json!(["create", word])).await.succeeded();
    }

    // Whoever names nothing gets what the key may do itself.
    for (rights, permissions) in [
        (create, json!(["create"])),
        (
            on_keys(Access::READ).with(Right(Resource::ApiKeys, Access::CREATE)),
            json!(["list", "create"]),
        ),
        (
            create.with(Right(Resource::ApiKeys, Access::UPDATE)),
            json!(["create", "update", "rotate"]),
        ),
        (Rights::ALL, json!(["list", "create", "update", "rotate", "delete"])),
    ] {
        let token = mint(rights, Value::Null).await.succeeded().text_at("/token");
        let browser = app.anonymous().header("x-link-token", &token);
        let itself = browser.get("/api/v1/link-token/self").await.succeeded();
        assert_eq!(itself["permissions"], permissions);
    }
    // Such a token reaches none of the secrets that it could not have read before.
    let key = app.create_key_with("northwind", json!({})).await;
    let token = mint(create, Value::Null).await.succeeded().text_at("/token");
    let browser = app.anonymous().header("x-link-token", &token);
    let rotate = browser.post(&format!("{}/rotate", app.key_path(&key)), json!({})).await;
    rotate.refused(403, "permission_missing", "");
    browser.get(&app.path("api-key")).await.refused(403, "permission_missing", "");
}

#[tokio::test]
async fn a_token_works_while_the_sdk_key_works_that_minted_it() {
    let app = TestApp::new().await;
    let operator = Actor::operator();
    let issued = app.engine.create_sdk_key(&operator, &app.team, "backend", Rights::ALL).await;
    let issued = issued.expect("an SDK key");
    let body = json!({ "workspaceId": app.workspace, "customerId": "northwind" });
    let minted = app.bearer(issued.key.expose()).post("/api/v1/link-token", body).await;
    let token = minted.succeeded().text_at("/token");
    let browser = app.anonymous().header("x-link-token", &token);
    let (list, itself) = (app.path("api-key"), format!("/api/v1/link-token/{token}"));
    let id = &issued.sdk_key.id;
    for enabled in [true, false, true] {
        app.engine.enable_sdk_key(&operator, id, enabled).await.expect("it is switched");
        let asked = browser.get(&list).await;
        if enabled {
            asked.succeeded();
        } else {
            asked.refused(401, "link_token_expired", "");
        }
        let status = app.sdk().get(&itself).await.succeeded();
        assert_eq!(status["valid"], json!(enabled));
    }
    app.engine.revoke_sdk_key(&operator, id).await.expect("it is revoked");
    browser.get(&list).await.refused(401, "link_token_expired", "");
    // Those of another SDK key go on.
    app.link("northwind").await.get(&list).await.succeeded();
}
