use insta::assert_json_snapshot;
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_workspace_is_created_with_empty_defaults() {
    let app = TestApp::new().await;

    let reply = app.sdk().post("/api/v1/workspace", json!({ "name": "Staging" })).await.succeeded();

    assert_json_snapshot!(reply.body, { ".workspace.id" => "[id]", ".workspace.teamId" => "[team]" }, @r#"
    {
      "workspace": {
        "createdAt": "2026-11-23T08:00:00.000Z",
        "defaultAllowedIPs": [],
        "defaultExpiration": null,
        "defaultKeyPrefix": null,
        "defaultRateLimitPerSecond": null,
        "id": "[id]",
        "name": "Staging",
        "teamId": "[team]",
        "updatedAt": "2026-11-23T08:00:00.000Z"
      }
    }
    "#);
    assert_eq!(reply["workspace"]["teamId"], json!(app.team));
    let again =
        app.sdk().get(&format!("/api/v1/workspace/{}", reply.text_at("/workspace/id"))).await;
    assert_eq!(again.succeeded().body, reply.body);
}

#[tokio::test]
async fn a_team_lists_its_own_workspaces_and_no_others() {
    let app = TestApp::new().await;
    app.create_workspace(&app.rival()).await;

    let mine = app.sdk().get("/api/v1/workspace").await.succeeded();
    let list = mine["workspaces"].as_array().expect("a list");

    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["id"], json!(app.workspace));
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_null_clears() {
    let app = TestApp::new().await;
    let path = format!("/api/v1/workspace/{}", app.workspace);
    app.advance(60);

    let body = json!({
        "defaultKeyPrefix": "acme",
        "defaultAllowedIPs": ["192.0.2.1", "2001:db8::/32"],
        "defaultRateLimitPerSecond": 10,
        "defaultExpiration": 86_400_000,
    });
    let reply = app.sdk().patch(&path, body).await.succeeded();
    assert_json_snapshot!(reply.body, { ".workspace.id" => "[id]", ".workspace.teamId" => "[team]" }, @r#"
    {
      "workspace": {
        "createdAt": "2026-11-23T08:00:00.000Z",
        "defaultAllowedIPs": [
          "192.0.2.1",
          "2001:db8::/32"
        ],
        "defaultExpiration": 86400000,
        "defaultKeyPrefix": "acme",
        "defaultRateLimitPerSecond": 10,
        "id": "[id]",
        "name": "Production",
        "teamId": "[team]",
        "updatedAt": "2026-11-23T08:01:00.000Z"
      }
    }
    "#);

    // What Go sends when only the prefix is set, and what Python sends for None.
    let reply = app.sdk().patch(&path, json!({ "defaultKeyPrefix": null })).await.succeeded();
    assert_eq!(reply["workspace"]["defaultKeyPrefix"], json!(null));
    assert_eq!(reply["workspace"]["defaultRateLimitPerSecond"], json!(10));
    let unchanged = app.sdk().patch(&path, json!({})).await.succeeded();
    assert_eq!(
        unchanged["workspace"]["defaultAllowedIPs"],
        reply["workspace"]["defaultAllowedIPs"]
    );
}

#[tokio::test]
async fn a_workspace_that_is_not_there_is_not_found() {
    let app = TestApp::new().await;
    for id in ["ws_00000000000000000000000000000000", "nonsense", "%00", "%ff", "ws_%F0%9F%92%A5"] {
        let path = format!("/api/v1/workspace/{id}");
        app.sdk().get(&path).await.refused(404, "unknown_workspace", "");
        app.sdk().patch(&path, json!({})).await.refused(404, "unknown_workspace", "");
    }
}
