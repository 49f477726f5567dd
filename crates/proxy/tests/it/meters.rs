//! Credit over HTTP: endpoints 13, 15 and 19 to 22, and `billing` in verify.

use serde_json::{Value, json};

use crate::app::TestApp;

const METER: [&str; 7] =
    ["allowOverages", "createdAt", "id", "spendCap", "totalCredits", "updatedAt", "usedCredits"];

impl TestApp {
    async fn meter(&self, external_id: &str, credits: &str) -> Value {
        let body = json!({
            "workspaceId": self.workspace, "externalMeterId": external_id, "totalCredits": credits,
        });
        self.sdk().post("/api/v1/customer-billing", body).await.succeeded()["billing"].clone()
    }

    async fn verified(&self, key: &Value, billing: Value) -> Value {
        let body = json!({ "key": key["key"], "requestedScopes": [], "billing": billing });
        self.sdk().post("/api/v1/api-key/verify", body).await.succeeded().body
    }
}

#[tokio::test]
async fn a_meter_is_created_once_shown_and_refilled() {
    let app = TestApp::new().await;
    let path = "/api/v1/customer-billing";
    let query = format!("{path}?workspaceId={}&externalMeterId=m%201", app.workspace);
    assert_eq!(app.sdk().get(&query).await.succeeded().body, json!({ "billing": null }));

    let made = app.meter("m 1", "100").await;
    let members: Vec<_> = made.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(members, METER);
    assert!(made["id"].as_str().is_some_and(|id| id.starts_with("mt_")), "{made}");
    assert_eq!((&made["totalCredits"], &made["usedCredits"]), (&json!("100"), &json!("0")));
    assert_eq!((&made["allowOverages"], &made["spendCap"]), (&json!(false), &Value::Null));
    assert_eq!(app.sdk().get(&query).await.succeeded()["billing"], made);
    assert_eq!(app.meter("m 1", "7").await, made, "unchanged");

    app.advance(1);
    let refill = |amount: Value| {
        let client = app.sdk().header("idempotency-key", &format!("refill-{amount}"));
        let body =
            json!({ "workspaceId": app.workspace, "externalMeterId": "m 1", "refill": amount });
        async move { client.post("/api/v1/customer-billing/refill", body).await }
    };
    for _twice in 0..2 {
        let refilled = refill(json!(50)).await.succeeded()["billing"].clone();
        assert_eq!(refilled["totalCredits"], "150");
        assert_ne!(refilled["updatedAt"], made["updatedAt"]);
    }
    assert_eq!(refill(json!("50")).await.succeeded()["billing"]["totalCredits"], "200");
    refill(json!(0)).await.refused(400, "out_of_range", "refill");
    refill(json!(-1)).await.refused(400, "amount_invalid", "refill");
    refill(json!("5e3")).await.refused(400, "amount_invalid", "refill");
    refill(Value::Null).await.refused(400, "invalid_type", "refill");
    let body = json!({ "workspaceId": app.workspace, "externalMeterId": "none", "refill": 1 });
    app.sdk().post("/api/v1/customer-billing/refill", body).await.refused(404, "unknown_meter", "");
    app.sdk().get(path).await.refused(400, "missing_field", "workspaceId");
    app.rival().get(&query).await.refused(404, "unknown_workspace", "");
}

#[tokio::test]
async fn verify_charges_in_every_dialect_and_shows_the_meter() {
    let app = TestApp::new().await;
    let meter = app.meter("m", "10").await;
    let key = app.create_key_with("northwind", json!({ "externalMeterId": "m" })).await;
    assert_eq!(key["billingId"], meter["id"]);
    for (billing, used) in [
        (json!({ "usage": "2", "usageName": "tokens" }), "2"),
        (json!({ "usage": 3 }), "5"),
        (json!({}), "5"),
        (Value::Null, "5"),
        (json!({ "usage": null, "usageName": null }), "5"),
        (json!({ "id": "m", "useCustomerIdForBilling": true, "usage": 1 }), "6"),
        (json!({ "usage": "4" }), "10"),
    ] {
        let verified = app.verified(&key, billing.clone()).await;
        assert_eq!(
            (&verified["status"], &verified["billing"]["usedCredits"]),
            (&json!("VALID"), &json!(used)),
            "{billing}"
        );
        assert_eq!(verified["externalMeterId"], "m");
    }
    let denied = app.verified(&key, json!({ "usage": "1" })).await;
    assert_eq!(
        (&denied["status"], &denied["billing"]["usedCredits"]),
        (&json!("USAGE_LIMITED"), &json!("10"))
    );
    for bad in
        [json!({ "usage": "-1" }), json!({ "usage": 1.5 }), json!({ "usage": "1".repeat(39) })]
    {
        let body = json!({ "key": key["key"], "billing": bad });
        let reply = app.sdk().post("/api/v1/api-key/verify", body).await;
        reply.refused(400, "amount_invalid", "billing.usage");
    }

    for id in ["m", meter["id"].as_str().expect("an id")] {
        let usage = app.sdk().get(&format!("/api/v1/usage/{id}")).await.succeeded();
        let row = |name: &str, total: &str| {
            json!({
                "billingId": meter["id"], "day": "2026-11-23",
                "totalBillingUsage": total, "billingUsageName": name,
            })
        };
        assert_eq!(usage.body, json!({ "data": [row("default", "8"), row("tokens", "2")] }));
    }
    assert_eq!(app.sdk().get("/api/v1/usage/none").await.succeeded().body, json!({ "data": [] }));
    assert_eq!(app.rival().get("/api/v1/usage/m").await.succeeded().body, json!({ "data": [] }));
}

#[tokio::test]
async fn recorded_usage_is_charged_and_answers_an_empty_object() {
    let app = TestApp::new().await;
    app.meter("m", "1").await;
    let key = app.create_key_with("northwind", json!({ "externalMeterId": "m" })).await;
    let record = |body: Value| {
        let client = app.sdk();
        async move { client.post("/api/v1/api-key/record-usage", body).await }
    };
    let recorded = record(json!({ "key": key["key"], "usage": "5", "usageName": "late" })).await;
    assert_eq!(recorded.succeeded().body, json!({}));
    record(json!({ "key": format!("Bearer {}", key["key"].as_str().expect("a key")) }))
        .await
        .succeeded();
    let usage = app.sdk().get("/api/v1/usage/m").await.succeeded();
    assert_eq!(usage["data"][0]["totalBillingUsage"], "5");
    record(json!({ "key": "ol_nothing", "usage": "1" })).await.refused(404, "unknown_api_key", "");
    record(json!({ "usage": "1" })).await.refused(400, "missing_field", "key");
}

#[tokio::test]
async fn a_counter_is_set_shown_and_refilled() {
    let app = TestApp::new().await;
    let key = app.create_key_with("northwind", json!({ "totalUsageAllowed": 1 })).await;
    assert_eq!((&key["totalUsageLeft"], &key["limitUsage"]), (&json!(1), &json!(true)));
    let secret = key["key"].as_str().expect("a secret");
    assert_eq!(app.verdict(secret).await, "VALID");
    assert_eq!(app.verdict(secret).await, "USAGE_LIMITED");
    let path = format!("{}/refill", app.key_path(&key));
    let refilled = app.sdk().post(&path, json!({ "amount": 2 })).await.succeeded();
    assert_eq!(refilled["apiKey"]["totalUsageLeft"], 2);
    assert_eq!(app.verdict(secret).await, "VALID");
    app.sdk().post(&path, json!({ "amount": 0 })).await.refused(400, "out_of_range", "amount");
    let plain = app.create_key("northwind").await;
    assert_eq!((&plain["totalUsageLeft"], &plain["limitUsage"]), (&Value::Null, &json!(false)));
    let path = format!("{}/refill", app.key_path(&plain));
    app.sdk().post(&path, json!({ "amount": 1 })).await.refused(400, "usage_not_limited", "");
    let mut body = app.new_key("northwind");
    body["totalUsageAllowed"] = json!(0);
    app.sdk().post("/api/v1/api-key", body.clone()).await.refused(
        400,
        "out_of_range",
        "totalUsageAllowed",
    );
    body["totalUsageAllowed"] = json!(1);
    let browser = app.link("northwind").await;
    browser.post("/api/v1/api-key", body).await.refused(
        403,
        "field_not_allowed",
        "totalUsageAllowed",
    );
}
