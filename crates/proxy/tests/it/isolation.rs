//! Who may do what: every route, asked by everybody.

use oneloop_protocol::{Access, Resource, Right, Rights};
use serde_json::{Value, json};

use crate::app::{Client, TestApp, grant};
use crate::reply::Reply;

use Access as A;
use Resource as R;

/// A route, what an SDK key needs for it, and what a link token gets.
struct Route {
    method: &'static str,
    path: String,
    body: Value,
    right: Right,
    browsers: bool,
}

impl Route {
    async fn ask(&self, client: &Client) -> Reply {
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        client.send(self.method, &self.path, body).await
    }
}

/// Every route but migrate, which hides behind its gate and has its own tests.
fn routes(workspace: &str, key: &Value, token: &str) -> Vec<Route> {
    let (key, secret) = (key["id"].as_str().expect("an id"), &key["key"]);
    let route = |method, path: &str, body, resource, access, browsers| Route {
        method,
        path: format!("/api/v1/{path}").replace("{w}", workspace).replace("{k}", key),
        body,
        right: Right(resource, access),
        browsers,
    };
    let new_key = json!({
        "name": "ci", "workspaceId": workspace, "customerId": "northwind", "enabled": true,
        "scopes": [grant("metrics", "read")],
    });
    let new_token = json!({ "workspaceId": workspace, "customerId": "northwind" });
    let new_scope = json!({ "name": "s", "representation": "s" });
    let nobody = json!({ "workspaceId": workspace, "customerId": "nobody" });
    let meter = json!({ "workspaceId": workspace, "externalMeterId": "m", "refill": 1 });
    let (amount, usage) = (json!({ "amount": 1 }), json!({ "key": secret, "usage": "0" }));
    let none = Value::Null;
    vec![
        route("GET", "workspace", none.clone(), R::Workspace, A::READ, false),
        route("POST", "workspace", json!({ "name": "w" }), R::Workspace, A::CREATE, false),
        route("GET", "workspace/{w}", none.clone(), R::Workspace, A::READ, false),
        route("PATCH", "workspace/{w}", json!({}), R::Workspace, A::UPDATE, false),
        route("GET", "workspace/{w}/scopes", none.clone(), R::WorkspaceScopes, A::READ, true),
        route("POST", "workspace/{w}/scope", new_scope, R::WorkspaceScopes, A::CREATE, false),
        route("POST", "api-key", new_key, R::ApiKeys, A::CREATE, true),
        route("GET", "workspace/{w}/api-key", none.clone(), R::ApiKeys, A::READ, true),
        route("GET", "workspace/{w}/api-key/{k}", none.clone(), R::ApiKeys, A::READ, false),
        route("PATCH", "workspace/{w}/api-key/{k}", json!({}), R::ApiKeys, A::UPDATE, true),
        route("GET", "usage/nothing", none.clone(), R::ApiKeys, A::READ, false),
        route("POST", "api-key/record-usage", usage, R::ApiKeys, A::UPDATE, false),
        route("POST", "customer-billing", meter.clone(), R::ApiKeys, A::CREATE, false),
        route(
            "GET",
            &format!("customer-billing?workspaceId={workspace}&externalMeterId=m"),
            none.clone(),
            R::ApiKeys,
            A::READ,
            false,
        ),
        route("POST", "customer-billing/refill", meter, R::ApiKeys, A::UPDATE, false),
        route("POST", "workspace/{w}/api-key/{k}/refill", amount, R::ApiKeys, A::UPDATE, false),
        route(
            "POST",
            "workspace/{w}/api-key/{k}/rotate",
            none.clone(),
            R::ApiKeys,
            A::UPDATE,
            true,
        ),
        route(
            "POST",
            "workspace/{w}/api-key/{k}/end-overlap",
            none.clone(),
            R::ApiKeys,
            A::UPDATE,
            true,
        ),
        route("GET", "workspace/{w}/api-key/{k}/usage", none.clone(), R::ApiKeys, A::READ, true),
        route("GET", "workspace/{w}/api-key/{k}/activity", none.clone(), R::ApiKeys, A::READ, true),
        route("DELETE", "workspace/{w}/api-key/{k}", none.clone(), R::ApiKeys, A::DELETE, true),
        route("POST", "api-key/verify", json!({ "key": "" }), R::ApiKeys, A::READ, false),
        route("POST", "link-token/revoke", nobody, R::ApiKeys, A::DELETE, false),
        route("POST", "link-token", new_token, R::ApiKeys, A::CREATE, false),
        route("GET", &format!("link-token/{token}"), none, R::ApiKeys, A::READ, true),
    ]
}

async fn setup() -> (TestApp, Vec<Route>, Client) {
    let app = TestApp::new().await;
    let key = app.create_key_with("northwind", json!({ "totalUsageAllowed": 9 })).await;
    let token = app.link_token("northwind", json!({})).await;
    let routes = routes(app.workspace.as_str(), &key, &token);
    let browser = app.anonymous().header("x-link-token", &token);
    (app, routes, browser)
}

#[tokio::test]
async fn nobody_gets_in_without_a_valid_credential() {
    let (app, routes, browser) = setup().await;
    let link = app.link_token("northwind", json!({})).await;
    let nobody = app.anonymous();
    let strangers = [
        (nobody.clone(), 401, "no_credential"),
        (nobody.clone().header("authorization", ""), 401, "invalid_credential"),
        (nobody.clone().header("authorization", "Basic YTpi"), 401, "invalid_credential"),
        (nobody.clone().header("authorization", "Bearer"), 401, "invalid_credential"),
        (nobody.clone().header("authorization", "Bearer "), 401, "invalid_credential"),
        (app.bearer("olsdk_nonsense"), 401, "invalid_credential"),
        (app.bearer("é"), 401, "invalid_credential"),
        (app.bearer(&link), 401, "invalid_credential"),
        (nobody.clone().header("x-link-token", ""), 401, "invalid_credential"),
        (nobody.clone().header("x-link-token", "é"), 401, "invalid_credential"),
        (nobody.header("x-link-token", "ollt_nonsense"), 401, "invalid_credential"),
        (app.sdk().header("x-link-token", &link), 400, "two_credentials"),
        (app.sdk().header("authorization", "Bearer x"), 400, "two_credentials"),
        (browser.header("x-link-token", &link), 400, "two_credentials"),
    ];
    for route in &routes {
        for (client, status, reason) in &strangers {
            let reply = route.ask(client).await;
            reply.refused(*status, reason, "");
            let challenge = if *status == 401 { "Bearer realm=\"oneloop\"" } else { "" };
            assert_eq!(reply.header("www-authenticate"), challenge);
        }
    }
}

#[tokio::test]
async fn a_token_in_the_query_string_is_not_looked_at() {
    let (app, _, _) = setup().await;
    let link = app.link_token("northwind", json!({})).await;
    for name in ["token", "link_token", "x-link-token", "access_token"] {
        let reply = app.anonymous().get(&format!("{}?{name}={link}", app.path("api-key"))).await;
        reply.refused(401, "no_credential", "");
    }
}

#[tokio::test]
async fn an_sdk_key_needs_exactly_the_right_of_the_route() {
    let (app, routes, _) = setup().await;
    let rightless = app.sdk_with(Rights::NONE).await;
    for route in &routes {
        route.ask(&rightless).await.refused(403, "right_missing", "");
        let Right(resource, access) = route.right;
        let bits = Rights::NONE.with(Right(resource, access)).bits();
        let all_others = Rights::from_bits(Rights::ALL.bits() & !bits);
        let almost = app.sdk_with(all_others).await;
        let reply = route.ask(&almost).await;
        reply.refused(403, "right_missing", "");
        let message = reply["error"]["message"].as_str().expect("a message");
        assert!(message.ends_with(&route.right.to_string()), "{message}");
        let exact = app.sdk_with(Rights::NONE.with(route.right)).await;
        route.ask(&exact).await.succeeded();
    }
}

#[tokio::test]
async fn a_link_token_does_what_the_widget_needs_and_nothing_else() {
    let (app, routes, browser) = setup().await;
    for route in &routes {
        let reply = route.ask(&browser).await;
        if route.browsers {
            reply.succeeded();
        } else {
            reply.refused(403, "credential_not_accepted", "");
        }
    }
    app.advance(3_600);
    for route in &routes {
        route.ask(&browser).await.refused(401, "link_token_expired", "");
    }
}

/// What is somebody else's looks exactly like what is not there: status, body and headers.
#[tokio::test]
async fn another_teams_things_do_not_exist() {
    let (app, ours, _) = setup().await;
    let theirs = app.create_workspace(&app.rival()).await;
    let nowhere = routes(
        "ws_00000000000000000000000000000000",
        &json!({ "id": "ak_nonsense", "key": "ol_nonsense" }),
        "nonsense",
    );
    for (ours, nowhere) in ours.iter().zip(&nowhere) {
        if !ours.path.contains("ws_") && !ours.body.to_string().contains("ws_") {
            continue;
        }
        let not_yours = ours.ask(&app.rival()).await;
        let not_there = nowhere.ask(&app.rival()).await;
        not_yours.refused(404, "unknown_workspace", "");
        assert_eq!(not_yours.bytes, not_there.bytes, "{}", ours.path);
    }
    // Nor does our key exist in their workspace, for them or for us.
    let key = app.create_key("northwind").await;
    let path = format!("/api/v1/workspace/{theirs}/api-key/{}", key["id"].as_str().expect("an id"));
    app.rival().get(&path).await.refused(404, "unknown_api_key", "");
    app.sdk().get(&path).await.refused(404, "unknown_workspace", "");
}

#[tokio::test]
async fn a_key_exists_in_its_own_workspace_only() {
    let (app, _, _) = setup().await;
    let other = app.create_workspace(&app.sdk()).await;
    let key = app.create_key("northwind").await;
    let id = key["id"].as_str().expect("an id");
    for (workspace, id) in [(other.as_str(), id), (app.workspace.as_str(), "ak_nonsense")] {
        let path = format!("/api/v1/workspace/{workspace}/api-key/{id}");
        app.sdk().get(&path).await.refused(404, "unknown_api_key", "");
        app.sdk().patch(&path, json!({})).await.refused(404, "unknown_api_key", "");
        app.sdk().delete(&path).await.refused(404, "unknown_api_key", "");
        let rotate = format!("{path}/rotate");
        app.sdk().send("POST", &rotate, "").await.refused(404, "unknown_api_key", "");
    }
    assert_eq!(app.verdict(key["key"].as_str().expect("a secret")).await, "VALID");
}

#[tokio::test]
async fn another_customers_key_does_not_exist_for_a_link_token() {
    let (app, _, browser) = setup().await;
    let theirs = app.create_key("contoso").await;
    let theirs_path = app.key_path(&theirs);
    let nowhere = app.path("api-key/ak_00000000000000000000000000000000");
    let mut bodies = Vec::new();
    for path in [theirs_path, nowhere] {
        for reply in [
            browser.patch(&path, json!({ "enabled": false })).await,
            browser.send("POST", &format!("{path}/rotate"), "").await,
            browser.delete(&path).await,
        ] {
            reply.refused(404, "unknown_api_key", "");
            bodies.push(reply.bytes);
        }
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(app.verdict(theirs["key"].as_str().expect("a secret")).await, "VALID");

    let listed = browser.get(&app.path("api-key?includeDeleted=true")).await.succeeded();
    let keys = listed["apiKeys"].as_array().expect("a list");
    assert!(!keys.is_empty() && keys.iter().all(|key| key["customerId"] == "northwind"));
}

#[tokio::test]
async fn another_workspace_does_not_exist_for_a_link_token() {
    let (app, _, browser) = setup().await;
    let sibling = app.create_workspace(&app.sdk()).await;
    let foreign = app.create_workspace(&app.rival()).await;
    let mut bodies = Vec::new();
    for workspace in [sibling.as_str(), foreign.as_str(), "ws_nonsense"] {
        let base = format!("/api/v1/workspace/{workspace}");
        for reply in [
            browser.get(&format!("{base}/scopes")).await,
            browser.get(&format!("{base}/api-key")).await,
            browser.patch(&format!("{base}/api-key/ak_1"), json!({})).await,
            browser.delete(&format!("{base}/api-key/ak_1")).await,
            browser.send("POST", &format!("{base}/api-key/ak_1/rotate"), "").await,
        ] {
            reply.refused(404, "unknown_workspace", "");
            bodies.push(reply.bytes);
        }
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn a_link_token_creates_for_its_own_customer_only() {
    let (app, _, browser) = setup().await;
    let sibling = app.create_workspace(&app.sdk()).await;
    let expires_at = app.engine.now() + 1_000;
    for (more, reason, field) in [
        (json!({ "customerId": "contoso" }), "other_customer", "customerId"),
        (json!({ "customerId": "" }), "other_customer", "customerId"),
        (json!({ "workspaceId": sibling }), "other_workspace", "workspaceId"),
        (json!({ "workspaceId": "" }), "other_workspace", "workspaceId"),
        (json!({ "prefix": "evil" }), "field_not_allowed", "prefix"),
        (json!({ "metadata": { "plan": "enterprise" } }), "field_not_allowed", "metadata"),
        (json!({ "externalMeterId": "free" }), "field_not_allowed", "externalMeterId"),
    ] {
        let mut body = app.new_key("northwind");
        crate::app::merge(&mut body, more);
        browser.post("/api/v1/api-key", body).await.refused(403, reason, field);
    }
    let before = app.sdk().get(&app.path("api-key")).await["apiKeys"].as_array().map(Vec::len);
    assert_eq!(before, Some(1), "nothing was half made");

    let mut body = app.new_key("northwind");
    body["expiresAt"] = json!(expires_at);
    let made = browser.post("/api/v1/api-key", body).await.succeeded();
    assert_eq!(made["apiKey"]["expiresAt"], json!(expires_at));
    assert_eq!(made["apiKey"]["customerId"], "northwind");
}

#[tokio::test]
async fn a_tokens_meter_binds_the_keys_made_with_it() {
    let (app, _, _) = setup().await;
    let billing = json!({ "externalBillingId": "meter-1" });
    let browser = app.link_with("northwind", billing).await;

    let made = browser.post("/api/v1/api-key", app.new_key("northwind")).await.succeeded();

    let body = json!({ "key": made["apiKey"]["key"] });
    let verified = app.sdk().post("/api/v1/api-key/verify", body).await.succeeded();
    assert_eq!(verified["externalMeterId"], "meter-1");
}
