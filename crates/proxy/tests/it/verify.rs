use insta::assert_json_snapshot;
use serde_json::json;

use crate::app::{TestApp, grant};

const VERIFY: &str = "/api/v1/api-key/verify";

#[tokio::test]
async fn a_valid_key_is_described() {
    let app = TestApp::new().await;
    let key = app.create_key_with("northwind", json!({ "metadata": { "plan": "pro" } })).await;

    let body = json!({ "key": key["key"], "requestedScopes": [grant("deployments", "read")] });
    let reply = app.sdk().post(VERIFY, body).await.succeeded();

    assert_json_snapshot!(reply.body, { ".apiKeyId" => "[id]", ".scopes[].id" => "[id]" }, @r#"
    {
      "apiKeyId": "[id]",
      "billing": null,
      "customerId": "northwind",
      "expiresAt": null,
      "externalMeterId": null,
      "metadata": {
        "plan": "pro"
      },
      "requestedScopes": [
        {
          "create": false,
          "del": false,
          "read": true,
          "representation": "deployments",
          "update": false
        }
      ],
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
      "status": "VALID"
    }
    "#);
    assert_eq!(reply["apiKeyId"], key["id"]);
}

#[tokio::test]
async fn a_key_that_nobody_issued_is_invalid_not_an_error() {
    let app = TestApp::new().await;
    for key in
        ["", "nonsense", "ol_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0YDTx6", "\0", "Bearer "]
    {
        let reply = app.sdk().post(VERIFY, json!({ "key": key })).await.succeeded();
        let expected = json!({
            "apiKeyId": "",
            "billing": null,
            "customerId": null,
            "expiresAt": null,
            "externalMeterId": null,
            "metadata": {},
            "requestedScopes": [],
            "scopes": [],
            "status": "INVALID",
        });
        assert_eq!(reply.body, expected, "{key:?}");
    }
}

#[tokio::test]
async fn a_leading_bearer_is_dropped_once() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let secret = key["key"].as_str().expect("a secret");
    assert_eq!(app.verdict(&format!("Bearer {secret}")).await, "VALID");
    assert_eq!(app.verdict(&format!("Bearer Bearer {secret}")).await, "INVALID");
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_invalid_scopes() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    for (asked, status) in [
        (json!([]), "VALID"),
        (json!([grant("deployments", "read")]), "VALID"),
        (json!([grant("metrics", "")]), "VALID"),
        (json!([grant("deployments", "read create")]), "INVALID_SCOPES"),
        (json!([grant("metrics", "read")]), "INVALID_SCOPES"),
        (json!([grant("nowhere", "del")]), "INVALID_SCOPES"),
    ] {
        let body = json!({ "key": key["key"], "requestedScopes": asked });
        let reply = app.sdk().post(VERIFY, body).await.succeeded();
        assert_eq!(reply["status"], status, "{asked}");
        assert_eq!(reply["requestedScopes"], asked);
    }
}

#[tokio::test]
async fn the_dialects_of_all_generations_are_read() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    for more in [
        json!({}),
        json!({ "route": "/users/:id", "billing": { "usage": 1, "useCustomerIdForBilling": false, "id": "x" } }),
        json!({ "billing": { "usage": "1", "usageName": "calls" } }),
        json!({ "billing": {} }),
        json!({ "requestedScopes": [{ "id": "deployments", "representation": "deployments",
                "create": false, "read": true, "update": false, "del": false }] }),
    ] {
        let mut body = json!({ "key": key["key"] });
        crate::app::merge(&mut body, more.clone());
        let reply = app.sdk().post(VERIFY, body).await.succeeded();
        assert_eq!(reply["status"], "VALID", "{more}");
    }
    let nulls = format!(
        r#"{{"key":{},"requestedScopes":null,"route":null,"billing":null,"rateLimitConfig":null,"clientIp":null}}"#,
        key["key"]
    );
    let reply = app.sdk().send("POST", VERIFY, nulls).await.succeeded();
    assert_eq!(reply["status"], "VALID");
}

#[tokio::test]
async fn an_address_outside_the_workspaces_list_is_invalid_and_says_why() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let list = json!({ "defaultAllowedIPs": ["192.0.2.0/24"] });
    app.sdk().patch(&format!("/api/v1/workspace/{}", app.workspace), list).await.succeeded();
    for (address, status, denied) in [
        (json!("192.0.2.9"), "VALID", json!(null)),
        (json!("203.0.113.9"), "INVALID", json!("address_not_allowed")),
        (json!(null), "VALID", json!(null)),
    ] {
        let body = json!({ "key": key["key"], "clientIp": address });
        let reply = app.sdk().post(VERIFY, body).await.succeeded();
        assert_eq!((&reply["status"], &reply["denied"]), (&json!(status), &denied), "{address}");
    }
}

#[tokio::test]
async fn another_teams_keys_are_unknown() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let reply = app.rival().post(VERIFY, json!({ "key": key["key"] })).await.succeeded();
    assert_eq!((&reply["status"], &reply["apiKeyId"]), (&json!("INVALID"), &json!("")));
}
