//! The demonstration: its data, its page, and its backend, seen from outside.

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Answer, Server, delete, get, patch, post};

/// The customer's keys, as the widget lists them.
fn list(server: &Server) -> Vec<Value> {
    let session = post(server.url("/demo/session")).send().ok();
    let token = session["token"].as_str().expect("a token");
    let path = format!("/api/v1/workspace/{}/api-key", server.demo("workspaceId"));
    let answer = get(server.url(&path)).header("x-link-token", token).send().ok();
    answer["apiKeys"].as_array().expect("a list").clone()
}

fn names(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["name"].as_str().expect("a name")).collect()
}

#[track_caller]
fn named<'a>(keys: &'a [Value], name: &str) -> &'a Value {
    keys.iter().find(|key| key["name"] == name).expect(name)
}

#[test]
fn the_customer_has_keys_in_every_state_and_sees_nobody_elses() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &["--demo"]);
    let keys = list(&server);
    assert_eq!(
        names(&keys),
        [
            "finance export",
            "staging webhook",
            "ci-deploy",
            "terraform",
            "grafana",
            "old laptop",
            "intern-2025"
        ],
        "newest first"
    );
    assert!(keys.iter().all(|key| key["customerId"] == "northwind"));

    let now = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970")
            .as_millis(),
    )
    .expect("a moment");
    let days_left =
        |name| (named(&keys, name)["expiresAt"].as_i64().expect(name) - now) / 86_400_000;
    assert_eq!(days_left("terraform"), 2, "three days, less the moment that has passed");
    assert!(days_left("intern-2025") < -400);
    assert_eq!(named(&keys, "old laptop")["enabled"], false);
    assert_eq!(named(&keys, "staging webhook")["lastUsedAt"], Value::Null);
    assert!(named(&keys, "ci-deploy")["lastUsedAt"].is_string());
    assert!(
        named(&keys, "grafana")["createdAt"].as_str()
            < named(&keys, "ci-deploy")["createdAt"].as_str()
    );

    let all = get(server.url(&format!("/api/v1/workspace/{}/api-key", server.demo("workspaceId"))))
        .header("authorization", server.sdk())
        .send()
        .ok();
    let everybody = all["apiKeys"].as_array().expect("a list");
    assert_eq!(everybody.iter().filter(|key| key["customerId"] == "initech").count(), 2);
}

#[test]
fn a_second_start_adds_nothing_and_brings_nothing_back() {
    let dir = tempdir().expect("a directory");
    let mut server = Server::start(dir.path(), &["--demo"]);
    let (first_key, first) = (server.sdk(), list(&server));
    let id = named(&first, "old laptop")["id"].as_str().expect("an id");
    let path = format!("/api/v1/workspace/{}/api-key/{id}", server.demo("workspaceId"));
    delete(server.url(&path)).header("authorization", &first_key).send().ok();
    let facts = server.ready["demo"].clone();
    server.end_with(Signal::TERM);

    let server = Server::start(dir.path(), &["--demo"]);
    let second = list(&server);
    let remaining: Vec<_> =
        first.iter().filter(|key| key["name"] != "old laptop").cloned().collect();
    assert_eq!(second, remaining);
    for same in ["teamId", "workspaceId", "customerId"] {
        assert_eq!(server.ready["demo"][same], facts[same], "{same}");
    }

    // The SDK key is a new one, and the one before it no longer works.
    assert_ne!(server.sdk(), first_key);
    let with =
        |key: &str| get(server.url("/api/v1/workspace")).header("authorization", key).send().status;
    assert_eq!((with(&first_key), with(&server.sdk())), (401, 200));
}

/// Calls a demo endpoint with a customer's key.
fn call(request: crate::support::Request, key: &str) -> (u16, Value) {
    let answer: Answer = request.header("authorization", format!("Bearer {key}")).send();
    assert_eq!(answer.header("cache-control"), "no-store");
    (answer.status, answer.json())
}

#[test]
fn a_newcomer_sees_valid_then_invalid_scopes_then_deleted() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &["--demo"]);
    let session = post(server.url("/demo/session")).send();
    assert_eq!(session.header("cache-control"), "no-store");
    let session = session.ok();
    assert_eq!(session["workspaceId"], server.demo("workspaceId"));
    assert!(session["expiresAt"].is_i64());
    let token = session["token"].as_str().expect("a token");

    let scope = |representation: &str| json!([{"representation": representation, "create": true, "read": true, "update": false, "del": false}]);
    let create = json!({
        "name": "mine", "workspaceId": server.demo("workspaceId"), "customerId": "northwind",
        "enabled": true, "scopes": scope("deployments"),
    });
    let issued =
        post(server.url("/api/v1/api-key")).header("x-link-token", token).json(create).send().ok();
    let key = issued["apiKey"]["key"].as_str().expect("a key");
    let id = issued["apiKey"]["id"].as_str().expect("an id");
    assert!(key.starts_with("acme_"), "the workspace's prefix");

    let deployments = || get(server.url("/demo/api/deployments"));
    let (status, body) = call(deployments(), key);
    assert_eq!((status, &body["verdict"]), (200, &json!("VALID")));
    let before = body["data"]["deployments"].as_array().expect("a list").len();
    let (status, body) = call(post(server.url("/demo/api/deployments")), key);
    assert_eq!((status, &body["verdict"]), (200, &json!("VALID")));
    let (_, body) = call(deployments(), key);
    assert_eq!(body["data"]["deployments"].as_array().expect("a list").len(), before + 1);

    let refused = call(get(server.url("/demo/api/metrics")), key);
    let needs = json!({ "verdict": "INVALID_SCOPES", "needs": { "representation": "metrics", "access": "read" } });
    assert_eq!(refused, (403, needs));

    let path =
        server.url(&format!("/api/v1/workspace/{}/api-key/{id}", server.demo("workspaceId")));
    patch(&path)
        .header("x-link-token", token)
        .json(json!({ "scopes": scope("metrics") }))
        .send()
        .ok();
    assert_eq!(call(get(server.url("/demo/api/metrics")), key).0, 200);
    assert_eq!(call(deployments(), key).1["verdict"], "INVALID_SCOPES");

    patch(&path).header("x-link-token", token).json(json!({ "enabled": false })).send().ok();
    let (status, body) = call(deployments(), key);
    assert_eq!((status, &body["verdict"]), (401, &json!("DISABLED")));
    delete(&path).header("x-link-token", token).send().ok();
    let (status, body) = call(deployments(), key);
    assert_eq!((status, &body["verdict"]), (401, &json!("DELETED")));

    let (status, body) = call(deployments(), "nonsense");
    assert_eq!((status, &body["verdict"]), (401, &json!("INVALID")));
    assert_eq!(get(server.url("/demo/api/deployments")).send().status, 401, "no key at all");
}

#[test]
fn pages_carry_the_strict_policy_and_files_their_types() {
    let dir = tempdir().expect("a directory");
    let page = dir.path().join("built");
    fs::create_dir(&page).expect("a directory");
    fs::write(page.join("index.html"), "<!doctype html><title>Acme</title>").expect("written");
    fs::write(page.join("page.js"), "export {}").expect("written");
    fs::write(page.join("page.js.gz"), "compressed elsewhere").expect("written");
    let server = Server::start(dir.path(), &["--demo", "--demo-dir", "built"]);

    let policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
    for path in ["/", "/index.html"] {
        let answer = get(server.url(path)).send();
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "text/html");
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-cache");
    }
    let script = get(server.url("/page.js")).header("accept-encoding", "gzip").send();
    assert_eq!((script.status, script.header("content-encoding")), (200, "gzip"));
    assert_eq!(script.header("content-type"), "text/javascript");
    assert_eq!(script.bytes, "compressed elsewhere");
    assert_eq!(script.header("content-security-policy"), "");

    // Everything else is the API's usual answer, and nothing outside of the directory is served.
    for path in [
        "/nothing",
        "/api/v1/nothing",
        "/../oneloop.db",
        "/%2e%2e/.data/demo.db",
        "/..%2f.data/demo.db",
    ] {
        let answer = get(server.url(path)).send();
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["error"]["reason"], "unknown_route", "{path}");
    }
    assert_eq!(post(server.url("/nothing")).send().json()["error"]["reason"], "unknown_route");
}

#[test]
fn a_page_that_is_not_built_says_what_to_do() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &["--demo"]);
    let html = get(server.url("/")).header("accept", "text/html,*/*").send();
    assert_eq!((html.status, html.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(html.bytes.windows(9).any(|text| text == b"npm start"));
    let json = get(server.url("/")).header("accept", "application/json").send();
    assert_eq!(json.status, 404);
    assert!(
        json.json()["error"]["message"].as_str().is_some_and(|text| text.contains("npm start"))
    );
    server.log_with("warning: the demo page is not built");
}

#[test]
fn without_demo_there_is_no_demonstration() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &[]);
    for path in ["/", "/demo/api/deployments", "/demo/session"] {
        assert_eq!(get(server.url(path)).send().status, 404, "{path}");
    }
    assert_eq!(post(server.url("/demo/session")).send().status, 404);
}
