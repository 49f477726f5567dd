//! crates.io and registries built like it: `api_tokens`.
//!
//! SHA-256 of the whole token in a binary column. PostgreSQL prints it as `\x` and hex; a driver gives the bytes.
//!
//! # Source
//!
//! rust-lang/crates.io, `crates/crates_io_database/src/utils/token.rs` (`HashedToken`) and the `api_tokens` table.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "crates_io",
    title: "crates.io-style tokens",
    table: Some("api_tokens"),
    documents: "rust-lang/crates.io utils/token.rs and the api_tokens table",
    remarks: "The recipe reads the text form of a CSV export; read straight from the database, set output to raw and remove output-prefix. endpoint_scopes that are NULL mean everything: map it in [grants] or leave those rows out.",
    fragment: r#"
[columns]
id = "{id}"
key = "token"
name = "{name}"
owner = "{user_id}"
created = { column = "created_at" }
last-used = { column = "last_used_at" }
expires = { column = "expired_at" }
revoked = { column = "revoked" }
permissions = { column = "endpoint_scopes", format = "postgres-array" }
[metadata]
crate_scopes = "{crate_scopes}"
[recipe]
algorithm = "sha256"
output-prefix = '\x'
"#,
    alternatives: &[r#"algorithm = "sha256", output = "raw""#],
    permissions: &["publish-new", "publish-update", "yank", "change-owners", "trusted-publishing"],
};
