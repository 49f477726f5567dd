use std::collections::BTreeMap;

use super::*;
use crate::recipe::Algorithm;

const SMALL: &str = r#"
version = 1
[source]
kind = "csv"
location = "keys.csv"
[target]
workspace = "ws_1"
[columns]
key = "token"
owner = "{user_id}"
[recipe]
algorithm = "sha256"
"#;

fn error(text: &str) -> MappingError {
    Mapping::parse(text).expect_err("refused")
}

#[test]
fn a_key_that_is_not_known_is_refused_by_name_and_line() {
    let unknown = error(&SMALL.replace("key = \"token\"", "key = \"token\"\ncolour = \"red\""));
    assert_eq!(unknown.line, Some(10), "{unknown}");
    assert!(unknown.message.contains("`colour`"), "{unknown}");
    let nested = error(&SMALL.replace("\"sha256\"", "\"sha256\"\nrounds = 4"));
    assert!(nested.message.contains("`rounds`") && nested.line.is_some(), "{nested}");
    let policy = error(&format!("{SMALL}[policy]\nconflict = \"ask\"\n"));
    assert!(policy.message.contains("`ask`") && policy.line == Some(14), "{policy}");
}

#[test]
fn mistakes_are_named() {
    let cases = [
        (SMALL.replace("version = 1", "version = 2"), "version is 2"),
        (SMALL.replace("version = 1\n", ""), "version"),
        (SMALL.replace("\"sha256\"", "\"sha256\"\nsalt = \"column\""), "columns.salt is missing"),
        (SMALL.replace("\"sha256\"", "\"bcrypt\""), "columns.locator is missing"),
        (SMALL.replace("\"csv\"", "\"postgres\""), "source.table is missing"),
        (SMALL.replace("keys.csv", ""), "location is empty"),
        (SMALL.replace("{user_id}", "{user_id"), "brace"),
        (SMALL.replace("\"sha256\"", "\"sha256\"\npart = \"nth\""), "no part of a key"),
        (format!("{SMALL}[permissions]\na = {{ x = \"reed\" }}\n"), "`reed` is no access"),
        (format!("{SMALL}[permissions]\na = {{ \"x y\" = \"read\" }}\n"), "letters, digits"),
        (
            SMALL.replace("key = \"token\"", "key = \"token\"\nexpires = { column = \"ttl\", format = \"seconds-after-created\" }"),
            "columns.created",
        ),
        (
            SMALL.replace("key = \"token\"", "key = \"token\"\nrevoked = { column = \"r\", set = false }"),
            "set = true",
        ),
    ];
    for (text, says) in cases {
        let error = error(&text);
        assert!(error.to_string().contains(says), "{says}: {error}");
    }
}

#[test]
fn a_password_in_the_location_is_refused_without_repeating_it() {
    let text = SMALL
        .replace("\"csv\"", "\"postgres\"")
        .replace("keys.csv\"", "postgres://app:canary@db/app\"\ntable = \"t\"");
    let error = error(&text);
    assert!(error.message.contains("env:NAME") && !error.to_string().contains("canary"), "{error}");
}

#[test]
fn the_keys_own_column_is_refused_wherever_it_would_show() {
    for (place, text) in [
        (
            "columns.name",
            SMALL.replace("key = \"token\"", "key = \"token\"\nname = \"my {Token}\""),
        ),
        ("columns.owner", SMALL.replace("{user_id}", "{token}")),
        ("metadata.legacy", format!("{SMALL}[metadata]\nlegacy = \"{{token}}\"\n")),
    ] {
        let error = error(&text);
        assert!(error.message.starts_with(place), "{error}");
    }
}

#[test]
fn the_rendered_file_explains_itself() {
    let mapping = Mapping::parse(SMALL).expect("valid");
    assert_eq!(mapping.recipe.algorithm, Algorithm::Digest(crate::recipe::Hash::Sha256));
    let text = mapping.render();
    let comments = text.lines().filter(|line| line.starts_with('#')).count();
    assert!(comments >= 12, "{text}");
    assert!(text.lines().all(|line| line.len() <= 120), "{text}");
}

#[test]
fn templates_fill() {
    let cells = BTreeMap::from([("id", "7"), ("type", "User"), ("none", "")]);
    let fill = |text: &str| {
        Template::try_from(text.to_owned()).expect(text).fill(|name| cells.get(name).copied())
    };
    assert_eq!(fill("{type}:{id}"), "User:7");
    assert_eq!(fill("{{{id}}}"), "{7}");
    assert_eq!(fill("user-{none}{missing}"), "", "nothing in it is nothing");
    assert_eq!(fill("everyone"), "everyone");
    for bad in ["{", "}", "{}", "{a{b}", "a}b"] {
        assert!(Template::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn moments_are_read_exactly() {
    let read = |format: &str, cell: &str| {
        MomentFormat::try_from(format.to_owned()).expect(format).read(cell, Some(1_000_000)).ok()
    };
    // date -u -d '2026-11-23 08:00:00' +%s = 1795420800
    let moment = 1_795_420_800_000;
    for cell in [
        "2026-11-23T08:00:00Z",
        "2026-11-23 08:00:00",
        "2026-11-23 08:00:00+00",
        "2026-11-23T09:00:00+01:00",
        "2026-11-23 08:00:00.000000",
        "2026-11-23 08:00:00 UTC",
        "2026-11-23 10:00:00+02",
        " 2026-11-23T08:00:00.000Z ",
    ] {
        assert_eq!(read("iso8601", cell), Some(moment), "{cell}");
    }
    assert_eq!(read("iso8601", "2026-11-23 08:00:00.9999"), Some(moment + 999));
    assert_eq!(read("iso8601", "2026-11-23"), Some(moment - 8 * 3_600_000));
    assert_eq!(read("unix-s", "1795420800.5"), Some(moment + 500));
    assert_eq!(read("unix-us", "1795420800000999"), Some(moment));
    assert_eq!(read("seconds-after-created", "7200"), Some(8_200_000));
    assert_eq!(read("strftime:%d.%m.%Y %H:%M", "23.11.2026 08:00"), Some(moment));
    for (format, cell) in [
        ("iso8601", "23.11.2026"),
        ("iso8601", ""),
        ("iso8601", "1960-01-01"),
        ("unix-s", "1795420800000000"),
        ("unix-s", "1e9"),
        ("unix-s", "-5"),
        ("unix-ms", "1.5"),
        ("seconds-after-created", "-1"),
    ] {
        assert_eq!(read(format, cell), None, "{format} {cell}");
    }
}

#[test]
fn permissions_are_read_in_every_format() {
    use PermissionFormat::{Comma, JsonArray, JsonMap, PostgresArray, Single, Space, YamlList};
    let cases: [(PermissionFormat, &str, &[&str]); 12] = [
        (JsonArray, r#"["a","b:c"]"#, &["a", "b:c"]),
        (JsonArray, "null", &[]),
        (JsonMap, r#"{"files":["read","write"],"users":[]}"#, &["files:read", "files:write"]),
        (Comma, "a, b,,", &["a", "b"]),
        (Space, " read  write ", &["read", "write"]),
        (Single, "full-access", &["full-access"]),
        (PostgresArray, r#"{publish-new,"publish-update"}"#, &["publish-new", "publish-update"]),
        (PostgresArray, "{}", &[]),
        (YamlList, "---\n- api\n- :read_user\n", &["api", "read_user"]),
        (YamlList, "--- []\n", &[]),
        (YamlList, "", &[]),
        (Single, "", &[]),
    ];
    for (format, cell, expected) in cases {
        assert_eq!(format.read(cell).expect(cell), expected, "{cell}");
    }
    for (format, cell) in [
        (JsonArray, "a,b"),
        (JsonArray, "[1]"),
        (JsonMap, "[]"),
        (PostgresArray, "a"),
        (PostgresArray, r#"{"a\"b"}"#),
        (YamlList, "- a"),
        (YamlList, "--- !ruby/object:X\n- a"),
    ] {
        assert_eq!(format.read(cell), Err(PermissionsError), "{cell}");
    }
}

#[test]
fn a_flag_that_cannot_be_told_is_not_guessed() {
    assert_eq!(FlagTest::Bool.read(Some("T")), Some(true));
    assert_eq!(FlagTest::Bool.read(None), Some(false));
    assert_eq!(FlagTest::Bool.read(Some("maybe")), None);
    assert_eq!(FlagTest::Set.read(Some("2020-01-01")), Some(true));
    assert_eq!(FlagTest::Is(vec!["active".to_owned()]).read(Some("ACTIVE")), Some(true));
    assert_eq!(FlagTest::Is(vec!["active".to_owned()]).read(Some("gone")), Some(false));
}
