//! `recipe-secrets`: keys whose hash needs another service's pepper or HMAC key, through the real binary.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Answer, Server, oneloop, post, put};

const KEY: &str = "ak_live_Zk3v9QpLm2Xw8RtYb5NcJd7H";

const PEPPER: &str = "legacy pepper";

/// With Python: `hmac.new(PEPPER, KEY, "sha256").hexdigest()`.
const HMAC: &str = "08c47c5a9adf9a0fbcac80b7a2efb0bd6fa25168e66830c69867e252c4a9cbcf";

fn opened(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Server {
    let server = Server::start_with(dir, &[&["--demo"], args].concat(), env);
    let window = ["admin", "--database", "sqlite:.data/demo.db", "migration-window", "open"];
    let open = ["--team", server.demo("teamId"), "--from", "127.0.0.1", "--for", "1h"];
    assert_eq!(oneloop(dir, &[&window[..], &open[..]].concat()).code, Some(0));
    server
}

fn job(server: &Server, place: &str) -> Answer {
    let recipe = format!("algorithm = \"hmac-sha256\", hmac-key = \"{place}\"");
    post(server.url("/api/v1/migration"))
        .header("authorization", server.sdk())
        .json(json!({
            "workspaceId": server.demo("workspaceId"),
            "planDigest": "07".repeat(32),
            "rows": 1,
            "conflict": "fail",
            "recipe": recipe,
        }))
        .send()
}

fn verdict(server: &Server, key: &str) -> Value {
    let verify = post(server.url("/api/v1/api-key/verify")).header("authorization", server.sdk());
    verify.json(json!({ "key": key, "requestedScopes": [] })).send().ok()["status"].clone()
}

/// Brings one key along whose hash needs the secret at `place`.
fn migrate_one(server: &Server, place: &str) {
    let made = job(server, place).ok();
    let id = made["migration"]["id"].as_str().expect("an id");
    let row = json!({
        "row": 1, "recipeDigest": HMAC, "identity": "09".repeat(32),
        "name": "legacy", "customerId": "northwind",
    });
    let chunk = put(server.url(&format!("/api/v1/migration/{id}/chunk/1")));
    let taken = chunk.header("authorization", server.sdk()).json(row).send().ok();
    assert_eq!(taken["rows"][0]["outcome"], "created");
}

#[test]
fn a_key_under_an_hmac_with_a_secret_verifies_and_soon_without_the_secret() {
    for (place, env) in
        [("file:hmac", None), ("env:LEGACY_PEPPER", Some(("LEGACY_PEPPER", PEPPER)))]
    {
        let dir = tempdir().expect("a directory");
        fs::write(dir.path().join("hmac"), format!("{PEPPER}\n")).expect("written");
        let args = ["--recipe-secrets", &format!("{place},file:hmac")];
        let mut server = opened(dir.path(), &args, env.as_slice());

        migrate_one(&server, place);
        assert_eq!(verdict(&server, KEY), "VALID", "{place}");
        assert_eq!(verdict(&server, &KEY.replace('Z', "z")), "INVALID");

        // It is native now: the secret can go.
        assert_eq!(server.end_with(Signal::TERM).code(), Some(0));
        let later = Server::start(dir.path(), &["--demo"]);
        assert_eq!(verdict(&later, KEY), "VALID", "{place}");
        let log = later.log_with("Keys under a recipe cannot be verified");
        assert!(log.contains(place) && !log.contains(PEPPER), "{log}");
        // Nor is it missed by any key.
        assert_eq!(verdict(&later, "somebody-elses-key"), "INVALID");
    }
}

/// Until every key was used once, the secret is needed: without it, none of them may be said to be wrong.
#[test]
fn without_the_secret_an_unknown_key_is_refused_and_not_invalid() {
    let dir = tempdir().expect("a directory");
    fs::write(dir.path().join("hmac"), PEPPER).expect("written");
    let mut server = opened(dir.path(), &["--recipe-secrets", "file:hmac"], &[]);
    migrate_one(&server, "file:hmac");
    assert_eq!(server.end_with(Signal::TERM).code(), Some(0));

    let later = Server::start(dir.path(), &["--demo"]);
    for key in [KEY, "somebody-elses-key"] {
        let verify = post(later.url("/api/v1/api-key/verify")).header("authorization", later.sdk());
        let refused = verify.json(json!({ "key": key, "requestedScopes": [] })).send();
        assert_eq!(refused.status, 503, "{key}");
    }
    drop(later);
    let again = opened(dir.path(), &["--recipe-secrets", "file:hmac"], &[]);
    assert_eq!(verdict(&again, KEY), "VALID");
    assert_eq!(verdict(&again, "somebody-elses-key"), "INVALID");
}

#[test]
fn a_job_cannot_name_a_secret_that_the_server_was_not_started_with() {
    let dir = tempdir().expect("a directory");
    fs::write(dir.path().join("hmac"), PEPPER).expect("written");
    let server = opened(dir.path(), &["--recipe-secrets", "file:hmac"], &[]);
    for place in ["env:PATH", "file:/etc/hostname", "file:./hmac"] {
        let refused = job(&server, place);
        assert_eq!(refused.status, 400, "{place}");
        assert_eq!(refused.json()["error"]["reason"], "secret_not_configured", "{place}");
    }
}

#[test]
fn a_secret_that_is_missing_empty_or_written_out_is_the_users_error() {
    let dir = tempdir().expect("a directory");
    fs::write(dir.path().join("empty"), "\n").expect("written");
    fs::write(dir.path().join("large"), vec![b'x'; (64 << 10) + 1]).expect("written");
    fs::write(dir.path().join("my.toml"), "recipe-secrets = [\"canary-s3cret\"]").expect("written");
    for (args, says) in [
        (["--recipe-secrets", "file:nowhere"], "`file:nowhere` cannot be read: No such file"),
        (["--recipe-secrets", "env:NOT_SET_ANYWHERE"], "the variable is not set"),
        (["--recipe-secrets", "file:empty"], "it is empty"),
        (["--recipe-secrets", "file:large"], "it has more than 65536 bytes"),
        (["--recipe-secrets", "canary-s3cret"], "`env:NAME` or `file:PATH`"),
        (["--config", "my.toml"], "`env:NAME` or `file:PATH`"),
    ] {
        let ran =
            oneloop(dir.path(), &[&["serve", "--listen", "127.0.0.1:0"][..], &args[..]].concat());
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(says) && !ran.stderr.contains("canary"), "{ran:?}");
    }
}
