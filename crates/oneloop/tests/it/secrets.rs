//! Canaries: every kind of secret goes through the server at its most talkative, and is then searched for.

use std::fs;

use rustix::process::Signal;
use serde_json::json;
use tempfile::tempdir;

use crate::support::{Server, get, post};

#[test]
fn no_secret_is_in_the_log_or_in_the_database() {
    for format in ["text", "json"] {
        let dir = tempdir().expect("a directory");
        let mut server =
            Server::start(dir.path(), &["--demo", "--log-level", "trace", "--log-format", format]);
        let sdk_key = server.demo("sdkKey").to_owned();
        let session = post(server.url("/demo/session")).send().ok();
        let token = session["token"].as_str().expect("a token").to_owned();
        let create = json!({
            "name": "canary", "workspaceId": server.demo("workspaceId"), "customerId": "northwind",
            "enabled": true, "scopes": [],
        });
        let issued = post(server.url("/api/v1/api-key"))
            .header("x-link-token", &token)
            .json(create)
            .send()
            .ok();
        let key = issued["apiKey"]["key"].as_str().expect("a key").to_owned();

        // Where they belong, and where people put them by mistake.
        for path in [
            format!("/api/v1/link-token/{token}"),
            format!("/api/v1/link-token/{token}/"),
            format!("/{key}"),
            format!("/api/v1/workspace?key={key}"),
            format!("/widget/{token}"),
        ] {
            get(server.url(&path)).header("authorization", server.sdk()).send();
        }
        get(server.url("/api/v1/workspace"))
            .header("authorization", format!("Bearer {sdk_key}x"))
            .send();
        post(server.url("/api/v1/api-key/verify"))
            .header("authorization", server.sdk())
            .json(json!({ "key": key, "requestedScopes": [] }))
            .send()
            .ok();
        post(server.url("/api/v1/api-key/verify"))
            .header("authorization", server.sdk())
            .json(json!({ "key": key, "requestedScopes": key }))
            .send();
        get(server.url("/demo/api/metrics"))
            .header("authorization", format!("Bearer {key}"))
            .send();
        server.end_with(Signal::TERM);

        let log = server.log();
        assert!(log.contains("/api/v1/link-token/{token}"), "the requests are in the log:\n{log}");
        let mut files: Vec<_> = fs::read_dir(dir.path().join(".data"))
            .expect("the database's directory")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.push(dir.path().join("server.log"));
        assert!(files.len() >= 3, "database, pepper, log: {files:?}");
        for (name, secret) in
            [("SDK key", &sdk_key), ("link token", &token), ("customer's key", &key)]
        {
            // Its random part alone would be as bad as the whole.
            let (_, random) = secret.rsplit_once('_').expect("a prefix");
            for file in &files {
                let bytes = fs::read(file).expect("a file");
                let found = bytes.windows(random.len()).any(|window| window == random.as_bytes());
                assert!(!found, "the {name} is in {}", file.display());
            }
        }
    }
}
