use std::collections::BTreeMap;

use oneloop_protocol::Access;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::recipe::samples::recipes;
use crate::recipe::{Algorithm, Part};

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

/// Text with what TOML and templates must escape.
fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 _.\"'\\\\{}#=\\n\\u{7}é|-]{1,10}"
}

fn templates() -> impl Strategy<Value = Template> {
    let braces = text().prop_map(|text| text.replace('{', "{{").replace('}', "}}"));
    ("[a-z_ ]{1,8}", braces).prop_map(|(column, text)| {
        Template::try_from(format!("{text}{{{column}}}{text}")).expect("escaped")
    })
}

fn moments() -> impl Strategy<Value = Moment> {
    let format = prop_oneof![
        Just(MomentFormat::Iso8601),
        Just(MomentFormat::UnixSeconds),
        Just(MomentFormat::UnixMillis),
        Just(MomentFormat::UnixMicros),
        Just(MomentFormat::Strftime("%d.%m.%Y \"%H\"".to_owned())),
    ];
    (text(), format, prop::collection::vec(text(), 0..3))
        .prop_map(|(column, format, never)| Moment { column, format, never })
}

fn flags() -> impl Strategy<Value = Flag> {
    let words = prop::collection::vec(text(), 1..3).prop_map(FlagTest::Is);
    (text(), prop_oneof![Just(FlagTest::Bool), Just(FlagTest::Set), words])
        .prop_map(|(column, test)| Flag { column, test })
}

fn grants() -> impl Strategy<Value = GrantMap> {
    let access = (0_u8..16).prop_map(Access::from_bits);
    prop::collection::btree_map("[a-z.:/-]{1,8}", access, 0..3).prop_map(GrantMap)
}

fn columns() -> impl Strategy<Value = Columns> {
    let locator = (text(), 1_usize..99)
        .prop_map(|(column, bytes)| Locator { column, part: Part::First(bytes) });
    let permissions = (text(), select(PermissionFormat::ALL.to_vec()))
        .prop_map(|(column, format)| PermissionColumn { column, format });
    (
        (option::of(templates()), text(), text(), locator, option::of(templates()), templates()),
        (option::of(moments()), option::of(moments()), option::of(moments())),
        (option::of(flags()), option::of(flags()), option::of(permissions)),
    )
        .prop_map(
            |((id, key, salt, locator, name, owner), (created, last_used, expires), flags)| {
                let (enabled, revoked, permissions) = flags;
                let (salt, locator) = (Some(salt), Some(locator));
                Columns {
                    id,
                    key,
                    salt,
                    locator,
                    name,
                    owner,
                    created,
                    last_used,
                    expires,
                    enabled,
                    revoked,
                    permissions,
                }
            },
        )
}

fn mappings() -> impl Strategy<Value = Mapping> {
    let source =
        (select(Kind::ALL.to_vec()), text(), text(), option::of(text()), option::of(text()))
            .prop_map(|(kind, location, table, filter, origin)| {
                let database = kind.is_database();
                let table = database.then_some(table);
                SourceSpec { kind, location, table, filter: filter.filter(|_| database), origin }
            });
    let policy =
        (select(Conflict::ALL), select(OnSight::ALL), select(OnSight::ALL), select(Weak::ALL))
            .prop_map(|(conflict, expired, revoked, weak)| Policy {
                conflict,
                expired,
                revoked,
                weak,
            });
    (
        source,
        text(),
        columns(),
        prop::collection::btree_map(text(), templates(), 0..3),
        recipes(),
        prop::collection::btree_map(text(), grants(), 0..4),
        (grants(), policy),
    )
        .prop_map(
            |(source, workspace, columns, metadata, recipe, permissions, (grants, policy))| {
                let target = Target { workspace: workspace.into() };
                Mapping {
                    version: VERSION,
                    source,
                    target,
                    columns,
                    metadata,
                    recipe,
                    permissions,
                    grants,
                    policy,
                }
            },
        )
}

proptest! {
    #[test]
    fn a_rendered_mapping_reads_back_as_it_was(mapping in mappings()) {
        let text = mapping.render();
        let read = Mapping::parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&mapping), "{}", text);
        prop_assert_eq!(mapping.render(), text);
    }

    #[test]
    fn a_template_reads_back_as_it_was(template in templates()) {
        prop_assert_eq!(Template::try_from(template.to_string()), Ok(template));
    }

    #[test]
    fn no_cell_panics(cell in "\\PC{0,40}") {
        for format in PermissionFormat::ALL {
            let _ = format.read(&cell);
        }
        for format in ["iso8601", "unix-s", "unix-ms", "unix-us", "strftime:%d.%m.%Y", "seconds-after-created"] {
            let _ = MomentFormat::try_from(format.to_owned()).expect(format).read(&cell, Some(1));
        }
    }
}

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
