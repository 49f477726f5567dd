//! `oneloop export` from the command line: what it refuses, and that a file is complete or not there. What another
//! installation makes of it stands in `tests/migration`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{Ran, oneloop};

fn team(dir: &Path, name: &str) -> String {
    let ran = oneloop(dir, &["admin", "team", "create", name, "--json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    answer["team"]["id"].as_str().expect("an id").to_owned()
}

fn export(dir: &Path, more: &[&str]) -> Ran {
    oneloop(dir, &[&["export"], more].concat())
}

fn kinds(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.map(|line| line["type"].clone()).collect()
}

#[test]
fn what_is_not_there_is_the_users_error() {
    let dir = tempdir().expect("a directory");
    let ran = export(dir.path(), &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("there is no database at `oneloop.db`"), "{ran:?}");
    assert!(fs::read_dir(dir.path()).expect("reads").next().is_none(), "and none was made");

    let acme = team(dir.path(), "Acme");
    let whole = export(dir.path(), &[]);
    assert_eq!(
        (whole.code, kinds(&whole.stdout)),
        (Some(0), vec!["oneloop-export".into(), "end".into()])
    );
    let other = team(dir.path(), "Other");
    for (more, says) in [
        (vec![], format!("there are 2 teams: {acme}, {other}")),
        (vec!["--team", "team_1"], "there is no such team".to_owned()),
        (vec!["--team", &acme, "--workspace", "ws_1"], "the team has no such workspace".to_owned()),
        (vec!["--force"], "--output".to_owned()),
        (vec!["--team", &acme, "--output", "no/such/folder/file"], "cannot write".to_owned()),
    ] {
        let ran = export(dir.path(), &more);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{more:?} {ran:?}");
        assert!(ran.stderr.contains(&says), "{says}: {ran:?}");
    }
}

#[test]
fn a_file_is_its_owners_alone_and_never_overwritten_unasked() {
    let dir = tempdir().expect("a directory");
    let acme = team(dir.path(), "Acme");
    let path = dir.path().join("keys.ndjson");
    fs::write(&path, "mine").expect("written");
    let refused = export(dir.path(), &["--output", "keys.ndjson"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(fs::read_to_string(&path).expect("reads"), "mine");

    let forced = export(dir.path(), &["--team", &acme, "--output", "keys.ndjson", "--force"]);
    assert_eq!((forced.code, forced.stdout.as_str()), (Some(0), ""), "{forced:?}");
    let text = fs::read_to_string(&path).expect("reads");
    assert_eq!(kinds(&text), ["oneloop-export", "end"]);
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let left = fs::read_dir(dir.path()).expect("reads").filter_map(Result::ok);
    let left: Vec<_> = left.map(|file| file.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".oneloop-export")));
}

#[test]
fn an_export_stands_in_the_audit_log_before_anything_leaves() {
    let dir = tempdir().expect("a directory");
    let acme = team(dir.path(), "Acme");
    let audit = || -> Vec<Value> {
        let ran = oneloop(dir.path(), &["admin", "audit", "--team", &acme, "--json"]);
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        let lines = answer["audit"].as_array().expect("lines").iter();
        lines.filter(|line| line["action"] == "team.exported").cloned().collect()
    };
    let refused = export(dir.path(), &["--workspace", "ws_1"]);
    assert_eq!((refused.code, audit()), (Some(1), vec![]), "{refused:?}");
    assert_eq!(export(dir.path(), &[]).code, Some(0));
    let lines = audit();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        (&lines[0]["who"], &lines[0]["subject"]),
        (&"operator".into(), &acme.clone().into())
    );
    assert_eq!(lines[0]["detail"]["keys"], 0);
    assert_eq!(oneloop(dir.path(), &["admin", "verify-audit"]).code, Some(0));

    // What is not written down does not leave.
    fs::remove_file(dir.path().join("oneloop.db.pepper")).expect("removed");
    let blind = export(dir.path(), &[]);
    assert_eq!((blind.code, blind.stdout.as_str()), (Some(1), ""), "{blind:?}");
    assert!(blind.stderr.contains("pepper"), "{blind:?}");
}
