//! Usage and activity of a key.

use serde_json::{Value, json};

use crate::app::{TestApp, grant};

const DAY: u64 = 24 * 60 * 60;

/// Verifies `times` times, and writes the counts.
async fn verify(app: &TestApp, body: Value, times: usize) {
    for _ in 0..times {
        app.sdk().post("/api/v1/api-key/verify", body.clone()).await.succeeded();
    }
}

/// The usage once it shows `total` verifications: it is written behind, within a second.
pub(crate) async fn usage(app: &TestApp, path: &str, total: u64) -> Value {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let usage = app.sdk().get(path).await.succeeded()["usage"].clone();
        let days = usage["days"].as_array().expect("days");
        let found: u64 = days.iter().filter_map(|day| day["total"].as_u64()).sum();
        if found == total {
            return usage;
        }
        assert!(tokio::time::Instant::now() < deadline, "{usage}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn verifications_are_counted_by_day_route_and_verdict() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let path = format!("{}/usage", app.key_path(&key));
    verify(&app, json!({ "key": key["key"] }), 2).await;
    // What was counted on one day is written before the clock moves on.
    usage(&app, &path, 2).await;
    app.advance(DAY);
    verify(&app, json!({ "key": key["key"], "route": "/users/:id" }), 3).await;
    let denied =
        json!({ "key": key["key"], "requestedScopes": [grant("metrics", "read")], "route": null });
    verify(&app, denied, 1).await;

    let usage = usage(&app, &format!("{path}?days=3"), 6).await;

    assert_eq!(
        usage,
        json!({
            "apiKeyId": key["id"],
            "days": [
                { "day": "2026-11-22", "total": 0, "statuses": {} },
                { "day": "2026-11-23", "total": 2, "statuses": { "VALID": 2 } },
                { "day": "2026-11-24", "total": 4, "statuses": { "VALID": 3, "INVALID_SCOPES": 1 } },
            ],
            "routes": [
                { "route": null, "total": 3, "statuses": { "VALID": 2, "INVALID_SCOPES": 1 } },
                { "route": "/users/:id", "total": 3, "statuses": { "VALID": 3 } },
            ],
        })
    );
    let month = app.sdk().get(&path).await.succeeded()["usage"]["days"].clone();
    assert_eq!(month.as_array().map(Vec::len), Some(30));
    let browser = app.link("northwind").await;
    assert_eq!(browser.get(&path).await.succeeded()["usage"]["days"], month);
}

#[tokio::test]
async fn a_query_out_of_range_is_refused_by_name() {
    let app = TestApp::new().await;
    let path = app.key_path(&app.create_key("northwind").await);
    for days in ["0", "401", "-1", "many"] {
        let reply = app.sdk().get(&format!("{path}/usage?days={days}")).await;
        reply.refused(400, "invalid_query", "days");
    }
    for limit in ["0", "201", "x"] {
        let reply = app.sdk().get(&format!("{path}/activity?limit={limit}")).await;
        reply.refused(400, "invalid_query", "limit");
    }
    for cursor in ["x", "0", "-7"] {
        let reply = app.sdk().get(&format!("{path}/activity?cursor={cursor}")).await;
        reply.refused(400, "invalid_cursor", "cursor");
    }
    let body = json!({ "key": "x", "route": "r".repeat(256) });
    let reply = app.sdk().post("/api/v1/api-key/verify", body).await;
    reply.refused(400, "route_too_long", "route");
}

#[tokio::test]
async fn what_happened_to_a_key_is_told_newest_first() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let path = app.key_path(&key);
    app.advance(1);
    let browser = app.link("northwind").await;
    browser.patch(&path, json!({ "name": "deploys" })).await.succeeded();
    app.sdk().post(&format!("{path}/rotate"), json!({ "overlapSeconds": 60 })).await.succeeded();
    let _noise = app.create_key("northwind").await;

    let told = app.sdk().get(&format!("{path}/activity")).await.succeeded();
    let lines = told["activity"].as_array().expect("lines");
    let actions: Vec<_> = lines.iter().map(|line| line["action"].as_str()).collect();
    let expected = ["api_key.rotated", "api_key.updated", "api_key.created"].map(Some);
    assert_eq!(actions, expected);
    assert_eq!(lines[0]["detail"], json!({ "overlapSeconds": 60 }));
    assert_eq!(lines[1]["detail"], json!({ "name": "deploys" }));
    assert_eq!(lines[1]["actor"]["kind"], "link_token");
    assert_eq!(lines[2]["actor"]["kind"], "sdk_key");
    assert!(
        lines[2]["actor"]["id"].as_str().is_some_and(|id| id.starts_with("sk_")),
        "{}",
        lines[2]
    );
    assert_eq!(lines[2]["address"], "192.0.2.10");
    assert_eq!(lines[2]["at"], "2026-11-23T08:00:00.000Z");
    assert_eq!(lines[2]["detail"]["scopes"][0]["representation"], "deployments");
    assert_eq!(told["nextCursor"], Value::Null);

    let page = app.sdk().get(&format!("{path}/activity?limit=2")).await.succeeded();
    let cursor = page.text_at("/nextCursor");
    let rest = app.sdk().get(&format!("{path}/activity?limit=2&cursor={cursor}")).await.succeeded();
    assert_eq!(rest["activity"], json!([lines[2]]));
    assert_eq!(rest["nextCursor"], Value::Null);
}

#[tokio::test]
async fn a_page_learns_no_address_no_request_and_no_credential() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let told = app.link("northwind").await.get(&format!("{}/activity", app.key_path(&key))).await;
    let line = told.succeeded()["activity"][0].clone();
    assert_eq!(line["actor"], json!({ "kind": "sdk_key" }));
    let members: Vec<_> = line.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(members, ["action", "actor", "at", "detail"]);
    let stranger = app.link("contoso").await;
    for what in ["usage", "activity"] {
        let path = format!("{}/{what}", app.key_path(&key));
        stranger.get(&path).await.refused(404, "unknown_api_key", "");
        app.rival().get(&path).await.refused(404, "unknown_workspace", "");
    }
}
