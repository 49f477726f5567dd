//! Tyk: sessions exported from Redis, one object a line, the Redis key without its `apikey-` as `key_hash`.
//!
//! With `hash_keys` and `hash_key_function: sha256`, the hex of SHA-256 of the whole key, organisation id included.
//! By default the function is MurmurHash, which is no hash for secrets: such keys can only be brought along in clear.
//!
//! # Source
//!
//! Tyk documentation, "Key Hashing" (`hash_keys`, `hash_key_function`) and "Session object" (`expires`, Unix seconds,
//! 0 = never; `is_inactive`; `access_rights`).

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "tyk",
    title: "Tyk Gateway",
    table: None,
    documents: "Tyk documentation, Key Hashing and Session object",
    remarks: "Only hash_key_function sha256, or hash_keys off, can be brought along without the keys: MurmurHash, the default, is not cryptographic. Flatten access_rights to a list of API ids before importing.",
    fragment: r#"
[columns]
id = "{alias}"
key = "key_hash"
name = "{alias}"
owner = "{org_id}"
created = { column = "date_created" }
expires = { column = "expires", format = "unix-s", never = ["0", "-1"] }
revoked = { column = "is_inactive" }
[recipe]
algorithm = "sha256"
"#,
    alternatives: &[r#"algorithm = "plaintext""#],
    permissions: &[],
};
