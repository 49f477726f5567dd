//! `oneloop migrate apply`: from a plan that was reviewed to keys that work.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::support::{Migration, key, line, post};

/// What a row's key has to be told.
fn expected(row: usize) -> &'static str {
    match (row.is_multiple_of(7), row.is_multiple_of(5)) {
        (true, _) => "DISABLED",
        (_, true) => "EXPIRED",
        _ => "VALID",
    }
}

#[test]
fn a_reviewed_plan_becomes_keys_that_work_as_they_did() {
    let migration = Migration::of(35);
    migration.plan();
    let applied = migration.apply(&[]);
    let report = applied.json();
    assert_eq!(report["migration"]["state"], "finished");
    assert_eq!(report["outcomes"], json!({ "created": 35 }));
    assert_eq!(report["scopesCreated"], json!(["deployments"]));

    for row in 1..=35 {
        let verdict = migration.verdict(&key(row));
        assert_eq!(verdict["status"], expected(row), "row {row}: {verdict}");
        assert_eq!(verdict["customerId"], format!("customer-{}", row % 10));
    }
    assert_eq!(migration.verdict("old_00000000000000000000000000000000")["status"], "INVALID");

    let lines = migration.lines("outcomes.ndjson");
    assert_eq!(lines.len(), 35);
    let first = &lines[0];
    assert_eq!((&first["row"], &first["line"], &first["id"]), (&json!(1), &json!(2), &json!("1")));
    assert_eq!(first["code"], "created");
    let ids: BTreeMap<_, _> =
        migration.keys().iter().map(|key| (key["name"].to_string(), key["id"].clone())).collect();
    assert_eq!(ids["\"Key 1\""], first["apiKeyId"]);
    assert_eq!(lines[4]["notes"], json!(["expired_at_source"]));

    let files = [
        fs::read_to_string(migration.dir().join("outcomes.ndjson")).expect("written"),
        fs::read_to_string(migration.dir().join("plan.json")).expect("written"),
        applied.stdout,
        applied.stderr,
    ];
    let hash = line(1).split(',').nth(3).expect("a hash").to_owned();
    for secret in [&key(1), &hash, &migration.sdk_key] {
        assert!(files.iter().all(|text| !text.contains(secret)), "a secret was written");
    }
}

#[test]
fn applying_again_changes_nothing_and_says_the_same() {
    let migration = Migration::of(12);
    migration.plan();
    let first = migration.apply(&[]).json();
    let (keys, lines) = (migration.keys(), migration.lines("outcomes.ndjson"));
    let again = migration.apply(&[]);
    assert!(again.stderr.contains("12 of them were there from an earlier run"), "{}", again.stderr);
    let again = again.json();
    assert_eq!(
        (&again["migration"], &again["outcomes"]),
        (&first["migration"], &first["outcomes"])
    );
    assert_eq!(again["scopesCreated"], json!([]));
    assert_eq!((migration.keys(), migration.lines("outcomes.ndjson")), (keys, lines));
}

#[test]
fn applying_again_what_changed_since_leaves_what_is_known_as_it_was() {
    let migration = Migration::of(12);
    migration.plan();
    migration.apply(&["--chunk-rows", "5"]).json();
    let known = (migration.keys(), migration.lines("outcomes.ndjson"));
    migration.write_keys((1..=12).filter(|row| *row != 4));
    let changed = migration.apply(&["--chunk-rows", "5"]);
    assert_eq!((changed.code, changed.stdout.as_str()), (Some(1), ""), "{changed:?}");
    assert!(changed.stderr.contains("another plan than the one that was reviewed"), "{changed:?}");
    assert_eq!((migration.keys(), migration.lines("outcomes.ndjson")), known);
    let left = fs::read_dir(migration.dir()).expect("the folder").filter_map(Result::ok);
    let drafts = left.filter(|file| file.file_name().to_string_lossy().starts_with(".tmp"));
    assert_eq!(drafts.count(), 0, "a draft stayed behind");

    // The rows of the plan, in another order: the digest of the plan is the same, its chunks are not.
    migration.write_keys((1..=12).rev());
    let turned = migration.apply(&["--chunk-rows", "5"]);
    assert_eq!(turned.code, Some(1), "{turned:?}");
    assert!(turned.stderr.contains("in another order than then"), "{turned:?}");
    assert_eq!((migration.keys(), migration.lines("outcomes.ndjson")), known);
}

#[test]
fn what_was_not_reviewed_is_not_sent() {
    let migration = Migration::of(5);
    let digest = migration.plan();
    let forged = format!("{}{}", &digest[1..], &digest[..1]);
    let refused = migration.run(&["apply", "--plan", &forged, "--json"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.contains("another plan than the one that was reviewed"), "{refused:?}");

    migration.write_keys(1..=6);
    let changed = migration.apply(&[]);
    assert_eq!(changed.code, Some(1), "{changed:?}");
    assert_eq!(migration.run(&["status", "--json"]).json(), json!({ "migrations": [] }));
    assert_eq!(migration.keys(), Vec::<Value>::new());
    let scopes = crate::support::get(
        migration.url(&format!("/api/v1/workspace/{}/scopes", migration.workspace)),
    );
    let scopes = scopes.header("authorization", format!("Bearer {}", migration.sdk_key)).send();
    assert_eq!(scopes.ok()["scopes"], json!([]), "nothing is created for a plan that is refused");

    // The digest alone is enough for whoever reviewed the plan elsewhere.
    migration.write_keys(1..=5);
    assert_eq!(migration.run(&["apply", "--plan", &digest, "--json"]).code, Some(0));
}

#[test]
fn a_job_can_be_paused_and_goes_on_where_it_was() {
    let mut migration = Migration::of(30);
    migration.plan();
    // A conflict under `fail` stops the job in its third chunk.
    let taken = post(migration.url("/api/v1/api-key/migrate"))
        .header("authorization", format!("Bearer {}", migration.sdk_key))
        .json(json!({
            "key": key(25), "name": "Mine", "workspaceId": migration.workspace, "customerId": "x",
            "enabled": true, "scopes": [],
        }))
        .send();
    assert_eq!(taken.status, 200, "{taken:?}");
    migration.edit(|text| text.replace("conflict = \"skip\"", "conflict = \"fail\""));
    migration.plan();
    let stopped = migration.apply(&["--chunk-rows", "10"]);
    assert_eq!(stopped.code, Some(3), "{stopped:?}");
    let lines = migration.lines("outcomes.ndjson");
    let conflict = lines.iter().find(|line| line["row"] == 25).expect("its line");
    assert_eq!(conflict["code"], "conflict_fails");
    assert_eq!(
        conflict["differs"][0],
        json!({ "field": "name", "here": "Mine", "source": "Key 25" })
    );

    assert_eq!(migration.run(&["pause", "--json"]).json()["migration"]["state"], "paused");
    migration.edit(|text| text.replace("conflict = \"fail\"", "conflict = \"update\""));
    migration.plan();
    let paused = migration.apply(&["--chunk-rows", "10"]);
    assert!(paused.code == Some(1) && paused.stderr.contains("migrate resume"), "{paused:?}");
    migration.restart();
    assert_eq!(migration.run(&["resume", "--json"]).json()["migration"]["state"], "importing");
    let done = migration.apply(&["--chunk-rows", "10"]).json();
    assert_eq!(done["outcomes"], json!({ "created": 29, "updated": 1 }));
    assert_eq!(migration.verdict(&key(25))["customerId"], "customer-5");
    let status = migration.run(&["status"]);
    assert!(status.stdout.contains("finished") && status.stdout.contains("30 of 30"), "{status:?}");
}

#[test]
fn a_plan_says_what_a_server_lacks() {
    let migration = Migration::of(4);
    let url = migration.url("");
    let plan =
        || migration.run(&["plan", "--server", &url, "--output", "plan.json", "--json"]).json();
    let before = plan()["server"].clone();
    assert_eq!(
        before,
        json!({ "scopesMissing": ["deployments"], "migration": null, "gateOpen": true })
    );
    let applied = migration.apply(&[]).json();
    let after = plan();
    assert_eq!(after["server"]["scopesMissing"], json!([]));
    assert_eq!(after["server"]["migration"]["id"], applied["migration"]["id"]);
    assert_eq!(
        after["digest"], applied["migration"]["planDigest"],
        "what is there changes no digest"
    );
}

#[test]
fn an_sdk_key_is_named_and_never_typed() {
    let migration = Migration::of(1);
    migration.plan();
    let typed = migration.apply(&["--sdk-key", &migration.sdk_key]);
    assert_eq!(typed.code, Some(1));
    assert!(typed.stderr.contains("env:NAME") && !typed.stderr.contains(&migration.sdk_key));
    fs::write(migration.dir().join("sdk.key"), format!("{}\n", migration.sdk_key))
        .expect("written");
    let named = migration.apply(&["--sdk-key", "file:sdk.key"]);
    assert_eq!(named.code, Some(0), "{named:?}");
    let missing = migration.apply(&["--sdk-key", "env:NO_SUCH_VARIABLE_HERE"]);
    assert!(missing.stderr.contains("there is no SDK key in `env:NO_SUCH"), "{missing:?}");
}

#[test]
fn a_counter_comes_along_and_may_move_while_a_migration_waits() {
    let migration = Migration::of(25);
    migration.edit(|text| text.replace("[columns]\n", "[columns]\nuses-left = \"left\"\n"));
    let write = |left: &dyn Fn(usize) -> String| {
        let rows = (1..=25).map(|row| format!("{},{}\n", line(row), left(row)));
        let header = "id,name,user_id,key_hash,scopes,created_at,expires_at,revoked_at,left\n";
        fs::write(migration.dir().join("keys.csv"), header.to_owned() + &rows.collect::<String>())
            .expect("written");
    };
    write(&|row| if row == 3 { "many".to_owned() } else { String::new() });
    let refused = migration.run(&["plan", "--json"]).json();
    assert_eq!(refused["outcomes"], json!({ "create": 24, "invalid_number": 1 }));

    let few = |row: usize| match row {
        1 => "2".to_owned(),
        2 => "0".to_owned(),
        _ => String::new(),
    };
    write(&few);
    migration.plan();
    assert_eq!(migration.apply(&["--chunk-rows", "10"]).code, Some(0));
    let verdicts = |row| migration.verdict(&key(row))["status"].clone();
    assert_eq!([verdicts(1), verdicts(1), verdicts(1)], ["VALID", "VALID", "USAGE_LIMITED"]);
    assert_eq!((verdicts(2), verdicts(3)), (json!("USAGE_LIMITED"), json!("VALID")));

    // Used at its source meanwhile: the plan is the same, and so are its chunks.
    write(&|row| if row == 1 { "1".to_owned() } else { few(row) });
    let again = migration.apply(&["--chunk-rows", "10"]);
    assert!(again.stderr.contains("25 of them were there"), "{again:?}");
    assert_eq!(migration.run(&["reconcile", "--json"]).json()["reconciled"], true);
}
