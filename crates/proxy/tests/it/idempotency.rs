//! Requests that have their effect once.

use serde_json::{Value, json};

use crate::app::{Client, TestApp};

fn named(client: Client, key: &str) -> Client {
    client.header("idempotency-key", key)
}

async fn count(app: &TestApp) -> usize {
    let listed = app.sdk().get(&app.path("api-key")).await.succeeded();
    listed["apiKeys"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_repeated_create_makes_one_key_and_answers_the_same() {
    let app = TestApp::new().await;
    for (client, customer) in [(app.sdk(), "northwind"), (app.link("contoso").await, "contoso")] {
        let before = count(&app).await;
        let client = named(client, "one");
        let first = client.post("/api/v1/api-key", app.new_key(customer)).await.succeeded();
        app.advance(60);
        let second = client.post("/api/v1/api-key", app.new_key(customer)).await.succeeded();
        assert_eq!(first.body, second.body);
        assert_eq!(app.verdict(&second.text_at("/apiKey/key")).await, "VALID");
        assert_eq!(count(&app).await, before + 1);
    }
    // Even where the body would be refused by now.
    let client = named(app.sdk(), "expires");
    let mut body = app.new_key("northwind");
    body["expiresAt"] = json!(app.engine.now() + 1_000);
    let first = client.post("/api/v1/api-key", body.clone()).await.succeeded();
    app.advance(2);
    assert_eq!(client.post("/api/v1/api-key", body).await.succeeded().body, first.body);
}

#[tokio::test]
async fn requests_at_the_same_time_make_one_key() {
    let app = TestApp::new().await;
    let client = named(app.sdk(), "race");
    let requests = (0..16).map(|_| {
        let (client, body) = (client.clone(), app.new_key("northwind"));
        tokio::spawn(async move { client.post("/api/v1/api-key", body).await.succeeded().body })
    });
    let mut answers = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        answers.push(request.await.expect("answers"));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(count(&app).await, 1);
}

#[tokio::test]
async fn a_repeated_rotation_rotates_once() {
    let app = TestApp::new().await;
    let key = app.create_key("northwind").await;
    let path = format!("{}/rotate", app.key_path(&key));
    let client = named(app.link("northwind").await, "rotate");
    let first = client.post(&path, Value::Null).await.succeeded();
    // A new token of the same customer is the same caller.
    let client = named(app.link("northwind").await, "rotate");
    let second = client.send("POST", &path, "").await.succeeded();
    assert_eq!(first.body, second.body);
    assert_eq!(app.verdict(&first.text_at("/apiKey/key")).await, "VALID");
    let told = app.sdk().get(&format!("{}/activity", app.key_path(&key))).await.succeeded();
    assert_eq!(told["activity"].as_array().map(Vec::len), Some(2));
    let longer = client.post(&path, json!({ "overlapSeconds": 60 })).await;
    longer.refused(400, "idempotency_key_reused", "Idempotency-Key");
}

#[tokio::test]
async fn another_request_under_the_same_name_is_refused() {
    let app = TestApp::new().await;
    let client = named(app.sdk(), "one");
    client.post("/api/v1/api-key", app.new_key("northwind")).await.succeeded();
    let other = client.post("/api/v1/api-key", app.new_key("contoso")).await;
    other.refused(400, "idempotency_key_reused", "Idempotency-Key");
    let other = client.post("/api/v1/workspace", json!({ "name": "x" })).await;
    other.refused(400, "idempotency_key_reused", "Idempotency-Key");
    assert_eq!(count(&app).await, 1);
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let app = TestApp::new().await;
    let client = named(app.sdk(), "later");
    let mut body = app.new_key("northwind");
    body["name"] = json!("");
    client.post("/api/v1/api-key", body).await.refused(400, "name_empty", "name");
    client.post("/api/v1/api-key", app.new_key("northwind")).await.succeeded();
}

#[tokio::test]
async fn names_are_the_callers_own_and_last_a_day() {
    let app = TestApp::new().await;
    let workspace = json!({ "name": "Staging" });
    let ours = named(app.sdk(), "one").post("/api/v1/workspace", workspace.clone()).await;
    let theirs = named(app.rival(), "one").post("/api/v1/workspace", workspace.clone()).await;
    let (ours, theirs) = (ours.succeeded(), theirs.succeeded());
    assert_ne!(ours["workspace"]["id"], theirs["workspace"]["id"]);
    for customer in ["northwind", "contoso"] {
        let client = named(app.link(customer).await, "one");
        client.post("/api/v1/api-key", app.new_key(customer)).await.succeeded();
    }
    app.advance(24 * 60 * 60 - 1);
    let again = named(app.sdk(), "one").post("/api/v1/workspace", workspace.clone()).await;
    assert_eq!(again.succeeded().body, ours.body);
    app.advance(1);
    let again = named(app.sdk(), "one").post("/api/v1/workspace", workspace).await.succeeded();
    assert_ne!(again["workspace"]["id"], ours["workspace"]["id"], "forgotten after a day");
}

#[tokio::test]
async fn a_malformed_name_is_refused() {
    let app = TestApp::new().await;
    for bad in ["", "two words", "é", &"x".repeat(256)] {
        let reply = named(app.sdk(), bad).post("/api/v1/api-key", app.new_key("northwind")).await;
        reply.refused(400, "idempotency_key_invalid", "Idempotency-Key");
    }
    let twice = named(named(app.sdk(), "a"), "b");
    let reply = twice.post("/api/v1/api-key", app.new_key("northwind")).await;
    reply.refused(400, "idempotency_key_invalid", "Idempotency-Key");
    assert_eq!(count(&app).await, 0);
}

#[tokio::test]
async fn repeated_usage_is_charged_once() {
    let app = TestApp::new().await;
    let meter = json!({ "workspaceId": app.workspace, "externalMeterId": "credits" });
    app.sdk().post("/api/v1/customer-billing", meter).await.succeeded();
    let key = app.create_key_with("northwind", json!({ "externalMeterId": "credits" })).await;
    let other = app.create_key_with("northwind", json!({ "externalMeterId": "credits" })).await;
    let path = "/api/v1/api-key/record-usage";
    let usage = |key: &Value, usage: &str| json!({ "key": key["key"], "usage": usage });
    let used = async || {
        let query = format!("workspaceId={}&externalMeterId=credits", app.workspace);
        let meter = app.sdk().get(&format!("/api/v1/customer-billing?{query}")).await.succeeded();
        meter.text_at("/billing/usedCredits")
    };
    let once = named(app.sdk(), "batch-7");
    let requests = (0..16).map(|_| {
        let (client, body) = (once.clone(), usage(&key, "5"));
        tokio::spawn(async move { client.post(path, body).await.succeeded().body })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.expect("answers"), json!({}));
    }
    assert_eq!(used().await, "5");
    // Whatever has become of the key since.
    app.sdk().delete(&app.key_path(&key)).await.succeeded();
    assert_eq!(once.post(path, usage(&key, "5")).await.succeeded().body, json!({}));
    for body in [usage(&key, "6"), usage(&other, "5")] {
        once.post(path, body).await.refused(400, "idempotency_key_reused", "Idempotency-Key");
    }
    // A refused request has used up nothing.
    let retried = named(app.sdk(), "batch-8");
    let unknown = retried.post(path, json!({ "key": "ol_nonsense", "usage": "1" })).await;
    unknown.refused(404, "unknown_api_key", "");
    retried.post(path, usage(&other, "2")).await.succeeded();
    assert_eq!(used().await, "7");
    // Without a name, and under the name of another team, it is another request.
    app.sdk().post(path, usage(&other, "1")).await.succeeded();
    named(app.rival(), "batch-7").post(path, usage(&other, "5")).await.refused(
        404,
        "unknown_api_key",
        "",
    );
    app.advance(24 * 60 * 60);
    once.post(path, usage(&other, "5")).await.succeeded();
    assert_eq!(used().await, "13");
}
