//! Ending an overlap.

use serde_json::{Value, json};

use crate::app::TestApp;

#[tokio::test]
async fn the_old_secret_stops_when_its_overlap_is_ended() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let (old, path) = (key["key"].as_str().expect("a secret"), app.key_path(&key));
    let browser = app.link("northwind").await;
    let rotated = browser.post(&format!("{path}/rotate"), json!({ "overlapSeconds": 600 })).await;
    let rotated = rotated.succeeded();
    assert_eq!(rotated["apiKey"]["previousMaskedKey"], key["maskedKey"]);
    let unused = rotated["apiKey"].get("previousLastUsedAt");
    assert_eq!(unused, Some(&Value::Null), "there, and not since it was replaced");
    let new = rotated.text_at("/apiKey/key");
    assert_eq!((app.verdict(old).await, app.verdict(&new).await), ("VALID".into(), "VALID".into()));
    let found = browser.get(&format!("{}?status=rotating", app.path("api-key"))).await.succeeded();
    assert_eq!(found["apiKeys"][0]["id"], key["id"]);

    let stranger = app.link("contoso").await;
    stranger.post(&format!("{path}/end-overlap"), Value::Null).await.refused(
        404,
        "unknown_api_key",
        "",
    );
    let reader = app.link_with("northwind", json!({ "permissions": ["list", "update"] })).await;
    reader.post(&format!("{path}/end-overlap"), Value::Null).await.refused(
        403,
        "permission_missing",
        "",
    );
    assert_eq!(app.verdict(old).await, "VALID");

    for _twice in 0..2 {
        let ended = browser.send("POST", &format!("{path}/end-overlap"), "").await.succeeded();
        for gone in ["previousKeyExpiresAt", "previousMaskedKey", "previousLastUsedAt"] {
            assert!(ended["apiKey"].get(gone).is_none(), "{gone}: {}", ended.body);
        }
        assert!(ended["apiKey"].get("key").is_none(), "no secret: {}", ended.body);
        assert_eq!(
            (app.verdict(old).await, app.verdict(&new).await),
            ("INVALID".into(), "VALID".into())
        );
    }
    let told = app.sdk().get(&format!("{path}/activity")).await.succeeded();
    let ended = told["activity"].as_array().expect("lines").iter();
    assert_eq!(ended.filter(|line| line["action"] == "api_key.overlap_ended").count(), 1);
}
