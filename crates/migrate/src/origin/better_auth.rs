//! better-auth's API-key plugin: `apikey`.
//!
//! The URL-safe base64, without padding, of SHA-256 of the whole key, prefix included.
//!
//! `enabled` may be NULL, and only `false` switches a key off.
//!
//! # Source
//!
//! better-auth documentation, "API Key", Reference (schema); `defaultKeyHasher` of the plugin, versions 1.4 to 1.7.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "better_auth",
    title: "better-auth API keys",
    table: Some("apikey"),
    documents: "better-auth documentation, API Key, Reference; the plugin's defaultKeyHasher",
    remarks: "With `disableKeyHashing` the keys stand in clear. Versions before 1.5 call the owner userId instead of referenceId. Permissions are a JSON map of resource to actions; each becomes `resource:action`.",
    fragment: r#"
[columns]
id = "{id}"
key = "key"
name = "{name}"
owner = "{referenceId}"
created = { column = "createdAt" }
last-used = { column = "lastRequest" }
expires = { column = "expiresAt" }
enabled = { column = "enabled", is = ["true", "t", "1", ""] }
uses-left = "remaining"
metadata = "metadata"
permissions = { column = "permissions", format = "json-map" }
[metadata]
start = "{start}"
[recipe]
algorithm = "sha256"
output = "base64url-nopad"
"#,
    alternatives: &[r#"algorithm = "plaintext""#],
    permissions: &[],
};
