use super::fit::{Needed, SourceColumn};
use super::*;
use crate::mapping::{FlagTest, MomentFormat, PermissionFormat};
use crate::recipe::Encoding;
use crate::source::{Cell, ColumnKind, Header, Row};

fn columns(text: &str) -> Vec<SourceColumn> {
    let kind = |word: &str| match word {
        "int" => ColumnKind::Integer,
        "bytes" => ColumnKind::Binary,
        "at" => ColumnKind::Moment,
        "bool" => ColumnKind::Boolean,
        "json" => ColumnKind::Json,
        "array" => ColumnKind::Array,
        _ => ColumnKind::Text,
    };
    let column = |word: &str| {
        let (name, word) = word.split_once(':').unwrap_or((word, ""));
        SourceColumn { name: name.to_owned(), kind: kind(word) }
    };
    text.split_whitespace().map(column).collect()
}

fn detected(table: &str, text: &str) -> Vec<&'static str> {
    detect(Some(table), &columns(text)).iter().map(|origin| origin.name).collect()
}

#[test]
fn services_are_known_by_their_columns() {
    let sanctum = "id:int tokenable_type tokenable_id:int name token abilities last_used_at:at expires_at:at created_at:at";
    let gitlab = "id:int user_id:int name token_digest scopes created_at:at last_used_at:at expires_at:at revoked:bool";
    for table in ["personal_access_tokens", "tokens"] {
        assert_eq!(detected(table, sanctum), ["laravel_sanctum"], "{table}");
        assert_eq!(detected(table, gitlab), ["gitlab_pat"], "{table}");
    }
    assert_eq!(
        detected("keyauth_credentials", "id key consumer_id created_at:at ttl:at tags:array ws_id"),
        ["kong_key_auth"]
    );
    assert_eq!(
        detected(
            "apikey",
            "id configId name start referenceId key enabled:bool lastRequest:at expiresAt:at createdAt:at permissions"
        ),
        ["better_auth"]
    );
    assert_eq!(
        detected("authtoken_token", "key created:at user_id:int"),
        ["django_rest_framework_authtoken"]
    );
    assert!(detected("orders", "id:int user_id:int total created_at:at").is_empty());
    // A user table with one of its columns is not Devise's.
    assert!(detected("people", "id:int email").is_empty());
}

#[test]
fn a_mapping_takes_on_the_names_and_types_that_are_there() {
    let better_auth = find("better_auth").expect("known");
    let fit = better_auth
        .over(&columns("id name start reference_id key enabled:bool created_at:at expires_at:int permissions:json"))
        .expect("fits");
    let it = &fit.mapping.columns;
    assert_eq!(it.owner.to_string(), "{reference_id}");
    assert_eq!(it.created.as_ref().map(|it| it.column.as_str()), Some("created_at"));
    assert_eq!(it.expires.as_ref().map(|it| it.format.clone()), Some(MomentFormat::UnixSeconds));
    assert_eq!(it.permissions.as_ref().map(|it| it.format), Some(PermissionFormat::JsonMap));
    assert_eq!(
        (fit.dropped, fit.missing),
        (["lastRequest", "remaining", "metadata"].map(str::to_owned).to_vec(), vec![])
    );

    let crates_io = find("crates_io").expect("known");
    let fit = crates_io
        .over(&columns("id:int token:bytes revoked:at endpoint_scopes:array"))
        .expect("fits");
    let output = &fit.mapping.recipe.output;
    assert_eq!((output.encoding, output.prefix.as_str()), (Encoding::Raw, ""));
    assert_eq!(fit.mapping.columns.revoked.map(|it| it.test), Some(FlagTest::Set));
    assert_eq!(fit.missing, [Needed::Owner]);

    let doorkeeper = find("doorkeeper").expect("known");
    let fit = doorkeeper.over(&columns("id token resource_owner_id expires_in:int")).expect("fits");
    assert_eq!(fit.mapping.columns.expires, None, "an age without a creation");
    assert!(fit.dropped.contains(&"expires_in".to_owned()), "{:?}", fit.dropped);
    assert_eq!(
        find("kong_key_auth").expect("known").over(&columns("id")).expect("fits").missing,
        [Needed::Key, Needed::Owner]
    );
}

#[test]
fn a_table_that_nobody_knows_is_guessed_by_its_names() {
    let guess = guess(&columns(
        "id:int api_key key_hash orgId label scopes:array createdAt:int deleted_at:at is_active:bool",
    ));
    assert_eq!((guess.key.as_deref(), guess.owner.as_deref()), (Some("key_hash"), Some("orgId")));
    let columns = guess.columns("key_hash", Template::column("orgId"));
    assert_eq!(columns.created.map(|it| it.format), Some(MomentFormat::UnixSeconds));
    assert_eq!(columns.revoked.map(|it| it.test), Some(FlagTest::Set));
    assert_eq!(columns.enabled.map(|it| it.test), Some(FlagTest::Bool));
    assert_eq!(columns.permissions.map(|it| it.format), Some(PermissionFormat::PostgresArray));
    assert_eq!(columns.name.map(|it| it.to_string()), Some("{label}".to_owned()));
    assert_eq!(super::guess(&[]).key, None);
}

fn learnt(text: &str, cells: &[[&str; 3]]) -> Learnt {
    let guess = guess(&columns(text));
    let mapped = guess.columns("k", Template::column("o"));
    let header = Header::new(["created_at", "expires_at", "scopes"].map(str::to_owned));
    let mut look = Look::new(&mapped);
    for (cells, number) in cells.iter().zip(1..) {
        let cells = cells.iter().map(|cell| Cell::text(*cell)).collect();
        look.row(&Row { number, line: number, header: header.clone(), cells });
    }
    look.finish()
}

#[test]
fn rows_tell_how_moments_and_permissions_are_written() {
    let names = "created_at expires_at scopes";
    let files = learnt(names, &[["1700000000", "", "a,b"], ["1700000001", "1700000000000", "a"]]);
    assert_eq!(
        files.moments,
        [Some(MomentFormat::UnixSeconds), None, Some(MomentFormat::UnixMillis)]
    );
    assert_eq!(files.permissions, Some(PermissionFormat::Comma));
    let iso = learnt(names, &[["2026-01-01 08:00:00", "2026-01-01", "a b"]]);
    assert_eq!((iso.moments, iso.permissions), ([None, None, None], None), "as mapped");
    assert_eq!(
        iso.found.into_iter().collect::<Vec<_>>(),
        [("a".to_owned(), 1), ("b".to_owned(), 1)]
    );
    let mixed = learnt(names, &[["1700000000", "", "[\"a\"]"], ["yesterday", "", "[\"b\"]"]]);
    assert_eq!(mixed.moments, [None, None, None], "no format reads both: the plan will say so");
    assert_eq!(mixed.permissions, Some(PermissionFormat::JsonArray));
}
