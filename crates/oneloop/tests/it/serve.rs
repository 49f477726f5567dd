//! Starting, being ready, stopping, and what survives a crash.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Server, get, oneloop, post};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_ready_file_says_where_the_server_is_and_nothing_else() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &[]);
    assert_eq!(keys(&server.ready), ["pid", "url"]);
    assert_eq!(server.ready["pid"], server.pid());
    assert_eq!(get(server.url("/healthz")).send().status, 200);
    assert_eq!(get(server.url("/readyz")).send().status, 200);
}

#[test]
fn the_ready_file_of_a_demonstration_is_private_and_complete() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &["--demo"]);
    assert_eq!(keys(&server.ready), ["demo", "pid", "url"]);
    let facts = &server.ready["demo"];
    assert_eq!(keys(facts), ["customerId", "sdkKey", "teamId", "workspaceId"]);
    assert_eq!(facts["customerId"], "northwind");

    let mode =
        |name: &str| fs::metadata(dir.path().join(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!(mode("ready.json"), 0o600);
    assert_eq!(mode(".data/demo.db.pepper"), 0o600);
}

#[test]
fn sigterm_and_sigint_end_it_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let dir = tempdir().expect("a directory");
        let mut server = Server::start(dir.path(), &[]);
        assert!(dir.path().join("ready.json").exists());
        let status = server.end_with(signal);
        assert_eq!(status.code(), Some(0), "{signal:?}: {}", server.log());
        assert!(!dir.path().join("ready.json").exists(), "{signal:?}");
    }
}

#[test]
fn an_address_in_use_is_the_users_error_and_touches_nothing() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &[]);
    let address = server.url("").replace("http://", "");

    let other = tempdir().expect("a directory");
    let args = ["serve", "--listen", &address, "--ready-file", "ready.json"];
    let ran = oneloop(other.path(), &args);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ran.stderr.replace(&address, "[address]"), @r"
    error: cannot listen on [address]: another program does
    hint: stop it, or take any free port with `--listen 127.0.0.1:0`
    ");
    assert_eq!(fs::read_dir(other.path()).expect("a directory").count(), 0);
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = tempdir().expect("a directory");
    let mut server = Server::start(dir.path(), &["--demo"]);
    let create = json!({
        "name": "survivor", "workspaceId": server.demo("workspaceId"), "customerId": "northwind",
        "enabled": true,
        "scopes": [{"representation": "metrics", "create": false, "read": true, "update": false, "del": false}],
    });
    let created = post(server.url("/api/v1/api-key"))
        .header("authorization", server.sdk())
        .json(create)
        .send()
        .ok();
    let killed = server.end_with(Signal::KILL);
    assert_eq!(killed.code(), None, "it had no time to do anything");

    let server = Server::start(dir.path(), &["--demo"]);
    let verdict = post(server.url("/api/v1/api-key/verify"))
        .header("authorization", server.sdk())
        .json(json!({ "key": created["apiKey"]["key"], "requestedScopes": [] }))
        .send()
        .ok();
    assert_eq!(verdict["status"], "VALID");
    assert_eq!(verdict["apiKeyId"], created["apiKey"]["id"]);
}

#[test]
fn a_stale_ready_file_is_gone_before_the_start_can_fail() {
    let dir = tempdir().expect("a directory");
    fs::write(dir.path().join("ready.json"), "{}").expect("written");
    let args = ["serve", "--listen", "192.0.2.1:1", "--ready-file", "ready.json"];
    let ran = oneloop(dir.path(), &args);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("hint: this machine has no such address"), "{}", ran.stderr);
    assert!(!dir.path().join("ready.json").exists());
}

#[test]
fn a_json_log_is_json_in_every_line() {
    let dir = tempdir().expect("a directory");
    let mut server = Server::start(dir.path(), &["--log-format", "json", "--log-level", "debug"]);
    get(server.url("/nothing-here")).send();
    server.end_with(Signal::TERM);
    let log = server.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let url = server.ready["url"].as_str().expect("a URL");
    assert!(lines.iter().any(|line| line["url"] == url), "{log}");
    assert!(lines.iter().any(|line| line["status"] == 404), "{log}");
    assert!(lines.iter().any(|line| line["message"] == "Stopped"), "{log}");
}

#[test]
fn a_newcomer_is_told_where_it_is_and_what_to_do_next() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &[]);
    let url = server.url("");
    let log = server.log_with("Stop with Ctrl-C.");
    assert!(log.contains(&format!("Listening on {url}\n")), "{log}");
    assert!(log.contains("oneloop admin team create NAME"), "{log}");
    assert!(log.contains("warning: the widget is not built"), "{log}");
    assert!(!log.contains('\u{1b}'), "colours in a file: {log}");
}

#[test]
fn a_demonstration_on_the_network_is_warned_about() {
    let dir = tempdir().expect("a directory");
    let server = Server::start_at("0.0.0.0:0", dir.path(), &["--demo"], &[]);
    assert!(server.url("").starts_with("http://127.0.0.1:"), "a URL that can be opened");
    server.log_with("warning: the demonstration is open to the network");

    let dir = tempdir().expect("a directory");
    let log = Server::start(dir.path(), &["--demo"]).log_with("Stop with Ctrl-C.");
    assert!(!log.contains("open to the network"), "{log}");
}
