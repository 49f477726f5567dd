//! django-rest-knox: `knox_authtoken`.
//!
//! Up to version 4 the *bytes behind the hex* of a token are hashed with SHA-512; since version 5 its text is.
//! Versions before 4 append a salt from a column of its own, as bytes behind hex too.
//!
//! # Source
//!
//! django-rest-knox, `knox/crypto.py` and `knox/models.py` of 4.2.0 (`binascii.unhexlify(token)`) and of 5.1.0
//! (`make_hex_compatible`), and the changelog of 4.0.0 for the salt.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "django_rest_knox",
    title: "django-rest-knox",
    table: Some("knox_authtoken"),
    documents: "django-rest-knox knox/crypto.py and knox/models.py, versions 4.2.0 and 5.1.0",
    remarks: "Version 5 hashes the text of a token, version 4 the bytes behind its hex: prove tells which. With SECURE_HASH_ALGORITHM changed, the algorithm is another. A table from before version 4 has a salt column; add columns.salt.",
    fragment: r#"
[columns]
id = "{token_key}"
key = "digest"
locator = { column = "token_key", part = "first:15" }
owner = "{user_id}"
created = { column = "created" }
expires = { column = "expiry" }
[recipe]
algorithm = "sha512"
"#,
    alternatives: &[
        r#"algorithm = "sha512", text = "hex""#,
        r#"algorithm = "sha512", text = "hex", salt = "column", salt-text = "hex", salt-position = "after""#,
    ],
    permissions: &[],
};
