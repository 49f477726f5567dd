//! `oneloop migrate` on files: what a newcomer meets, step by step.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Ran, oneloop};

/// SHA-256 of each key, by coreutils' sha256sum.
const KEYS: [(&str, &str); 2] = [
    (
        "k1_Zk3v9QpLm2Xw8RtYb5NcJd7HaSdFgHjK",
        "38fcdf11aa001e274deea88272a82699a13d2d48ebd30fd96444a038f7846608",
    ),
    (
        "k2_0x9QpLm2Xw8RtYb5NcJd7HaSdFgHjKlM",
        "955f36eee4cea0c42465823f1d33f9f6d6e289da94c90d9a6af6274120103540",
    ),
];

fn csv() -> String {
    let [(_, one), (_, two)] = KEYS;
    format!(
        "\u{feff}id,name,user_id,key_hash,scopes,created_at,expires_at,revoked_at\r\n\
         1,\"Nightly, \"\"old\"\"\nbuild\",ada,{one},\"read,write\",1700000000,,\r\n\
         2,CI,ben,{two},read,1700000001,1710000000,\r\n"
    )
}

/// A folder with `keys.csv` in it and the mapping that init makes of it.
fn begun(csv: &[u8]) -> (tempfile::TempDir, Ran) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("keys.csv"), csv).expect("written");
    let ran = oneloop(
        folder.path(),
        &["migrate", "init", "--from", "keys.csv", "--workspace", "ws_1", "--yes"],
    );
    (folder, ran)
}

fn proved(folder: &Path, pairs: &str) -> Ran {
    fs::write(folder.join("pairs.csv"), pairs).expect("written");
    oneloop(folder, &["migrate", "prove", "--pairs", "pairs.csv"])
}

fn pairs() -> String {
    let [(key, hash), _] = KEYS;
    format!("key,stored\n{key},{hash}\n")
}

fn map_permissions(folder: &Path) {
    let path = folder.join("migration.toml");
    let text = fs::read_to_string(&path).expect("read");
    let mapped = text.replace("# \"read\" = { }", "read = { a = \"read\" }");
    let mapped = mapped
        .replace("# read = { }", "read = { a = \"read\" }")
        .replace("# write = { }", "write = {}");
    assert_ne!(mapped, text);
    fs::write(path, mapped).expect("written");
}

fn plan(folder: &Path, more: &[&str]) -> Ran {
    oneloop(folder, &[&["migrate", "plan"], more].concat())
}

fn stdout_json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn a_file_is_looked_at_proved_and_planned() {
    let (folder, init) = begun(csv().as_bytes());
    assert_eq!((init.code, init.stdout.as_str()), (Some(0), ""), "{init:?}");
    let mapping = fs::read_to_string(folder.path().join("migration.toml")).expect("written");
    for line in [
        "created = { column = \"created_at\", format = \"unix-s\" }",
        "expires = { column = \"expires_at\", format = \"unix-s\" }",
        "permissions = { column = \"scopes\", format = \"comma\" }",
        "# read = { } # in 2 rows",
    ] {
        assert!(mapping.lines().any(|found| found == line), "{line}\n{mapping}");
    }

    let unproved = plan(folder.path(), &[]);
    assert_eq!((unproved.code, unproved.stdout.as_str()), (Some(1), ""));
    let prove = proved(folder.path(), &pairs());
    assert_eq!(prove.code, Some(0), "{prove:?}");
    assert_eq!(prove.stdout, "The stored value is the hex of SHA-256 of the whole key.\n");

    let stopped = plan(folder.path(), &["--json"]);
    assert_eq!(stopped.code, Some(3), "{stopped:?}");
    assert_eq!(stdout_json(&stopped)["unknownPermissions"], json!({ "read": 2 }));
    map_permissions(folder.path());
    let good = plan(folder.path(), &["--json", "--problems", "problems.ndjson"]);
    let report = good.json();
    assert_eq!(report["outcomes"], json!({ "create": 2 }));
    assert_eq!(report["notes"], json!({ "expired_at_source": 1, "name_changed": 1 }));
    assert_eq!(report["estimate"]["native"], 2);
    let problems = fs::read_to_string(folder.path().join("problems.ndjson")).expect("written");
    let first: Value =
        serde_json::from_str(problems.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        first,
        json!({ "row": 1, "line": 2, "id": "1", "code": "create", "notes": ["name_changed"] })
    );
    for (key, hash) in KEYS {
        for text in [&mapping, &init.stderr, &prove.stderr, &good.stderr, &good.stdout, &problems] {
            assert!(!text.contains(key) && !text.contains(hash), "{text}");
        }
    }
}

#[test]
fn the_plan_reads_as_agreed() {
    let (folder, _) = begun(csv().as_bytes());
    proved(folder.path(), &pairs());
    map_permissions(folder.path());
    let ran = plan(folder.path(), &[]);
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn the_same_rows_in_utf_16_are_the_same_plan() {
    let utf_16: Vec<u8> = csv().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let digests = [csv().into_bytes(), utf_16].map(|csv| {
        let (folder, init) = begun(&csv);
        assert_eq!(init.code, Some(0), "{init:?}");
        proved(folder.path(), &pairs());
        map_permissions(folder.path());
        plan(folder.path(), &["--json"]).json()["digest"].clone()
    });
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn what_is_wrong_with_a_file_is_said_by_line_and_column() {
    let wide = format!("key_hash,user_id\nab,{}\n", "x".repeat(1_000_000));
    let columns =
        format!("{}\n", (0..2_000).map(|at| format!("c{at}")).collect::<Vec<_>>().join(","));
    for (csv, says) in [
        (
            "key_hash,user_id\na,b,c\n",
            "line 2: the row has 3 cells, and the header names 2 columns",
        ),
        ("key_hash,user_id\n\"a,b\n", "line 2"),
        (&wide, "line 2, column 2: the cell is larger than 65536 bytes"),
        (&columns, "line 1, column 1025: the row is larger than 1024 columns"),
        ("key_hash,key_hash\na,b\n", "line 1, column 2: a second column is called `key_hash`"),
        ("key_hash,user_id\n", "the file has no row"),
        ("", "the file is empty"),
    ] {
        let (_folder, ran) = begun(csv.as_bytes());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{says}");
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
}

#[test]
fn what_cannot_be_seen_is_asked_for_by_the_name_of_its_option() {
    let (folder, ran) = begun(b"token,colour\nabc,red\n");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("--owner TEXT") && ran.stderr.contains("token, colour"),
        "{}",
        ran.stderr
    );
    let init = ["migrate", "init", "--from", "keys.csv", "--yes", "--owner", "{colour}"];
    let ran = oneloop(folder.path(), &init);
    assert!(ran.stderr.contains("--workspace ID"), "{}", ran.stderr);
    let ran = oneloop(
        folder.path(),
        &[init.as_slice(), &["--workspace", "ws_1", "--output", "-"]].concat(),
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("owner = \"{colour}\""), "{}", ran.stdout);
    assert!(!folder.path().join("migration.toml").exists());
}

#[test]
fn nothing_is_overwritten_unasked() {
    let (folder, _) = begun(csv().as_bytes());
    let before = fs::read(folder.path().join("migration.toml")).expect("written");
    let again = ["migrate", "init", "--from", "keys.csv", "--workspace", "ws_2", "--yes"];
    let ran = oneloop(folder.path(), &again);
    assert!(ran.code == Some(1) && ran.stderr.contains("--force"), "{ran:?}");
    assert_eq!(fs::read(folder.path().join("migration.toml")).expect("there"), before);
}

#[test]
fn a_secret_that_is_typed_where_its_place_belongs_is_not_repeated() {
    let ran = oneloop(Path::new("."), &["migrate", "prove", "--secret", "canary"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("env:NAME") && !ran.stderr.contains("canary"), "{}", ran.stderr);
}
