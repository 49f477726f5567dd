//! What the log says, and what it never says.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use axum::Router;
use axum::routing::get;
use oneloop_proxy::{ApiError, ProxyOptions};
use serde_json::{Value, json};
use tracing::Metadata;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::TestApp;

/// The log lines of one test, one JSON object each.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

thread_local! {
    /// Where the lines of this thread go: of this test, since each has a thread and a runtime of its own.
    static CAPTURED: RefCell<Option<Lines>> = const { RefCell::new(None) };
}

/// Makes one subscriber for the whole process, before anything is logged, and nothing else in its tests may.
///
/// A subscriber for each test would be simpler and wrong: tracing asks whether a place in the code interests anybody
/// when it is first reached, and while there is one subscriber it asks that of the thread that reached it. A test
/// beside this one, which has none, then switched the place off for this one, too.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let captured = |_: &Metadata<'_>, _: &Context<'_, _>| CAPTURED.with_borrow(Option::is_some);
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(OfThisThread)
            .with_filter(dynamic_filter_fn(captured));
        tracing_subscriber::registry().with(lines).init();
    });
}

/// Lines are captured until this is dropped.
struct Capturing;

impl Drop for Capturing {
    fn drop(&mut self) {
        CAPTURED.set(None);
    }
}

impl Lines {
    fn capture(&self) -> Capturing {
        install();
        CAPTURED.set(Some(self.clone()));
        Capturing
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panicked").clone()).expect("text")
    }

    /// The lines of this target.
    fn of(&self, target: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.filter(|line| line["target"] == target).collect()
    }

    fn access(&self) -> Vec<Value> {
        self.of("oneloop::access")
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panicked").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct OfThisThread;

impl<'a> MakeWriter<'a> for OfThisThread {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        CAPTURED.with_borrow(Clone::clone).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_request_is_one_line_with_ids() {
    let app = TestApp::new().await;
    let lines = Lines::default();
    let guard = lines.capture();

    let reply = app.sdk().header("x-request-id", "req-1").get(&app.path("api-key?q=secret")).await;
    reply.succeeded();
    drop(guard);

    let [line] = &lines.access()[..] else { panic!("one line: {}", lines.text()) };
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["route"], "/api/v1/workspace/{workspace}/api-key");
    assert_eq!(line["status"], 200);
    assert_eq!(line["request_id"], "req-1");
    assert!(line["caller"].as_str().expect("a caller").starts_with("sk_"));
    assert!(line["duration_ms"].as_f64().expect("a number") > 0.0);
    assert!(line.get("reason").is_none());
}

#[tokio::test]
async fn no_key_and_no_token_is_ever_logged() {
    let app = TestApp::new().await;
    app.open_window().await;
    let lines = Lines::default();
    let guard = lines.capture();

    let legacy = "LegacyKeyCanary0123456789";
    let mut row = app.new_key("northwind");
    row["key"] = json!(legacy);
    app.sdk().post("/api/v1/api-key/migrate", row.clone()).await.succeeded();
    row["enabled"] = json!(legacy);
    app.sdk().post("/api/v1/api-key/migrate", row).await.refused(400, "invalid_type", "enabled");

    let made = app.create_key("northwind").await;
    let rotated = app.sdk().send("POST", &format!("{}/rotate", app.key_path(&made)), "").await;
    let token = app.link_token("northwind", json!({})).await;
    let secrets = [
        legacy.to_owned(),
        made["key"].as_str().expect("a secret").to_owned(),
        rotated.text_at("/apiKey/key"),
        token.clone(),
    ];
    for secret in &secrets {
        app.verdict(secret).await;
        app.verdict(&format!("{secret}x")).await;
        for path in [
            format!("/api/v1/link-token/{secret}"),
            format!("/api/v1/link-token/{secret}/"),
            format!("/api/v1/link-token?token={secret}"),
            format!("/api/v1/api-key/verify/{secret}"),
            format!("/api/v1/workspace/{secret}/api-key/{secret}"),
            format!("/{secret}"),
            format!("/widget/{secret}"),
        ] {
            app.sdk().get(&path).await;
            app.bearer(secret).get(&path).await;
            app.anonymous().header("x-link-token", secret).get(&path).await;
            app.anonymous().header("x-request-id", &format!("{secret}/")).get(&path).await;
        }
    }
    drop(guard);

    let text = lines.text();
    assert!(lines.access().len() > 100, "the log was captured");
    for secret in &secrets {
        assert!(!text.contains(secret.as_str()), "a secret was logged");
    }
    let routes: Vec<_> = lines.access().iter().map(|line| line["route"].clone()).collect();
    assert!(routes.contains(&json!("/api/v1/link-token/{token}")));
    assert!(routes.contains(&json!("/api/v1/link-token/…/")));
}

#[tokio::test]
async fn what_is_routine_is_quiet_and_what_failed_is_loud() {
    let extra_routes = Router::new().route(
        "/api/bug",
        get(|| async {
            let cause = anyhow::anyhow!("the disk is on fire").context("could not read the page");
            Err::<(), _>(ApiError::Internal(cause))
        }),
    );
    let app = TestApp::with(ProxyOptions { extra_routes, ..ProxyOptions::default() }).await;
    let lines = Lines::default();
    let guard = lines.capture();
    app.verdict("nonsense").await;
    app.anonymous().get("/healthz").await.succeeded();
    app.anonymous().post("/api/v1/api-key/verify", json!({})).await.refused(
        401,
        "no_credential",
        "",
    );
    app.anonymous().send_expecting_trouble("GET", "/api/bug", "").await;
    drop(guard);

    let found = lines.access();
    let levels: Vec<_> =
        found.iter().map(|line| line["level"].as_str().expect("a level")).collect();
    assert_eq!(levels, ["DEBUG", "DEBUG", "INFO", "ERROR", "ERROR"]);
    assert_eq!(found[2]["reason"], "no_credential");
    let (cause, line) = (&found[3], &found[4]);
    assert_eq!(
        cause["cause"],
        "something went wrong on our side: could not read the page: the disk is on fire"
    );
    assert_eq!(cause["request_id"], line["request_id"]);
    assert_eq!((&line["status"], &line["reason"]), (&json!(500), &json!("internal")));
}

#[tokio::test]
async fn a_panics_text_is_not_logged() {
    let extra_routes =
        Router::new().route("/api/panic", get(|| async { panic!("at ol_canary") as () }));
    let app = TestApp::with(ProxyOptions { extra_routes, ..ProxyOptions::default() }).await;
    let lines = Lines::default();
    let guard = lines.capture();
    app.anonymous().send_expecting_trouble("GET", "/api/panic", "").await;
    drop(guard);

    assert_eq!(lines.access()[0]["cause"], "something went wrong on our side: a handler panicked");
    assert!(!lines.text().contains("ol_canary"));
}

#[tokio::test]
async fn every_knock_at_the_gate_is_logged_with_ids() {
    let app = TestApp::new().await;
    let lines = Lines::default();
    let guard = lines.capture();
    let migrate = "/api/v1/api-key/migrate";
    app.anonymous().post(migrate, json!({})).await;
    app.sdk().post(migrate, json!({})).await;
    app.open_window().await;
    app.sdk_with(oneloop_protocol::Rights::NONE).await.post(migrate, json!({})).await;
    app.sdk().from("203.0.113.9").post(migrate, json!({})).await;
    app.sdk().header("x-request-id", "req-9").post(migrate, json!({})).await;
    drop(guard);

    let knocks = lines.of("oneloop::migration_gate");
    let outcomes: Vec<_> =
        knocks.iter().map(|line| line["outcome"].as_str().expect("text")).collect();
    assert_eq!(
        outcomes,
        [
            "refused: no valid SDK key",
            "refused: closed",
            "refused: the SDK key lacks the right",
            "refused: address",
            "allowed",
        ]
    );
    assert_eq!(knocks[3]["address"], "203.0.113.9");
    let last = &knocks[4];
    assert_eq!((&last["team"], &last["request_id"]), (&json!(app.team), &json!("req-9")));
    assert!(last["sdk_key"].as_str().expect("an id").starts_with("sk_"));
}
