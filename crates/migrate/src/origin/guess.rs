//! Which column of a table that nobody knows is which: by the names that such columns usually have.

use super::fit::SourceColumn;
use crate::mapping::{
    Columns, Flag, FlagTest, Moment, MomentFormat, PermissionColumn, PermissionFormat, Template,
};
use crate::source::ColumnKind;

/// Names of the key, what was stored for it first: where both stand in a table, the other is a label.
const KEY: [&str; 17] = [
    "key_hash",
    "hashed_key",
    "token_hash",
    "hashed_token",
    "token_digest",
    "key_digest",
    "secret_hash",
    "api_key_hash",
    "digest",
    "hash",
    "api_key",
    "apikey",
    "access_token",
    "auth_token",
    "token",
    "secret",
    "key",
];
/// Names of the owner, the narrowest first.
const OWNER: [&str; 15] = [
    "user_id",
    "owner_id",
    "customer_id",
    "account_id",
    "organization_id",
    "organisation_id",
    "org_id",
    "team_id",
    "tenant_id",
    "project_id",
    "client_id",
    "consumer_id",
    "user",
    "owner",
    "email",
];
const ID: [&str; 4] = ["id", "key_id", "uuid", "token_id"];
const NAME: [&str; 5] = ["name", "label", "title", "description", "note"];
const SALT: [&str; 3] = ["salt", "key_salt", "token_salt"];
const CREATED: [&str; 6] =
    ["created_at", "created", "created_on", "date_created", "inserted_at", "creation_time"];
const LAST_USED: [&str; 6] =
    ["last_used_at", "last_used", "last_used_on", "last_request", "last_access", "used_at"];
const EXPIRES: [&str; 7] =
    ["expires_at", "expires", "expiry", "expired_at", "expiry_date", "expiration", "valid_until"];
const REVOKED: [&str; 8] = [
    "revoked_at",
    "revoked",
    "deleted_at",
    "is_revoked",
    "disabled_at",
    "disabled",
    "is_deleted",
    "is_disabled",
];
const ENABLED: [&str; 5] = ["enabled", "is_active", "active", "is_enabled", "status"];
const USES_LEFT: [&str; 5] =
    ["remaining", "uses_left", "remaining_uses", "remaining_requests", "requests_left"];
const PERMISSIONS: [&str; 6] = ["scopes", "permissions", "abilities", "scope", "roles", "role"];

/// What a table's names suggest. The two that every mapping needs may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The column that holds the key, or what was stored for it.
    pub key: Option<String>,
    /// The column that says whose key it is.
    pub owner: Option<String>,
    columns: Columns,
}

impl Guess {
    /// The columns, with these two as they were found or asked for.
    pub fn columns(&self, key: &str, owner: Template) -> Columns {
        Columns { key: key.to_owned(), owner, ..self.columns.clone() }
    }
}

/// Guesses by name.
pub fn guess(columns: &[SourceColumn]) -> Guess {
    let find = |names: &[&str]| {
        let folded = |name: &str| name.replace(['_', '-', ' '], "").to_ascii_lowercase();
        names
            .iter()
            .find_map(|name| columns.iter().find(|column| folded(&column.name) == folded(name)))
    };
    let name = |names: &[&str]| find(names).map(|column| column.name.clone());
    let template = |names: &[&str]| name(names).map(Template::column);
    let moment = |names: &[&str]| {
        let column = find(names)?;
        let format = match column.kind {
            ColumnKind::Integer => MomentFormat::UnixSeconds,
            _ => MomentFormat::Iso8601,
        };
        Some(Moment { column: column.name.clone(), format, never: Vec::new() })
    };
    let flag = |names: &[&str]| {
        let column = find(names)?;
        let dated = column.kind == ColumnKind::Moment
            || column.kind == ColumnKind::Unknown
                && column.name.to_ascii_lowercase().ends_with("at");
        let words = column
            .name
            .eq_ignore_ascii_case("status")
            .then(|| FlagTest::Is(vec!["active".to_owned()]));
        let test = words.unwrap_or(if dated { FlagTest::Set } else { FlagTest::Bool });
        Some(Flag { column: column.name.clone(), test })
    };
    let permissions = find(&PERMISSIONS).map(|column| PermissionColumn {
        column: column.name.clone(),
        format: match column.kind {
            ColumnKind::Array => PermissionFormat::PostgresArray,
            ColumnKind::Json => PermissionFormat::JsonArray,
            _ if column.name.to_ascii_lowercase().ends_with("role") => PermissionFormat::Single,
            _ => PermissionFormat::Space,
        },
    });
    Guess {
        key: name(&KEY),
        owner: name(&OWNER),
        columns: Columns {
            id: template(&ID),
            key: String::new(),
            salt: name(&SALT),
            locator: None,
            name: template(&NAME),
            owner: Template::default(),
            created: moment(&CREATED),
            last_used: moment(&LAST_USED),
            expires: moment(&EXPIRES),
            enabled: flag(&ENABLED),
            revoked: flag(&REVOKED),
            uses_left: name(&USES_LEFT),
            permissions,
            metadata: None,
            deleted: None,
            prefix: None,
            masked_key: None,
            meter: None,
            key_id: None,
        },
    }
}
