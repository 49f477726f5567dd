//! Kong's key-auth plugin: `keyauth_credentials`.
//!
//! The key stands in clear under a unique index. `ttl`, where used, counts seconds from the creation.
//!
//! # Source
//!
//! Kong documentation, "Key Authentication" (credentials, `ttl`, tags); kong/plugins/key-auth/daos.lua.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "kong_key_auth",
    title: "Kong key-auth",
    table: Some("keyauth_credentials"),
    documents: "Kong documentation, Key Authentication; kong/plugins/key-auth/daos.lua",
    remarks: "In PostgreSQL `ttl` is a timestamp column: there, set the format of columns.expires to iso8601. In an export of the Admin API the consumer is an object; flatten it to consumer_id. Encrypted keys of the Enterprise edition cannot be read.",
    fragment: r#"
[columns]
id = "{id}"
key = "key"
owner = "{consumer_id}"
created = { column = "created_at", format = "unix-s" }
expires = { column = "ttl", format = "seconds-after-created" }
[recipe]
algorithm = "plaintext"
"#,
    alternatives: &[],
    permissions: &[],
};
