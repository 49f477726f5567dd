use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::samples::{Sample, samples};
use super::*;
use crate::mapping::MomentFormat;
use crate::plan::{Code, Outcome, PlannedKey, Planner, Proof};
use crate::prove::{Clues, Pair, SharedSecret, prove};
use crate::source::{Ndjson, Row, Source};

/// 2026-11-23T08:00:00Z
const NOW: i64 = 1_795_420_800_000;

fn row(text: &str) -> Row {
    let mut found = None;
    let mut sink = |row: Row| {
        found = Some(row);
        ControlFlow::Continue(())
    };
    Ndjson::new(text.as_bytes()).read(&mut sink).expect("a row");
    found.expect("one row")
}

/// Proves a sample's key against its row, and plans that row with every permission mapped.
fn bring_along(sample: &Sample) -> (usize, PlannedKey, Vec<Code>) {
    let origin = find(sample.origin).expect(sample.origin);
    let row = row(sample.row);
    let mut mapping = origin.mapping(Kind::Ndjson, "rows.ndjson", "ws_1").expect(origin.name);
    let stored =
        row.cell(&mapping.columns.key).and_then(|cell| cell.bytes()).expect("a key column");

    let suspects = origin.suspects().expect(origin.name);
    let secret = sample.secret.map(|(name, bytes)| SharedSecret {
        place: name.parse().expect("a place"),
        bytes: bytes.to_vec().into(),
    });
    let clues = Clues { suspects: suspects.clone(), secret, ..Clues::default() };
    let proven = prove(&[Pair::new(sample.key, stored)], &clues);
    let proven = proven.unwrap_or_else(|miss| panic!("{}: {miss}", origin.name));
    let suspect = suspects.iter().position(|it| *it == proven.recipe).expect("one of its own");

    mapping.recipe = proven.recipe.clone();
    if let Some(column) = &mapping.columns.permissions {
        let cell = row.text(&column.column).unwrap_or_default();
        for permission in column.format.read(cell).expect("as the format says") {
            mapping.permissions.insert(permission, GrantMap::default());
        }
    }
    let (existing, mut seen) = (HashMap::new(), HashMap::new());
    let scopes = BTreeSet::new();
    let mut planner =
        Planner::new(&mapping, &Proof::of(&proven), &scopes, &existing, &mut seen, NOW)
            .expect("plans");
    let plan = planner.row(&row);
    match plan.outcome {
        Outcome::Create(key) => (suspect, *key, plan.notes),
        other => panic!("{}: {other:?}", origin.name),
    }
}

#[test]
fn every_origin_proves_and_plans_a_row_of_its_own() {
    let samples = samples();
    for origin in ALL {
        assert!(samples.iter().any(|sample| sample.origin == origin.name), "{}", origin.name);
    }
    for sample in &samples {
        let (suspect, key, notes) = bring_along(sample);
        let origin = sample.origin;
        assert_eq!(suspect, sample.suspect, "{origin}: which recipe");
        assert_eq!(key.attributes.customer_id, sample.customer, "{origin}");
        assert_eq!(key.attributes.name, sample.name, "{origin}");
        if let Some(note) = sample.note {
            assert!(notes.contains(&note), "{origin}: {notes:?}");
        }
        let revoked = sample.note == Some(Code::RevokedAtSource);
        assert_eq!(key.attributes.enabled, !revoked, "{origin}");
    }
}

#[test]
fn a_wrong_key_proves_nothing() {
    for sample in samples() {
        let origin = find(sample.origin).expect(sample.origin);
        let mapping = origin.mapping(Kind::Ndjson, "rows.ndjson", "ws_1").expect(origin.name);
        let row = row(sample.row);
        let stored = row.cell(&mapping.columns.key).and_then(|cell| cell.bytes()).expect("a key");
        let wrong = format!("{}x", sample.key);
        let clues = Clues { suspects: origin.suspects().expect(origin.name), ..Clues::default() };
        assert!(prove(&[Pair::new(wrong, stored)], &clues).is_err(), "{}", origin.name);
    }
}

#[test]
fn every_fragment_makes_a_mapping_that_reads_back() {
    for origin in ALL {
        for (kind, location) in [(Kind::Csv, "keys.csv"), (Kind::Postgres, "env:DATABASE_URL")] {
            let mapping = origin.mapping(kind, location, "ws_1").expect(origin.name);
            assert_eq!(Mapping::parse(&mapping.render()).as_ref(), Ok(&mapping), "{}", origin.name);
        }
        assert!(!origin.documents.is_empty() && !origin.remarks.is_empty(), "{}", origin.name);
        assert!(find(&origin.name.replace('_', "-")) == Some(origin));
    }
    assert!(find("mystery").is_none());
}

#[test]
fn ages_count_from_the_creation() {
    let doorkeeper =
        find("doorkeeper").expect("known").mapping(Kind::Csv, "-", "ws_1").expect("maps");
    let expires = doorkeeper.columns.expires.expect("has one");
    assert_eq!(expires.format, MomentFormat::SecondsAfterCreated);
}
