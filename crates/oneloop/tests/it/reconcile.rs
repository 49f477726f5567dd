//! What follows `apply`: holding both sides against each other, the signed report, and undoing it all.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Migration, Ran, key, oneloop, patch, wait_for};

/// A migration of `rows` keys that was applied.
fn applied(rows: usize) -> Migration {
    let migration = Migration::of(rows);
    migration.plan();
    assert_eq!(migration.apply(&["--chunk-rows", "10"]).code, Some(0));
    migration
}

/// Edits a key on the server, as its holder would.
fn rename(migration: &Migration, name: &str, to: &str) {
    let keys = migration.keys();
    let found = keys.iter().find(|key| key["name"] == name).expect(name);
    let id = found["id"].as_str().expect("an id");
    let answer =
        patch(migration.url(&format!("/api/v1/workspace/{}/api-key/{id}", migration.workspace)))
            .header("authorization", format!("Bearer {}", migration.sdk_key))
            .json(json!({ "name": to }))
            .send();
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn stdout(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn what_arrived_is_held_against_the_source_and_real_keys_are_tried() {
    let migration = applied(25);
    let keys: String = (1..=25).map(|row| format!("{}\n", key(row))).collect();
    fs::write(migration.dir().join("real.txt"), &keys).expect("written");
    let good = migration.run(&["reconcile", "--secrets", "file:real.txt", "--json"]);
    let report = good.json();
    assert_eq!((&report["reconciled"], &report["differences"]), (&json!(true), &json!(0)));
    assert_eq!(report["source"]["digest"], report["target"]["digest"]);
    assert_eq!(report["secrets"]["verdicts"], json!({ "VALID": 17, "EXPIRED": 5, "DISABLED": 3 }));

    fs::write(migration.dir().join("real.txt"), format!("{}\n\nnot-a-key-of-anybody\n", key(1)))
        .expect("written");
    let wrong = migration.run(&["reconcile", "--secrets", "file:real.txt", "--json"]);
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    assert_eq!(stdout(&wrong)["secrets"]["unknownLines"], json!([3]));
    assert!(!format!("{good:?}{wrong:?}").contains(&key(1)), "a key was written");

    rename(&migration, "Key 4", "Renamed");
    migration.write_keys(1..=26);
    let differs = migration.run(&["reconcile", "--json"]);
    assert_eq!(differs.code, Some(3), "{differs:?}");
    assert!(differs.stderr.contains("the source changed since it was applied"), "{differs:?}");
    assert_eq!(stdout(&differs)["target"]["missing"], 1);
    let lines = migration.lines("differences.ndjson");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!((&lines[0]["row"], &lines[0]["code"]), (&json!(4), &json!("different")));
    assert_eq!(
        lines[0]["differs"],
        json!([{ "field": "name", "here": "Renamed", "source": "Key 4" }])
    );
    assert_eq!((&lines[1]["row"], &lines[1]["code"]), (&json!(26), &json!("missing")));
}

#[test]
fn a_report_is_believed_only_as_it_was_signed() {
    let migration = applied(3);
    assert_eq!(migration.run(&["reconcile"]).code, Some(0));
    let shown = migration.run(&["report", "--output", "report.json"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stdout.contains("Reconciled     yes"), "{}", shown.stdout);

    // Offline: no server is named.
    let check = |more: &[&str]| {
        let args = [&["migrate", "verify-report", "report.json", "--json"], more].concat();
        oneloop(migration.dir(), &args)
    };
    let genuine = check(&[]).json();
    assert_eq!(genuine["report"]["reconciled"], true);
    let public = genuine["publicKey"].as_str().expect("a key").to_owned();
    assert_eq!(check(&["--public-key", &public]).json()["pinned"], true);
    let other = check(&["--public-key", "-AAA"]);
    assert!(other.code == Some(1) && other.stderr.contains("another key"), "{other:?}");

    let path = migration.dir().join("report.json");
    let text = fs::read_to_string(&path).expect("written");
    let mut report: Value = serde_json::from_str(&text).expect("JSON");
    report["report"]["migration"]["counts"]["created"] = json!(4);
    fs::write(&path, report.to_string()).expect("written");
    assert!(check(&[]).stderr.contains("are not the same"), "{:?}", check(&[]));

    // The same change inside of what was signed, too.
    let jws = report["jws"].as_str().expect("a JWS");
    let parts: Vec<&str> = jws.split('.').collect();
    let decoded = data_encoding::BASE64URL_NOPAD.decode(parts[1].as_bytes()).expect("base 64");
    let forged =
        String::from_utf8(decoded).expect("JSON").replace("\"created\":3", "\"created\":4");
    let forged = data_encoding::BASE64URL_NOPAD.encode(forged.as_bytes());
    report["jws"] = json!(format!("{}.{forged}.{}", parts[0], parts[2]));
    fs::write(&path, report.to_string()).expect("written");
    assert!(check(&[]).stderr.contains("somebody changed"), "{:?}", check(&[]));
}

#[test]
fn a_rollback_removes_what_was_created_and_nothing_that_was_edited() {
    let migration = applied(25);
    rename(&migration, "Key 8", "Mine now");
    let unasked = migration.run(&["rollback"]);
    assert!(unasked.code == Some(1) && unasked.stderr.contains("--yes"), "{unasked:?}");
    assert_eq!(migration.keys().len(), 25);

    let kept = migration.run(&["rollback", "--yes", "--json"]);
    assert_eq!(kept.code, Some(3), "{kept:?}");
    assert!(kept.stderr.contains("--force"), "{kept:?}");
    let report = stdout(&kept);
    assert_eq!(report["migration"]["state"], "rolled_back");
    assert_eq!(report["migration"]["counts"]["removed"], 24);
    assert_eq!(report["rows"][0]["row"], 8);
    assert_eq!(report["rows"][0]["outcome"], "edited_since");
    assert_eq!(migration.verdict(&key(1))["status"], "INVALID");
    assert_eq!(migration.verdict(&key(8))["status"], "VALID");

    let id = report["migration"]["id"].as_str().expect("an id");
    let forced = migration.run(&["rollback", id, "--yes", "--force", "--json"]).json();
    assert_eq!(forced["migration"]["counts"]["removed"], 25);
    assert_eq!(migration.keys(), Vec::<Value>::new());

    // The same plan can be applied again: it is a new job.
    let again = migration.apply(&[]).json();
    assert_ne!(again["migration"]["id"], json!(id));
    assert_eq!(again["outcomes"], json!({ "created": 25 }));
}

#[test]
fn the_gate_is_rehearsed_and_what_fails_is_named() {
    let migration = Migration::of(1);
    let check = |more: &[&str]| migration.run(&[&["check-access", "--json"], more].concat());
    let open = check(&[]).json();
    assert_eq!((&open["open"], &open["address"]), (&json!(true), &json!("127.0.0.1")));

    let admin = |args: &[&str]| {
        let ran = oneloop(migration.dir(), &[&["admin"], args].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stdout
    };
    let becomes = |failed: &str, more: &[&str]| {
        wait_for(|| {
            let ran = check(more);
            (ran.code == Some(1) && stdout(&ran)["checks"][failed] == "failed").then_some(ran)
        })
    };
    let less = admin(&[
        "sdk-key",
        "create",
        "--team",
        &migration.team,
        "--name",
        "x",
        "--rights",
        "api_keys:all",
    ]);
    fs::write(migration.dir().join("less.key"), less).expect("written");
    let ran = becomes("right", &["--sdk-key", "file:less.key"]);
    assert!(ran.stderr.contains("migration.create"), "{ran:?}");

    fs::write(migration.dir().join("no.key"), "sdk_nobody").expect("written");
    assert!(becomes("sdkKey", &["--sdk-key", "file:no.key"]).stderr.contains("does not know"));

    let team = migration.team.as_str();
    admin(&["migration-window", "open", "--team", team, "--from", "203.0.113.7", "--for", "1h"]);
    let elsewhere = becomes("address", &[]);
    assert!(elsewhere.stderr.contains("the address 127.0.0.1"), "{elsewhere:?}");

    admin(&["migration-window", "close", "--team", team]);
    assert!(becomes("window", &[]).stderr.contains("the migration window is closed"));
    migration.plan();
    let applied = migration.apply(&[]);
    assert!(applied.code == Some(1) && applied.stderr.contains("check-access"), "{applied:?}");
}
