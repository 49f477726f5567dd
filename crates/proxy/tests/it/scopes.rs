use insta::assert_json_snapshot;
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_scope_is_created_and_listed() {
    let app = TestApp::new().await;

    let body =
        json!({ "name": "Billing", "representation": "billing:v2", "description": "Invoices" });
    let created = app.sdk().post(&app.path("scope"), body).await.succeeded();
    assert_json_snapshot!(created.body, { ".scope.id" => "[id]" }, @r#"
    {
      "scope": {
        "createdAt": "2026-11-23T08:00:00.000Z",
        "description": "Invoices",
        "id": "[id]",
        "name": "Billing",
        "representation": "billing:v2",
        "updatedAt": "2026-11-23T08:00:00.000Z"
      }
    }
    "#);

    let listed = app.sdk().get(&app.path("scopes")).await.succeeded();
    let scopes = listed["scopes"].as_array().expect("a list");
    assert_eq!(scopes.len(), 3);
    assert_eq!(scopes[2], created["scope"]);
    // Absent and null are both no description.
    assert_eq!(scopes[0]["description"], json!(null));
}

#[tokio::test]
async fn a_browser_sees_the_same_catalogue() {
    let app = TestApp::new().await;
    let by_server = app.sdk().get(&app.path("scopes")).await.succeeded();
    let by_browser = app.link("northwind").await.get(&app.path("scopes")).await.succeeded();
    assert_eq!(by_browser.body, by_server.body);
}

#[tokio::test]
async fn the_same_representation_twice_is_refused_and_leaves_one() {
    let app = TestApp::new().await;
    let body = json!({ "name": "Again", "representation": "metrics" });

    let reply = app.sdk().post(&app.path("scope"), body.clone()).await;
    reply.refused(400, "duplicate_scope", "representation");

    let listed = app.sdk().get(&app.path("scopes")).await.succeeded();
    assert_eq!(listed["scopes"].as_array().map(Vec::len), Some(2));

    // In another workspace it is another scope.
    let other = app.create_workspace(&app.sdk()).await;
    app.sdk().post(&format!("/api/v1/workspace/{other}/scope"), body).await.succeeded();
}
