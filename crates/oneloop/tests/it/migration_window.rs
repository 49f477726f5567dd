//! The migration window, as an operator opens and closes it, and as the endpoint behind it sees it.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Server, oneloop, post};

const DATABASE: [&str; 3] = ["admin", "--database", "sqlite:.data/demo.db"];

fn window(dir: &Path, args: &[&str]) -> crate::support::Ran {
    oneloop(dir, &[DATABASE.as_slice(), &["migration-window"], args].concat())
}

fn migrate(server: &Server, key: &str) -> u16 {
    let body = json!({
        "key": key, "name": "legacy", "workspaceId": server.demo("workspaceId"),
        "customerId": "northwind", "enabled": true, "scopes": [],
    });
    post(server.url("/api/v1/api-key/migrate"))
        .header("authorization", server.sdk())
        .json(body)
        .send()
        .status
}

#[track_caller]
fn becomes(status: u16, ask: impl Fn() -> u16) {
    let started = Instant::now();
    while ask() != status {
        assert!(started.elapsed() < Duration::from_secs(1), "never {status}");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_endpoint_exists_while_the_window_is_open_and_for_its_addresses_only() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &["--demo"]);
    let team = server.demo("teamId");
    let closed = migrate(&server, "legacy-key-number-one");
    assert_eq!(closed, 404);
    assert_eq!(
        window(dir.path(), &["show", "--team", team, "--json"]).json(),
        json!({ "migrationWindow": null })
    );

    let elsewhere =
        window(dir.path(), &["open", "--team", team, "--from", "203.0.113.7", "--for", "2h"]);
    assert_eq!((elsewhere.code, elsewhere.stdout.as_str()), (Some(0), ""), "{elsewhere:?}");
    assert!(
        elsewhere.stderr.starts_with("Open until ")
            && elsewhere.stderr.ends_with(" UTC, 2h from now.\n"),
        "{elsewhere:?}"
    );
    sleep(Duration::from_secs(1));
    assert_ne!(migrate(&server, "legacy-key-number-one"), 200, "another address");

    let args = [
        "open",
        "--team",
        team,
        "--from",
        "203.0.113.7,127.0.0.1",
        "--from",
        "2001:db8::/32",
        "--for",
        "2h",
        "--json",
    ];
    let opened = window(dir.path(), &args).json();
    assert_eq!(opened["migrationWindow"]["state"], "open");
    assert_eq!(
        opened["migrationWindow"]["sources"],
        json!(["203.0.113.7/32", "127.0.0.1/32", "2001:db8::/32"])
    );
    becomes(200, || migrate(&server, "legacy-key-number-one"));
    let shown = window(dir.path(), &["show", "--team", team, "--json"]).json();
    assert_eq!(shown, opened);

    let table = window(dir.path(), &["show", "--team", team]).stdout;
    assert!(table.starts_with("STATE") && table.contains("\nopen "), "{table}");

    assert_eq!(
        window(dir.path(), &["close", "--team", team, "--json"]).json(),
        json!({ "closed": true })
    );
    becomes(404, || migrate(&server, "legacy-key-number-two"));
    assert_eq!(
        window(dir.path(), &["close", "--team", team, "--json"]).json(),
        json!({ "closed": false })
    );
}

#[test]
fn a_window_with_an_end_in_the_past_or_too_far_away_is_refused() {
    let dir = tempdir().expect("a directory");
    let created: Value = oneloop(dir.path(), &["admin", "team", "create", "Acme", "--json"]).json();
    let team = created["team"]["id"].as_str().expect("an id");
    let open = |end: &[&str]| {
        let args =
            [&["admin", "migration-window", "open", "--team", team, "--from", "127.0.0.1"], end]
                .concat();
        let ran = oneloop(dir.path(), &args);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        ran.stderr
    };
    let past = open(&["--until", "2020-01-01T00:00:00Z"]);
    assert!(past.starts_with("error: the window would close at 2020-01-01 00:00:00 UTC, before it opens\nhint: it is 2"), "{past}");
    let far = open(&["--for", "32d"]);
    assert!(far.contains("31"), "{far}");
    let vague = open(&["--until", "2030-01-01"]);
    assert!(vague.contains("expected a moment with its offset"), "{vague}");
    let endless = open(&[]);
    assert!(endless.contains("<--for <TIME>|--until <MOMENT>>"), "{endless}");
    let both = open(&["--for", "2h", "--until", "2030-01-01T00:00:00Z"]);
    assert!(both.contains("cannot be used with"), "{both}");
}
