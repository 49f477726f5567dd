//! Laravel Sanctum: `personal_access_tokens`.
//!
//! A token is handed out as `{id}|{secret}`, where the secret is 40 random characters and a CRC-32 of them, with
//! an optional prefix. The hex of SHA-256 of what follows the first `|` is stored; a token without one is hashed whole.
//!
//! # Source
//!
//! Laravel documentation, "Sanctum", Token abilities and Token expiration; laravel/sanctum,
//! `src/PersonalAccessToken.php` (`findToken`) and its migration.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "laravel_sanctum",
    title: "Laravel Sanctum",
    table: Some("personal_access_tokens"),
    documents: "Laravel documentation, Sanctum; laravel/sanctum src/PersonalAccessToken.php",
    remarks: "Sanctum may also expire tokens by age (`sanctum.expiration`, in minutes after created_at); then set columns.expires yourself. The ability `*` means everything.",
    fragment: r#"
[columns]
id = "{id}"
key = "token"
name = "{name}"
owner = "{tokenable_id}"
created = { column = "created_at" }
last-used = { column = "last_used_at" }
expires = { column = "expires_at" }
permissions = { column = "abilities", format = "json-array" }
[metadata]
tokenable_type = "{tokenable_type}"
[recipe]
algorithm = "sha256"
part = "after-first:|"
"#,
    alternatives: &[r#"algorithm = "sha256""#],
    permissions: &["*"],
};
