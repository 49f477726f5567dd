//! Another installation of this service, by what `oneloop export` wrote.
//!
//! The tag is HMAC-SHA-256, under the pepper of that installation, of `olk1`, the 16 bytes of the team's id and SHA-256 of
//! the key. The recipe here is that of a team whose id is all zeros: `init` takes the right one from the file, and for
//! keys that came there under a recipe of another service, one that goes on from that.
//!
//! # Source
//!
//! `oneloop_protocol::export`, and the decisions on the stored form of a key.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "oneloop",
    title: "Another Oneloop",
    table: None,
    documents: "`oneloop export --help`; the chapter on moving keys between installations in docs/migrating.md",
    remarks: "The server that takes the keys in needs the other one's pepper as a recipe secret, until each key was used once.",
    fragment: r#"
[columns]
id = "{id}"
key = "tag"
name = "{name}"
owner = "{customerId}"
created = { column = "createdAt" }
last-used = { column = "lastUsedAt" }
expires = { column = "expiresAt", format = "unix-ms" }
enabled = { column = "enabled" }
deleted = { column = "deleted" }
uses-left = "totalUsageLeft"
permissions = { column = "scopes", format = "json-map" }
metadata = "metadata"
prefix = "prefix"
masked-key = "maskedKey"
meter = "externalMeterId"
key-id = "id"
[recipe]
algorithm = "hmac-sha256"
prehash = "sha256"
salt = "fixed:6f6c6b3100000000000000000000000000000000"
salt-text = "hex"
hmac-key = "binary-file:old.pepper"
"#,
    alternatives: &[],
    permissions: &[],
};
