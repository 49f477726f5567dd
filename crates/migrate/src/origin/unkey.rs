//! Unkey: an export of `keys`, as NDJSON or CSV.
//!
//! The standard base64 of SHA-256 of the whole key; keys that were themselves migrated there from Seam's format
//! hold the hex of SHA-256 of what follows the last underscore until they are first used.
//!
//! # Source
//!
//! Unkey documentation, "Migrating API keys" (`hash`, base64 of SHA-256), and its key-migration runbook. There is no
//! documented export format: the columns are those of the table, and the user will have to compare them.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "unkey",
    title: "Unkey",
    table: Some("keys"),
    documents: "Unkey documentation, Migrating API keys; the key-migration runbook",
    remarks: "Unkey documents no export: compare the column names with yours. A key may have been stored in its vault as well; that is not needed here.",
    fragment: r#"
[columns]
id = "{id}"
key = "hash"
name = "{name}"
owner = "{identity_id}"
created = { column = "created_at_m", format = "unix-ms" }
expires = { column = "expires" }
enabled = { column = "enabled" }
revoked = { column = "deleted_at_m", set = true }
metadata = "meta"
[metadata]
start = "{start}"
[recipe]
algorithm = "sha256"
output = "base64"
"#,
    alternatives: &[r#"algorithm = "sha256", part = "after-last:_""#],
    permissions: &[],
};
