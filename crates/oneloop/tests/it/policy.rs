//! What becomes of keys that are there already is reviewed with the plan, and rows that became no key are told.

use serde_json::{Value, json};

use crate::support::{Migration, Ran, key, post};

fn report(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn update(migration: &Migration) {
    migration.edit(|text| text.replace("conflict = \"skip\"", "conflict = \"update\""));
}

#[test]
fn keys_are_overwritten_only_if_that_was_reviewed() {
    let migration = Migration::of(3);
    let taken = post(migration.url("/api/v1/api-key/migrate"))
        .header("authorization", format!("Bearer {}", migration.sdk_key))
        .json(json!({
            "key": key(2), "name": "Mine", "workspaceId": migration.workspace, "customerId": "x",
            "enabled": true, "scopes": [],
        }))
        .send();
    assert_eq!(taken.status, 200, "{taken:?}");
    let digest = migration.plan();
    update(&migration);
    let refused = migration.apply(&[]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
    let said = "the plan was made with policy.conflict = \"skip\", and the mapping says \"update\"";
    assert!(refused.stderr.contains(said), "{refused:?}");
    let bare = migration.run(&["apply", "--plan", &digest, "--json"]);
    assert_eq!(
        (bare.code, bare.stdout.as_str()),
        (Some(1), ""),
        "a digest says no policy: {bare:?}"
    );
    assert_eq!(migration.keys().len(), 1, "nothing was sent");

    migration.edit(|text| text.replace("conflict = \"update\"", "conflict = \"skip\""));
    let skipped = migration.apply(&[]);
    assert_eq!(skipped.code, Some(3), "{skipped:?}");
    assert_eq!(report(&skipped)["outcomes"], json!({ "conflict": 1, "created": 2 }));

    // A job that left keys as they were is no dead end.
    update(&migration);
    migration.plan();
    let updated = migration.apply(&[]).json();
    assert_eq!(updated["outcomes"], json!({ "unchanged": 2, "updated": 1 }));
    assert_ne!(updated["migration"]["id"], report(&skipped)["migration"]["id"]);
    assert_eq!(migration.verdict(&key(2))["customerId"], "customer-2");
    let compared = migration.run(&["reconcile", "--json"]).json();
    assert_eq!(compared["migration"]["id"], updated["migration"]["id"]);
    let again = migration.apply(&[]).json();
    assert_eq!(again["migration"]["id"], updated["migration"]["id"]);
}

#[test]
fn rows_that_became_no_key_are_told() {
    let migration = Migration::of(4);
    let path = migration.dir().join("keys.csv");
    let csv = std::fs::read_to_string(&path).expect("keys.csv");
    std::fs::write(&path, csv.replace(",customer-3,", ",,")).expect("written");
    migration.plan();
    let applied = migration.apply(&[]);
    assert_eq!(applied.code, Some(3), "{applied:?}");
    assert!(applied.stderr.contains("1 row became no key"), "{applied:?}");
    assert_eq!(report(&applied)["outcomes"], json!({ "created": 3, "owner_missing": 1 }));
    let compared = migration.run(&["reconcile"]);
    assert_eq!(compared.code, Some(0), "{compared:?}");
    let said = "3 of 4 source rows; 1 became no key at planning";
    assert!(compared.stdout.contains(said) && !compared.stderr.contains("every key is there"));
}

#[test]
fn a_plan_without_a_key_is_none() {
    let migration = Migration::of(2);
    let path = migration.dir().join("keys.csv");
    let csv = std::fs::read_to_string(&path).expect("keys.csv");
    let digest = migration.plan();
    std::fs::write(&path, csv.replace(",customer-1,", ",,").replace(",customer-2,", ",,"))
        .expect("written");
    let plan = migration.run(&["plan", "--output", "none.json"]);
    assert_eq!(plan.code, Some(1), "{plan:?}");
    assert!(plan.stderr.contains("no row becomes a key: owner_missing (2)"), "{plan:?}");
    assert!(!plan.stdout.contains("Digest") && !plan.stderr.contains("apply"), "{plan:?}");
    assert!(!migration.dir().join("none.json").exists());
    let header = csv.lines().next().expect("a header").to_owned() + "\n";
    std::fs::write(&path, header).expect("written");
    let empty = migration.run(&["plan", "--json"]);
    assert_eq!((empty.code, &report(&empty)["digest"]), (Some(1), &Value::Null), "{empty:?}");
    let applied = migration.run(&["apply", "--plan", &digest]);
    assert_eq!(applied.code, Some(1), "{applied:?}");
    assert!(applied.stderr.contains("the source has no row"), "{applied:?}");
}
