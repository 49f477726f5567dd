//! Migration jobs over HTTP: the gate before every one of them, and chunks as NDJSON.

use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::migration::Hex32;
use oneloop_protocol::{Access, Resource, Right, Rights};
use oneloop_proxy::ProxyOptions;
use serde_json::{Value, json};

use crate::app::{PEER, TestApp};

const JOBS: &str = "/api/v1/migration";

fn job(app: &TestApp, rows: u64) -> Value {
    json!({
        "workspaceId": app.workspace,
        "planDigest": Hex32([7; 32]),
        "rows": rows,
        "conflict": "skip",
    })
}

fn line(number: u64) -> Value {
    json!({
        "row": number,
        "digest": Hex32(*KeyDigest::of(&secret(number)).as_bytes()),
        "name": "legacy",
        "customerId": "northwind",
        "scopes": { "deployments": "read" },
    })
}

fn secret(number: u64) -> String {
    format!("legacy-secret-number-{number:08}")
}

fn ndjson(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

async fn created(app: &TestApp, rows: u64) -> String {
    let made = app.sdk().post(JOBS, job(app, rows)).await.succeeded();
    format!("{JOBS}/{}", made.text_at("/migration/id"))
}

#[tokio::test]
async fn a_job_from_the_first_call_to_the_last() {
    let app = TestApp::new().await;
    app.open_window().await;
    let path = created(&app, 3).await;
    let sdk = app.sdk();

    let body = ndjson(&[line(1), line(2)]);
    let first = sdk.send("PUT", &format!("{path}/chunk/1"), body.clone()).await.succeeded();
    assert_eq!(first["rows"][1]["outcome"], "created");
    assert_eq!(first["digest"], json!(Hex32::sha256(body.as_bytes())));
    let replay = sdk.send("PUT", &format!("{path}/chunk/1"), body).await.succeeded();
    assert_eq!((&replay["replayed"], &replay["rows"]), (&json!(true), &first["rows"]));
    let body = ndjson(&[line(3)]);
    sdk.send("PUT", &format!("{path}/chunk/2"), body.clone()).await.succeeded();
    let finish = json!({ "chunks": 2, "rows": 3 });
    let done = sdk.post(&format!("{path}/finish"), finish).await.succeeded();
    assert_eq!(done["migration"]["state"], "finished");
    assert_eq!(app.verdict(&secret(3)).await, "VALID");

    let read = sdk.get(&format!("{path}/chunk/1")).await.succeeded();
    assert_eq!(read["rows"], first["rows"]);
    let both = ndjson(&[line(1), line(2)]);
    sdk.send("PUT", &format!("{path}/comparison/1"), both).await.succeeded();
    let sides = sdk.send("PUT", &format!("{path}/comparison/2"), body).await.succeeded();
    assert_eq!(sides["source"]["digest"], sides["target"]["digest"]);
    let report = sdk.get(&format!("{path}/report")).await.succeeded();
    assert_eq!(report["report"]["reconciled"], true);
    assert_eq!(report["jws"].as_str().expect("a text").split('.').count(), 3);

    for state in ["rolling_back", "rolled_back"] {
        let step = sdk.send("POST", &format!("{path}/rollback"), "").await.succeeded();
        assert_eq!(step["migration"]["state"], state);
    }
    assert_eq!(app.verdict(&secret(3)).await, "INVALID");
    let all = sdk.get(JOBS).await.succeeded();
    assert_eq!(all["migrations"][0]["counts"]["removed"], 3);
}

#[tokio::test]
async fn a_paused_job_takes_no_chunk_and_says_what_it_took_before() {
    let app = TestApp::new().await;
    app.open_window().await;
    let path = created(&app, 2).await;
    let sdk = app.sdk();
    let (one, two) = (ndjson(&[line(1)]), ndjson(&[line(2)]));
    let chunk = async |number, body: &str| {
        sdk.send("PUT", &format!("{path}/chunk/{number}"), body.to_owned()).await
    };
    chunk(1, &one).await.succeeded();
    let paused = sdk.send("POST", &format!("{path}/pause"), "").await.succeeded();
    assert_eq!(paused["migration"]["state"], "paused");

    chunk(2, &two).await.refused(400, "migration_paused", "");
    let done = json!({ "chunks": 1, "rows": 1 });
    sdk.post(&format!("{path}/finish"), done).await.refused(400, "migration_paused", "");
    let replay = chunk(1, &one).await.succeeded();
    assert_eq!(replay["replayed"], true, "whoever lost the answer may ask again");
    let still = sdk.get(&path).await.succeeded();
    assert_eq!(still.body, paused.body, "nothing of it was counted");
    assert_eq!(app.verdict(&secret(2)).await, "INVALID", "nothing of it is there");

    sdk.send("POST", &format!("{path}/resume"), "").await.succeeded();
    chunk(2, &two).await.succeeded();
    assert_eq!(app.verdict(&secret(2)).await, "VALID");
}

/// Every call of a job, with a body that would be good.
fn calls(path: &str, app: &TestApp) -> Vec<(&'static str, String, String)> {
    let (get, put, post) = ("GET", "PUT", "POST");
    vec![
        (post, JOBS.to_owned(), job(app, 1).to_string()),
        (get, JOBS.to_owned(), String::new()),
        (get, format!("{JOBS}/access"), String::new()),
        (get, path.to_owned(), String::new()),
        (put, format!("{path}/chunk/1"), ndjson(&[line(1)])),
        (get, format!("{path}/chunk/1"), String::new()),
        (put, format!("{path}/comparison/1"), ndjson(&[line(1)])),
        (post, format!("{path}/pause"), String::new()),
        (post, format!("{path}/resume"), String::new()),
        (post, format!("{path}/finish"), json!({ "chunks": 0, "rows": 0 }).to_string()),
        (post, format!("{path}/rollback"), String::new()),
        (get, format!("{path}/report"), String::new()),
    ]
}

#[tokio::test]
async fn while_the_gate_is_closed_no_call_of_a_job_exists() {
    let app = TestApp::new().await;
    let unknown = app.sdk().get("/api/v1/nowhere").await;
    let path = format!("{JOBS}/mg_0190163d8694739faea5966c26f8ad91");
    for caller in [app.sdk(), app.rival(), app.anonymous(), app.bearer("nonsense")] {
        for (method, path, body) in calls(&path, &app) {
            let reply = caller.send(method, &path, body).await;
            assert_eq!((reply.status, &reply.body), (404, &unknown.body), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_open_gate_asks_each_of_the_three_of_every_call() {
    let app = TestApp::new().await;
    app.open_window().await;
    let path = created(&app, 1).await;
    let all_but = Resource::ALL
        .into_iter()
        .filter(|resource| *resource != Resource::Migration)
        .fold(Rights::NONE, |rights, resource| rights.with(Right(resource, Access::ALL)));
    let unable = app.sdk_with(all_but).await;
    let elsewhere = app.sdk().from("198.51.100.99");
    for (method, path, body) in calls(&path, &app) {
        let reply = unable.send(method, &path, body.clone()).await;
        reply.refused(403, "right_missing", "");
        let reply = elsewhere.send(method, &path, body.clone()).await;
        reply.refused(403, "migration_address", "");
        // Another team's window is its own.
        let reply = app.rival().send(method, &path, body).await;
        reply.refused(404, "unknown_route", "");
    }
    app.advance(3_600);
    for (method, path, body) in calls(&path, &app) {
        app.sdk().send(method, &path, body).await.refused(404, "unknown_route", "");
    }
}

#[tokio::test]
async fn reading_writing_and_undoing_are_three_rights() {
    let app = TestApp::new().await;
    app.open_window().await;
    let path = created(&app, 1).await;
    let with =
        async |access| app.sdk_with(Rights::NONE.with(Right(Resource::Migration, access))).await;
    let (reader, writer, undoer) =
        (with(Access::READ).await, with(Access::CREATE).await, with(Access::DELETE).await);
    reader.get(&path).await.succeeded();
    reader.send("POST", &format!("{path}/rollback"), "").await.refused(403, "right_missing", "");
    reader.send("POST", &format!("{path}/pause"), "").await.refused(403, "right_missing", "");
    writer.send("POST", &format!("{path}/pause"), "").await.succeeded();
    writer.send("POST", &format!("{path}/rollback"), "").await.refused(403, "right_missing", "");
    undoer.send("POST", &format!("{path}/rollback"), "").await.succeeded();
}

#[tokio::test]
async fn no_shape_of_x_forwarded_for_opens_the_gate() {
    let app = TestApp::with(ProxyOptions {
        trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
        ..ProxyOptions::default()
    })
    .await;
    app.open_window_for("203.0.113.7/32").await;
    let access = format!("{JOBS}/access");
    let many_hops = ["203.0.113.7"; 500].join(", ");
    let forged = [
        "203.0.113.7",
        "203.0.113.7, 203.0.113.7",
        "203.0.113.7:443",
        "::ffff:203.0.113.7",
        "[::ffff:203.0.113.7]:1",
        "\"203.0.113.7\"",
        "for=203.0.113.7",
        "203.0.113.7, unknown",
        "203.0.113.7,",
        ",203.0.113.7",
        "0xCB.0.113.7",
        "203.0.113.07",
        "203.0.113.7%00",
        "203.0.113.7;10.0.0.1",
        "203.0.113.7 10.0.0.1",
        "  203.0.113.7  ",
        "\t203.0.113.7\t,\t10.0.0.1",
        "[203.0.113.7]",
        "[203.0.113.7]:443",
        "203.0.113.7:",
        "::203.0.113.7",
        "64:ff9b::203.0.113.7",
        "::ffff:cb00:7107",
        "3405803783",
        "203.0.113.7/32",
        "10.0.0.1, 203.0.113.7, 10.0.0.1",
        "",
        many_hops.as_str(),
    ];
    for text in forged {
        // From somewhere that is not a proxy of ours, whatever it says.
        let direct = app.sdk().from(PEER).header("x-forwarded-for", text);
        direct.get(&access).await.refused(403, "migration_address", "");
        // Through a proxy of ours, which appends whom it saw.
        let through =
            app.sdk().from("10.0.0.1").header("x-forwarded-for", &format!("{text}, {PEER}"));
        through.get(&access).await.refused(403, "migration_address", "");
        let in_two = app
            .sdk()
            .from("10.0.0.1")
            .header("x-forwarded-for", text)
            .header("x-forwarded-for", PEER);
        in_two.get(&access).await.refused(403, "migration_address", "");
        // With proxies of ours in between, and with the standard's own header beside it.
        let chained = format!("{text}, {PEER}, 10.0.0.7 ,10.0.0.8");
        let deep = app
            .sdk()
            .from("10.0.0.1")
            .header("x-forwarded-for", &chained)
            .header("forwarded", "for=203.0.113.7;proto=https");
        deep.get(&access).await.refused(403, "migration_address", "");
    }
    for other in ["forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"] {
        let reply = app.sdk().from("10.0.0.1").header(other, "203.0.113.7").get(&access).await;
        reply.refused(403, "migration_address", "");
    }
    let honest = app.sdk().from("10.0.0.1").header("x-forwarded-for", "203.0.113.7");
    assert_eq!(honest.get(&access).await.succeeded()["address"], "203.0.113.7");
}

#[tokio::test]
async fn a_bad_chunk_is_refused_whole_with_its_line_and_field() {
    let app = TestApp::new().await;
    app.open_window().await;
    let path = format!("{}/chunk/1", created(&app, 2).await);
    let put = async |body: String| app.sdk().send("PUT", &path, body).await;
    let mut raw = line(2);
    raw["key"] = json!("a-raw-key-that-never-leaves");
    let reply = put(ndjson(&[line(1), raw])).await;
    reply.refused(400, "unknown_field", "line 2: key");
    assert!(!reply.body.to_string().contains("never-leaves"));
    let mut torn = line(1);
    torn["digest"] = json!("canary");
    let reply = put(ndjson(&[torn])).await;
    assert_eq!((reply.status, &reply["error"]["field"]), (400, &json!("line 1: digest")));
    assert!(!reply.body.to_string().contains("canary"), "{reply:?}");
    put("{\n".to_owned()).await.refused(400, "invalid_json", "");
    put(String::new()).await.refused(400, "rows_out_of_range", "rows");
    let many = "{}\n".repeat(10_001).replace("{}", &line(1).to_string());
    put(many).await.refused(400, "rows_out_of_range", "rows");
    put(" ".repeat(8 * 1024 * 1024 + 1)).await.refused(413, "body_too_large", "");
    let mut body = job(&app, 1);
    body["colour"] = json!("red");
    app.sdk().post(JOBS, body).await.refused(400, "unknown_field", "colour");
    assert_eq!(app.verdict(&secret(1)).await, "INVALID", "nothing of them was taken");
}

#[tokio::test]
async fn a_chunk_may_be_larger_than_other_bodies() {
    let app = TestApp::new().await;
    app.open_window().await;
    let path = created(&app, 2_000).await;
    let lines: Vec<_> = (1..=2_000)
        .map(|number| {
            let mut line = line(number);
            line["metadata"] = json!({ "note": "x".repeat(1_000) });
            line
        })
        .collect();
    let body = ndjson(&lines);
    assert!(body.len() > 2 * 1024 * 1024);
    let taken = app.sdk().send("PUT", &format!("{path}/chunk/1"), body).await.succeeded();
    assert_eq!(taken["counts"]["created"], 2_000);
}

#[tokio::test]
async fn each_condition_that_fails_stands_in_the_audit_once_a_minute() {
    let app = TestApp::new().await;
    let access = format!("{JOBS}/access");
    let unable = app.sdk_with(Rights::NONE).await;
    for _ in 0..3 {
        app.sdk().get(&access).await.refused(404, "unknown_route", "");
    }
    app.open_window().await;
    for _ in 0..3 {
        unable.get(&access).await.refused(403, "right_missing", "");
        app.sdk().from("198.51.100.99").get(&access).await.refused(403, "migration_address", "");
    }
    app.anonymous().get(&access).await.refused(404, "unknown_route", "");

    // They are written after the answer.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    let refused = loop {
        let lines = app.engine.list_audit(Some(&app.team), 100).await.expect("lists");
        let refused: Vec<_> =
            lines.into_iter().filter(|line| line.action == "migration_gate.refused").collect();
        if refused.len() >= 3 || std::time::Instant::now() > deadline {
            break refused;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    let mut said: Vec<_> = refused
        .iter()
        .map(|line| (line.detail["why"].clone(), line.address.expect("known").to_string()))
        .collect();
    said.sort_by_key(|(why, _)| why.to_string());
    let elsewhere = "198.51.100.99".to_owned();
    let here = PEER.to_owned();
    assert_eq!(
        said,
        [(json!("address"), elsewhere), (json!("closed"), here.clone()), (json!("right"), here)]
    );
    assert!(refused.iter().all(|line| line.who.to_string().contains("sk_")), "{refused:?}");
}

#[tokio::test]
async fn a_key_that_cannot_be_tried_now_is_503_with_the_reason_and_never_invalid() {
    let app = TestApp::new().await;
    app.open_window().await;
    let mut body = job(&app, 1);
    body["recipe"] = json!("algorithm = \"bcrypt\"");
    body["locator"] = json!("first:12");
    let made = app.sdk().post(JOBS, body).await.succeeded();
    // bcrypt of ak_live_Zk3v9QpLm2Xw8RtYb5NcJd7H, from the engine's tests, in base 64.
    let stored = "JDJiJDA0JFJKYjRVV2IvMUVqQkZxVVk2ajVxNWVWYnJTS0VpS1lGVC8wanlOQ3FIL1U3azVlZzdvVExD";
    let row = json!({
        "row": 1, "stored": stored, "locator": "ak_live_Zk3v", "identity": Hex32([9; 32]),
        "name": "legacy", "customerId": "northwind",
    });
    let path = format!("{JOBS}/{}/chunk/1", made.text_at("/migration/id"));
    app.sdk().send("PUT", &path, ndjson(&[row])).await.succeeded();
    for guess in 0..20 {
        assert_eq!(app.verdict(&format!("ak_live_Zk3v-guess-{guess}")).await, "INVALID");
    }
    let verify = json!({ "key": "ak_live_Zk3v9QpLm2Xw8RtYb5NcJd7H", "requestedScopes": [] });
    let reply = app
        .sdk()
        .send_expecting_trouble("POST", "/api/v1/api-key/verify", verify.to_string())
        .await;
    assert_eq!((reply.status, &reply["error"]["reason"]), (503, &json!("unavailable")));
    let message = reply["error"]["message"].as_str().expect("a sentence");
    assert!(message.contains("tried too often"), "{message}");
    assert_eq!(reply.headers["retry-after"], "1");
}
