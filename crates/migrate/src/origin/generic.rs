//! Any table with a key and an owner.
//!
//! Names that are common; `prove` finds the recipe, and every line is to be compared with the table.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "generic",
    title: "Anything else",
    table: Some("api_keys"),
    documents: "none: the names are merely common",
    remarks: "Compare every line with your table. Start with prove.",
    fragment: r#"
[columns]
id = "{id}"
key = "key_hash"
name = "{name}"
owner = "{user_id}"
created = { column = "created_at" }
last-used = { column = "last_used_at" }
expires = { column = "expires_at" }
revoked = { column = "revoked_at", set = true }
permissions = { column = "scopes", format = "space" }
[recipe]
algorithm = "sha256"
"#,
    alternatives: &[],
    permissions: &[],
};
