use insta::assert_json_snapshot;
use oneloop_engine::Actor;
use oneloop_protocol::{Access, Resource, Right, Rights};
use oneloop_proxy::ProxyOptions;
use serde_json::{Value, json};

use crate::app::{PEER, TestApp, grant, merge};

const MIGRATE: &str = "/api/v1/api-key/migrate";
const LEGACY: &str = "Zk3v9QpLm2Xw8RtYb5Nc";

fn row(app: &TestApp) -> Value {
    json!({
        "key": LEGACY,
        "name": "Ключ № 7",
        "workspaceId": app.workspace,
        "customerId": "northwind",
        "enabled": true,
        "scopes": [grant("deployments", "read")],
    })
}

#[tokio::test]
async fn an_existing_key_is_brought_along() {
    let app = TestApp::new().await;
    app.open_window().await;

    let reply = app.sdk().post(MIGRATE, row(&app)).await.succeeded();

    assert_json_snapshot!(reply.body, {
        ".apiKey.id" => "[id]",
        ".apiKey.scopes[].id" => "[id]",
    }, @r#"
    {
      "apiKey": {
        "billingId": null,
        "createdAt": "2026-11-23T08:00:00.000Z",
        "customerId": "northwind",
        "deleted": false,
        "enabled": true,
        "expiresAt": null,
        "id": "[id]",
        "key": "Zk3v9QpLm2Xw8RtYb5Nc",
        "lastUsedAt": null,
        "limitUsage": false,
        "maskedKey": "****",
        "name": "Ключ № 7",
        "prefix": null,
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
        "totalUsageLeft": null,
        "updatedAt": "2026-11-23T08:00:00.000Z"
      }
    }
    "#);
    assert_eq!(app.verdict(LEGACY).await, "VALID");

    // The same row again is the same key; the same key in another row is a mistake.
    let replayed = app.sdk().post(MIGRATE, row(&app)).await.succeeded();
    assert_eq!(replayed["apiKey"]["id"], reply["apiKey"]["id"]);
    let mut other = row(&app);
    other["customerId"] = json!("contoso");
    let reply = app.sdk().post(MIGRATE, other).await;
    assert_eq!((reply.status, &reply["error"]["reason"]), (400, &json!("exists_different")));
}

#[tokio::test]
async fn a_row_may_carry_its_age_and_expiry() {
    let app = TestApp::new().await;
    app.open_window().await;
    let mut body = row(&app);
    let more = json!({
        "createdAt": "2020-02-29T12:00:00.000Z",
        "lastUsedAt": "2026-11-22T08:00:00.000Z",
        "expiresAt": 1_600_000_000_000_i64,
        "prefix": "legacy",
    });
    merge(&mut body, more.clone());

    let reply = app.sdk().post(MIGRATE, body).await.succeeded();

    for (name, value) in more.as_object().expect("an object") {
        assert_eq!(&reply["apiKey"][name], value);
    }
    assert_eq!(app.verdict(LEGACY).await, "EXPIRED");
}

#[tokio::test]
async fn closed_means_that_the_url_does_not_exist() {
    let app = TestApp::new().await;
    let unknown = app.sdk().post("/api/v1/api-key/nowhere", json!({})).await;
    unknown.refused(404, "unknown_route", "");

    let token = app.link_token("northwind", json!({})).await;
    let callers = [
        app.sdk(),
        app.rival(),
        app.sdk_with(Rights::NONE).await,
        app.anonymous(),
        app.bearer("nonsense"),
        app.anonymous().header("x-link-token", &token),
        app.sdk().header("x-link-token", &token),
    ];
    for caller in callers {
        for (method, body) in [
            ("POST", row(&app).to_string()),
            ("POST", "not json".to_owned()),
            ("POST", "x".repeat(2 << 20)),
            ("GET", String::new()),
            ("PUT", String::new()),
            ("OPTIONS", String::new()),
        ] {
            let reply = caller.send(method, MIGRATE, body).await;
            assert_eq!((reply.status, &reply.bytes), (404, &unknown.bytes), "{method}");
            let names = |headers: &axum::http::HeaderMap| {
                headers.keys().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(names(&reply.headers), names(&unknown.headers), "{method}");
        }
    }
}

#[tokio::test]
async fn open_means_open_to_the_right_key_only() {
    let app = TestApp::new().await;
    app.open_window().await;
    let all_but_migration = Rights::from_bits(Rights::ALL.bits() & 0x0fff);
    let only_migration = Rights::NONE.with(Right(Resource::Migration, Access::CREATE));

    let limited = app.sdk_with(all_but_migration).await;
    limited.post(MIGRATE, row(&app)).await.refused(403, "right_missing", "");
    app.sdk_with(only_migration).await.post(MIGRATE, row(&app)).await.succeeded();

    // Acme's window is not Rival's; and whoever has no SDK key learns nothing.
    app.rival().post(MIGRATE, row(&app)).await.refused(404, "unknown_route", "");
    app.anonymous().post(MIGRATE, row(&app)).await.refused(404, "unknown_route", "");
    let permissions = json!({ "permissions": ["migrate"] });
    let browser = app.link_with("northwind", permissions).await;
    browser.post(MIGRATE, row(&app)).await.refused(404, "unknown_route", "");
    app.sdk().get(MIGRATE).await.refused(404, "unknown_route", "");
}

#[tokio::test]
async fn open_means_open_to_listed_addresses_only() {
    let app = TestApp::new().await;
    app.open_window_for("192.0.2.8/29").await;
    for (peer, passes) in [
        ("192.0.2.8", true),
        ("192.0.2.15", true),
        ("::ffff:192.0.2.9", true),
        ("192.0.2.7", false),
        ("192.0.2.16", false),
        ("2001:db8::1", false),
    ] {
        // A claim by somebody who is no proxy of ours counts for nothing.
        let client = app.sdk().from(peer).header("x-forwarded-for", "192.0.2.9");
        let reply = client.post(MIGRATE, row(&app)).await;
        reply.succeeded_or_refused(passes, (403, "migration_address", ""));
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_forwarded_address_counts() {
    let trusted_proxies = vec![format!("{PEER}/32").parse().expect("a network")];
    let app = TestApp::with(ProxyOptions { trusted_proxies, ..ProxyOptions::default() }).await;
    app.open_window_for("203.0.113.9/32").await;
    for (forwarded, passes) in [
        ("203.0.113.9", true),
        ("198.51.100.1, 203.0.113.9", true),
        ("203.0.113.9, 198.51.100.1", false),
        ("203.0.113.9, unknown", false),
        ("", false),
    ] {
        let client = app.sdk().header("x-forwarded-for", forwarded);
        let reply = client.post(MIGRATE, row(&app)).await;
        reply.succeeded_or_refused(passes, (403, "migration_address", ""));
    }
}

#[tokio::test]
async fn the_window_is_half_open_and_shuts_itself() {
    let app = TestApp::new().await;
    app.open_window().await;
    app.sdk().post(MIGRATE, row(&app)).await.succeeded();
    app.advance(3_599);
    app.sdk().post(MIGRATE, row(&app)).await.succeeded();
    app.advance(1);
    app.sdk().post(MIGRATE, row(&app)).await.refused(404, "unknown_route", "");
    app.sdk().header("x-forwarded-for", "unknown").post(MIGRATE, row(&app)).await.refused(
        404,
        "unknown_route",
        "",
    );

    app.open_window().await;
    let closed = app.engine.close_migration_window(&Actor::operator(), &app.team).await;
    assert!(closed.expect("the window closes"));
    app.sdk().post(MIGRATE, row(&app)).await.refused(404, "unknown_route", "");
}

#[tokio::test]
async fn a_window_that_opens_later_is_closed_now() {
    let app = TestApp::new().await;
    let now = app.engine.now();
    let window = oneloop_engine::MigrationWindow {
        sources: vec![format!("{PEER}/32").parse().expect("a network")],
        opens_at: now + 1_000,
        closes_at: now + 2_000,
    };
    let opened = app.engine.open_migration_window(&Actor::operator(), &app.team, &window).await;
    opened.expect("the window is stored");

    app.sdk().post(MIGRATE, row(&app)).await.refused(404, "unknown_route", "");
    app.advance(1);
    app.sdk().post(MIGRATE, row(&app)).await.succeeded();
}
