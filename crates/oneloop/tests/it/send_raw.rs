//! `oneloop migrate apply --send-raw`: an upstream that has only the original one-key endpoint, and is not always well.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::support::{Migration, Ran, key, line};

/// A server in front of ours, that hides its migration jobs, asks for patience and loses answers.
#[derive(Clone)]
struct Upstream {
    behind: String,
    calls: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

async fn pass_on(State(upstream): State<Upstream>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if head.uri.path().starts_with("/api/v1/migration") {
        let body = json!({ "error": { "code": 404, "message": "Not found" } }).to_string();
        return (StatusCode::NOT_FOUND, body).into_response();
    }
    let call = upstream.calls.fetch_add(1, Ordering::SeqCst);
    if call % 5 == 3 {
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")], "slower").into_response();
    }
    let now = upstream.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    upstream.most_at_once.fetch_max(now, Ordering::SeqCst);
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let answer = reqwest::Client::new()
        .request(head.method, format!("{}{}", upstream.behind, head.uri))
        .header("authorization", head.headers["authorization"].clone())
        .body(body)
        .send()
        .await
        .expect("the server answers");
    upstream.at_once.fetch_sub(1, Ordering::SeqCst);
    if call % 7 == 6 {
        // Done, and the answer is lost.
        return StatusCode::BAD_GATEWAY.into_response();
    }
    (answer.status(), Body::from(answer.bytes().await.expect("a body"))).into_response()
}

/// Runs `args` against a server that hides its jobs.
fn against_upstream(migration: &Migration, args: &[&str]) -> (Ran, Upstream) {
    let upstream = Upstream {
        behind: migration.url(""),
        calls: Arc::default(),
        at_once: Arc::default(),
        most_at_once: Arc::default(),
    };
    // reqwest is built without a provider of its own; whoever comes second finds it there.
    let _there = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener =
        runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let app = Router::new().fallback(pass_on).with_state(upstream.clone());
    runtime.spawn(async move { axum::serve(listener, app).await.expect("serves") });
    let mut command = migration.command(args);
    (Ran::of(command.env("ONELOOP_URL", format!("http://{address}"))), upstream)
}

/// A table that holds keys in clear.
fn in_clear(rows: usize) -> Migration {
    let migration = Migration::of(rows);
    write_clear(&migration, rows);
    fs::write(migration.dir().join("pairs.csv"), format!("key,stored\n{0},{0}\n", key(1)))
        .expect("written");
    assert_eq!(migration.run(&["prove", "--pairs", "pairs.csv"]).code, Some(0));
    migration
}

fn write_clear(migration: &Migration, rows: usize) {
    migration.write_keys(1..=rows);
    let path = migration.dir().join("keys.csv");
    let mut csv = fs::read_to_string(&path).expect("written");
    for row in 1..=rows {
        let hash = line(row).split(',').nth(3).expect("a hash").to_owned();
        csv = csv.replace(&hash, &key(row));
    }
    fs::write(path, csv).expect("written");
}

const APPLY: [&str; 5] = ["apply", "--plan", "plan.json", "--send-raw", "--json"];

#[test]
fn an_upstream_without_jobs_gets_the_same_keys_call_by_call() {
    // The gate of the one-key endpoint is open to this machine, which is where the upstream stands.
    let migration = in_clear(60);
    migration.plan();
    let (ran, upstream) = against_upstream(&migration, &APPLY);
    let report = ran.json();
    assert_eq!(report["outcomes"], json!({ "created": 60 }));
    assert_eq!(report["scopesCreated"], json!(["deployments"]));
    assert!((2..=8).contains(&upstream.most_at_once.load(Ordering::SeqCst)), "bounded, not serial");
    assert!(upstream.calls.load(Ordering::SeqCst) > 75, "calls were repeated");
    assert_eq!(migration.keys().len(), 60, "a repeated call makes no second key");
    for row in [1, 5, 7, 60] {
        assert_ne!(migration.verdict(&key(row))["status"], "INVALID", "row {row}");
    }
    let lines = migration.lines("outcomes.ndjson");
    let rows: Vec<u64> = lines.iter().map(|line| line["row"].as_u64().expect("a row")).collect();
    assert_eq!(rows, (1..=60).collect::<Vec<u64>>(), "in the order of the source");
    assert!(!format!("{ran:?}{lines:?}").contains(&key(1)), "a key was written");

    // Again, with one row edited here: that one stays, and is named.
    write_clear(&migration, 60);
    let path = migration.dir().join("keys.csv");
    let csv = fs::read_to_string(&path).expect("written").replace(",Key 9,", ",Other,");
    fs::write(path, csv).expect("written");
    let (refused, _) = against_upstream(&migration, &APPLY);
    assert!(refused.stderr.contains("another plan"), "{refused:?}");
    migration.plan();
    let (again, _) = against_upstream(&migration, &APPLY);
    assert_eq!(again.code, Some(3), "{again:?}");
    let report: Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(report["outcomes"], json!({ "conflict": 1, "created": 59 }));
    assert_eq!(migration.lines("outcomes.ndjson")[8]["reason"], "exists_different");
}

#[test]
fn keys_are_sent_in_clear_only_where_nothing_else_is_possible() {
    let migration = in_clear(3);
    migration.plan();
    let ours = migration.run(&APPLY);
    assert_eq!((ours.code, ours.stdout.as_str()), (Some(1), ""));
    assert!(ours.stderr.contains("this server takes hashes"), "{ours:?}");
    let (unasked, _) = against_upstream(&migration, &["apply", "--plan", "plan.json"]);
    assert!(unasked.code == Some(1) && unasked.stderr.contains("--send-raw"), "{unasked:?}");
    assert_eq!(migration.keys().len(), 0);

    let hashed = Migration::of(1);
    hashed.plan();
    let (ran, _) = against_upstream(&hashed, &APPLY);
    assert!(ran.stderr.contains("holds no keys in clear"), "{ran:?}");
}
