//! Strapi: `strapi_api_tokens`.
//!
//! The hex of HMAC-SHA-512 of the whole token under `apiToken.salt` (`API_TOKEN_SALT`), which despite its name is a key.
//! Strapi 3 stored the hex of SHA-512.
//!
//! # Source
//!
//! Strapi documentation, "API Tokens" and "Admin panel configuration" (`apiToken.salt`); `services/api-token` of its
//! admin package (`hash`).

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "strapi",
    title: "Strapi",
    table: Some("strapi_api_tokens"),
    documents: "Strapi documentation, API Tokens; services/api-token of the admin package",
    remarks: "The permissions of custom tokens stand in two more tables; only the type is mapped here. Dates are Unix milliseconds in SQLite and ISO 8601 in PostgreSQL and MySQL.",
    fragment: r#"
[columns]
id = "{id}"
key = "access_key"
name = "{name}"
owner = "strapi"
created = { column = "created_at" }
last-used = { column = "last_used_at" }
expires = { column = "expires_at" }
permissions = { column = "type", format = "single" }
[metadata]
description = "{description}"
[recipe]
algorithm = "hmac-sha512"
hmac-key = "env:API_TOKEN_SALT"
"#,
    alternatives: &[r#"algorithm = "sha512""#],
    permissions: &["read-only", "full-access", "custom"],
};
