//! Django REST framework's `authtoken`: one key a user, in clear.
//!
//! # Source
//!
//! Django REST framework documentation, "Authentication", TokenAuthentication; `rest_framework/authtoken/models.py`
//! of version 3.18: `key` is 40 hexadecimal characters and the primary key.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "django_rest_framework_authtoken",
    title: "Django REST framework authtoken",
    table: Some("authtoken_token"),
    documents: "Django REST framework documentation, Authentication; rest_framework/authtoken/models.py 3.18",
    remarks: "Tokens have no permissions of their own: say in [grants] what every key gets. The table holds the keys in clear; they are hashed on this machine.",
    fragment: r#"
[columns]
id = "user-{user_id}"
key = "key"
owner = "{user_id}"
created = { column = "created" }
[recipe]
algorithm = "plaintext"
"#,
    alternatives: &[],
    permissions: &[],
};
