use insta::assert_json_snapshot;
use serde_json::json;

use crate::app::{NOW, TestApp};

#[tokio::test]
async fn a_token_is_minted_and_describes_itself() {
    let app = TestApp::new().await;
    let body = json!({
        "workspaceId": app.workspace,
        "customerId": "northwind",
        "externalBillingId": "meter-1",
    });

    let minted = app.sdk().post("/api/v1/link-token", body).await.succeeded();
    assert_json_snapshot!(minted.body, { ".token" => "[token]" }, @r#"
    {
      "expiresAt": 1795424400000,
      "token": "[token]"
    }
    "#);
    assert_eq!(minted["expiresAt"], json!(NOW + 3_600_000));

    let token = minted.text_at("/token");
    let path = format!("/api/v1/link-token/{token}");
    let by_browser = app.anonymous().header("x-link-token", &token).get(&path).await.succeeded();
    assert_json_snapshot!(by_browser.body, { ".workspaceId" => "[id]" }, @r#"
    {
      "customerId": "northwind",
      "expiresAt": 1795424400000,
      "externalBillingId": "meter-1",
      "keyPolicy": {
        "expiryRequired": false
      },
      "permissions": [
        "list",
        "create",
        "update",
        "rotate",
        "delete"
      ],
      "valid": true,
      "workspaceId": "[id]"
    }
    "#);
    assert_eq!(app.sdk().get(&path).await.succeeded().body, by_browser.body);

    // Without the token in the path, where logs would have it.
    let itself = "/api/v1/link-token/self";
    let by_itself = app.anonymous().header("x-link-token", &token).get(itself).await.succeeded();
    assert_eq!(by_itself.body, by_browser.body);
    app.sdk().get(itself).await.refused(404, "unknown_link_token", "");
}

#[tokio::test]
async fn an_expired_token_is_refused_to_the_browser_and_described_to_the_server() {
    let app = TestApp::new().await;
    let token = app.link_token("northwind", json!({})).await;
    let browser = app.anonymous().header("x-link-token", &token);
    let path = format!("/api/v1/link-token/{token}");

    app.advance(3_599);
    browser.get(&path).await.succeeded();
    app.advance(1);
    browser.get(&path).await.refused(401, "link_token_expired", "");
    browser.get(&app.path("api-key")).await.refused(401, "link_token_expired", "");

    let known = app.sdk().get(&path).await.succeeded();
    assert_eq!((&known["valid"], &known["customerId"]), (&json!(false), &json!("northwind")));
    app.rival().get(&path).await.refused(404, "unknown_link_token", "");
}

#[tokio::test]
async fn a_token_learns_nothing_about_another() {
    let app = TestApp::new().await;
    let browser = app.link("northwind").await;
    let mut bodies = Vec::new();
    for other in
        [app.link_token("contoso", json!({})).await, "nonsense".to_owned(), "%ff".to_owned()]
    {
        let reply = browser.get(&format!("/api/v1/link-token/{other}")).await;
        reply.refused(404, "unknown_link_token", "");
        bodies.push(reply.bytes);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn a_token_for_a_workspace_that_is_not_ours_is_not_minted() {
    let app = TestApp::new().await;
    let theirs = app.create_workspace(&app.rival()).await;
    for workspace in [theirs.as_str(), "ws_nonsense"] {
        let body = json!({ "workspaceId": workspace, "customerId": "northwind" });
        let reply = app.sdk().post("/api/v1/link-token", body).await;
        reply.refused(404, "unknown_workspace", "");
    }
}

#[tokio::test]
async fn a_token_with_origins_works_from_those_pages_only() {
    let app = TestApp::new().await;
    let origins = json!({ "origins": ["https://app.example.com"] });
    let browser = app.link_with("northwind", origins).await;
    let path = app.path("api-key");

    browser.clone().header("origin", "https://app.example.com").get(&path).await.succeeded();
    for origin in ["https://evil.test", "http://app.example.com", "null"] {
        let reply = browser.clone().header("origin", origin).get(&path).await;
        reply.refused(403, "origin_not_allowed", "");
    }
    browser.get(&path).await.refused(403, "origin_not_allowed", "");
    // A browser leaves Origin out of a GET to the page's own origin.
    let same = browser.header("sec-fetch-site", "same-origin").header("host", "app.example.com");
    same.get(&path).await.succeeded();
}

#[tokio::test]
async fn a_token_does_what_its_permissions_say() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let path = app.key_path(&key);
    for (permission, allowed) in [
        ("list", "GET"),
        ("create", "POST"),
        ("update", "PATCH"),
        ("rotate", "ROTATE"),
        ("delete", "DELETE"),
    ] {
        let browser = app.link_with("northwind", json!({ "permissions": [permission] })).await;
        let replies = [
            ("GET", browser.get(&app.path("api-key")).await),
            ("GET", browser.get(&app.path("scopes")).await),
            ("POST", browser.post("/api/v1/api-key", app.new_key("northwind")).await),
            ("PATCH", browser.patch(&path, json!({})).await),
            ("ROTATE", browser.send("POST", &format!("{path}/rotate"), "").await),
            ("DELETE", browser.delete(&path).await),
        ];
        for (action, reply) in replies {
            if action == allowed {
                reply.succeeded();
            } else {
                reply.refused(403, "permission_missing", "");
            }
        }
    }
}
