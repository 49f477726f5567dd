//! Doorkeeper: `oauth_access_tokens`.
//!
//! In clear by default; with `hash_token_secrets`, the hex of SHA-256 of the whole token. The secrets of applications
//! may be bcrypt, access tokens may not. `expires_in` counts seconds from the creation.
//!
//! # Source
//!
//! Doorkeeper guides, "Hashing tokens and secrets" (`Doorkeeper::SecretStoring::Sha256Hash`, `Plain`, `BCrypt`), and
//! the generator's migration. GitLab's variant hashes with SHA-512.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "doorkeeper",
    title: "Doorkeeper",
    table: Some("oauth_access_tokens"),
    documents: "Doorkeeper guides, Hashing tokens and secrets; the generator's migration",
    remarks: "Without hash_token_secrets the tokens stand in clear. resource_owner_id is NULL for tokens of the client-credentials flow: use application_id there.",
    fragment: r#"
[columns]
id = "{id}"
key = "token"
owner = "{resource_owner_id}"
created = { column = "created_at" }
expires = { column = "expires_in", format = "seconds-after-created" }
revoked = { column = "revoked_at", set = true }
permissions = { column = "scopes", format = "space" }
[metadata]
application_id = "{application_id}"
[recipe]
algorithm = "sha256"
"#,
    alternatives: &[r#"algorithm = "plaintext""#, r#"algorithm = "sha512""#],
    permissions: &[],
};
