//! GitLab: `personal_access_tokens`.
//!
//! The standard base64 of SHA-256 of the token followed by the first 32 bytes of `db_key_base`, a secret of the
//! installation.
//!
//! # Source
//!
//! gitlabhq, `lib/gitlab/crypto_helper.rb` (`sha256`); GitLab development documentation, "Using the TokenAuthenticatable
//! concern" (strategy `digest`); "Personal access tokens" for the scopes.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "gitlab_pat",
    title: "GitLab personal access tokens",
    table: Some("personal_access_tokens"),
    documents: "gitlabhq lib/gitlab/crypto_helper.rb; GitLab documentation, Personal access tokens",
    remarks: "Put the first 32 bytes of db_key_base (secrets.yml) into the variable GITLAB_DB_KEY_BASE. A token expires at the start of its expires_at day, UTC.",
    fragment: r#"
[columns]
id = "{id}"
key = "token_digest"
name = "{name}"
owner = "{user_id}"
created = { column = "created_at" }
last-used = { column = "last_used_at" }
expires = { column = "expires_at" }
revoked = { column = "revoked" }
permissions = { column = "scopes", format = "yaml-list" }
[recipe]
algorithm = "sha256"
salt = "secret:env:GITLAB_DB_KEY_BASE"
salt-position = "after"
output = "base64"
"#,
    alternatives: &[],
    permissions: &["api", "read_user", "read_api", "read_repository", "write_repository"],
};
