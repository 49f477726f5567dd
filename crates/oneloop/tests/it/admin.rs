//! `oneloop admin`: teams, SDK keys, the audit log, beside a running server.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Answer, Server, get, oneloop, post};

/// Runs an admin command that answers with JSON.
#[track_caller]
fn admin(dir: &Path, args: &[&str]) -> Value {
    oneloop(dir, &[&["admin", "--json"], args].concat()).json()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn workspaces(server: &Server, sdk_key: &str) -> Answer {
    get(server.url("/api/v1/workspace")).header("authorization", format!("Bearer {sdk_key}")).send()
}

/// Asks until the answer is `status`; the promise is one second.
#[track_caller]
fn within_a_second(status: u16, ask: impl Fn() -> Answer) {
    let started = Instant::now();
    loop {
        let answer = ask();
        if answer.status == status {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(1), "still {answer:?}");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_team_comes_with_its_first_sdk_key_which_is_all_of_standard_output() {
    let dir = tempdir().expect("a directory");
    let ran = oneloop(dir.path(), &["admin", "team", "create", "Acme"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let key = ran.stdout.strip_suffix('\n').expect("one line");
    assert!(key.starts_with("olsdk_") && !key.contains(char::is_whitespace), "{key}");
    assert!(!ran.stderr.contains(key), "the talk repeats the secret");
    let talk = ran.stderr.lines().map(|line| match line.split_once("tm_") {
        Some((before, _)) => format!("{before}tm_…"),
        None => line.to_owned(),
    });
    insta::assert_snapshot!(talk.collect::<Vec<_>>().join("\n"), @r"
    Created the database sqlite:oneloop.db.
    Created team Acme with the id tm_…
    Its SDK key follows. It is shown this once and may do everything: keep it on your servers.
    ");

    let server = Server::start(dir.path(), &[]);
    assert_eq!(workspaces(&server, key).ok(), json!({ "workspaces": [] }));
}

#[test]
fn json_answers_have_the_shapes_of_the_api() {
    let dir = tempdir().expect("a directory");
    let created = admin(dir.path(), &["team", "create", "Acme"]);
    insta::assert_json_snapshot!("team-create", created, {
        ".team.id" => "[tm]", ".team.createdAt" => "[moment]",
        ".sdkKey.id" => "[sk]", ".sdkKey.teamId" => "[tm]", ".sdkKey.key" => "[secret]",
        ".sdkKey.maskedKey" => "[mask]",
        ".sdkKey.createdAt" => "[moment]", ".sdkKey.updatedAt" => "[moment]",
    });
    let teams = admin(dir.path(), &["team", "list"]);
    assert_eq!(teams, json!({ "teams": [created["team"]] }));

    let team = text(&created["team"]["id"]);
    let args = [
        "sdk-key",
        "create",
        "--team",
        team,
        "--name",
        "ci",
        "--rights",
        "workspace:read,api_keys:create+read",
    ];
    let narrow = admin(dir.path(), &args)["sdkKey"].clone();
    assert_eq!(
        narrow["scopes"],
        json!([
            {"representation": "workspace", "create": false, "read": true, "update": false, "del": false},
            {"representation": "api_keys", "create": true, "read": true, "update": false, "del": false},
        ])
    );
    let listed = admin(dir.path(), &["sdk-key", "list", "--team", team]);
    let names: Vec<_> = listed["sdkKeys"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|key| text(&key["name"]))
        .collect();
    assert_eq!(names, ["first", "ci"]);
    let secret = text(&narrow["key"]);
    assert!(!listed.to_string().contains(secret), "a list shows a secret");
}

#[test]
fn rights_are_kept() {
    let dir = tempdir().expect("a directory");
    let team = admin(dir.path(), &["team", "create", "Acme"])["team"]["id"].clone();
    let args = [
        "sdk-key",
        "create",
        "--team",
        text(&team),
        "--name",
        "reader",
        "--rights",
        "workspace:read",
    ];
    let key = admin(dir.path(), &args)["sdkKey"]["key"].clone();
    let server = Server::start(dir.path(), &[]);
    assert_eq!(workspaces(&server, text(&key)).status, 200);
    let create = post(server.url("/api/v1/workspace"))
        .header("authorization", format!("Bearer {}", text(&key)))
        .json(json!({ "name": "mine" }));
    assert_eq!(create.send().status, 403);
}

#[test]
fn a_running_server_follows_within_a_second() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &[]);
    let created = admin(dir.path(), &["team", "create", "Acme"]);
    let (key, id) = (text(&created["sdkKey"]["key"]), text(&created["sdkKey"]["id"]));
    within_a_second(200, || workspaces(&server, key));

    // Off and on again, with the rights that it had.
    for (command, enabled, status) in [
        ("disable", false, 401),
        ("disable", false, 401),
        ("enable", true, 200),
        ("enable", true, 200),
    ] {
        let switched = admin(dir.path(), &["sdk-key", command, id])["sdkKey"].clone();
        assert_eq!(switched["enabled"], enabled);
        assert_eq!(switched["scopes"], created["sdkKey"]["scopes"]);
        within_a_second(status, || workspaces(&server, key));
    }

    let revoked = admin(dir.path(), &["sdk-key", "revoke", id]);
    assert_eq!(revoked["sdkKey"]["deleted"], true);
    within_a_second(401, || workspaces(&server, key));

    let ran = oneloop(dir.path(), &["admin", "sdk-key", "enable", id]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.stderr, "error: the SDK key was revoked and cannot change any more\n");

    // Revoked ones are out of the way, and still on record.
    assert_eq!(admin(dir.path(), &["sdk-key", "list"]), json!({ "sdkKeys": [] }));
    let all = admin(dir.path(), &["sdk-key", "list", "--all"]);
    assert_eq!(all["sdkKeys"][0]["id"], id);
    let table = oneloop(dir.path(), &["admin", "sdk-key", "list", "--all"]).stdout;
    assert!(table.contains("revoked") && table.contains("  all  "), "{table}");
}

#[test]
fn what_operators_do_is_on_record() {
    let dir = tempdir().expect("a directory");
    let created = admin(dir.path(), &["team", "create", "Acme"]);
    let id = text(&created["sdkKey"]["id"]);
    admin(dir.path(), &["sdk-key", "revoke", id]);
    let audit = admin(dir.path(), &["audit", "--limit", "2"])["audit"].clone();
    let entries = audit.as_array().expect("a list");
    assert_eq!(entries.len(), 2, "{audit}");
    assert!(
        entries.iter().all(|entry| entry["who"] == "operator" && entry["subject"] == id),
        "{audit}"
    );
    assert!(!audit.to_string().contains(text(&created["sdkKey"]["key"])), "a secret is on record");
}

#[test]
fn an_audit_log_that_was_edited_by_hand_is_found_out() {
    let dir = tempdir().expect("a directory");
    admin(dir.path(), &["team", "create", "Acme"]);
    admin(dir.path(), &["team", "create", "Globex"]);
    let verify = |args: &[&str]| oneloop(dir.path(), &[&["admin", "verify-audit"], args].concat());
    let ran = verify(&[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let head = ran.stdout.trim();
    assert!(head.starts_with("4:") && head.len() == 66, "{head}");
    assert_eq!(
        verify(&["--json"]).json(),
        json!({ "audit": { "intact": true, "lines": 4, "head": head } })
    );

    let file = dir.path().join("oneloop.db");
    let written = std::fs::read(&file).expect("the database");
    let (right, wrong) = (br#"{"name":"Globex"}"#, br#"{"name":"Globez"}"#);
    let places = written.windows(right.len()).enumerate();
    let places: Vec<_> = places.filter(|(_, found)| found == right).map(|(at, _)| at).collect();
    let [at] = places[..] else { panic!("{places:?}") };
    let mut edited = written.clone();
    edited[at..at + wrong.len()].copy_from_slice(wrong);
    std::fs::write(&file, edited).expect("written");
    let says = "line 3 does not fit: it, or the line before, is not what was written";
    let ran = verify(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains(says), "{}", ran.stderr);
    let ran = verify(&["--json"]);
    assert_eq!(ran.code, Some(1));
    let found: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(found, json!({ "audit": { "intact": false, "line": 3, "reason": says } }));

    std::fs::write(&file, written).expect("written");
    admin(dir.path(), &["team", "create", "Initech"]);
    assert_eq!(verify(&["--head", head]).code, Some(0), "it goes on from there");
    let another = head.replace(&head[60..], "000000");
    let ran = verify(&["--head", &another]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("line 4 is not the one"), "{}", ran.stderr);
    assert_eq!(verify(&["--head", "4"]).code, Some(1), "no head");
}

#[test]
fn a_mistyped_path_does_not_become_an_empty_database() {
    let dir = tempdir().expect("a directory");
    let ran = oneloop(dir.path(), &["admin", "team", "list", "--database", "sqlite:onelop.db"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr, @r"
    error: there is no database at `onelop.db`
    hint: name yours with `--database sqlite:PATH`, or create one with `oneloop admin team create NAME`
    ");
    assert!(!dir.path().join("onelop.db").exists());
}

#[test]
fn what_is_not_there_and_what_is_not_allowed_are_the_users_errors() {
    let dir = tempdir().expect("a directory");
    admin(dir.path(), &["team", "create", "Acme"]);
    let refused = |args: &[&str]| {
        let ran = oneloop(dir.path(), &[&["admin"], args].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
        ran.stderr
    };
    insta::assert_snapshot!(refused(&["sdk-key", "create", "--team", "tm_0", "--name", "x"]), @r"
    error: there is no such team
    hint: `oneloop admin team list` lists them
    ");
    insta::assert_snapshot!(refused(&["sdk-key", "revoke", "sk_0"]), @r"
    error: there is no such SDK key
    hint: `oneloop admin sdk-key list --all` lists them
    ");
    insta::assert_snapshot!(refused(&["team", "create", " "]), @"error: name must not be blank");
}

#[test]
fn the_pepper_guards_admin_too() {
    let dir = tempdir().expect("a directory");
    admin(dir.path(), &["team", "create", "Acme"]);
    std::fs::write(dir.path().join("oneloop.db.pepper"), [7_u8; 32]).expect("overwritten");
    let ran = oneloop(dir.path(), &["admin", "team", "list"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
}

#[test]
fn a_jwt_key_is_rotated_while_the_server_runs() {
    let dir = tempdir().expect("a directory");
    let server = Server::start(dir.path(), &["--demo"]);
    let sign = || {
        let body = json!({ "payload": { "sub": "ada" } });
        let signed =
            post(server.url("/api/v1/jwt")).header("authorization", server.sdk()).json(body);
        signed.send().ok()["jwt"].as_str().expect("a token").to_owned()
    };
    let status = |jwt: &str| {
        let body = json!({ "jwt": jwt });
        let verify = post(server.url("/api/v1/jwt/verify")).header("authorization", server.sdk());
        verify.json(body).send().ok()["status"].clone()
    };
    let team = server.demo("teamId").to_owned();
    let rotate = |more: &[&str]| {
        let args = [
            "admin",
            "jwt-key",
            "rotate",
            "--team",
            &team,
            "--database",
            "sqlite:.data/demo.db",
            "--json",
        ];
        oneloop(dir.path(), &[&args, more].concat()).json()["kid"].clone()
    };
    let first = sign();
    let kid = rotate(&[]);
    assert!(kid.as_str().is_some_and(|kid| kid.starts_with("jk_")), "{kid}");
    let second = sign();
    assert_eq!((status(&first), status(&second)), (json!("VALID"), json!("VALID")));
    rotate(&["--revoke-old"]);
    assert_eq!((status(&first), status(&second)), (json!("INVALID"), json!("INVALID")));
    assert_eq!(status(&sign()), "VALID");
}
