//! djangorestframework-api-key: `rest_framework_api_key_apikey`.
//!
//! A key is `{prefix}.{secret}`; the whole of it is hashed in one of Django's encoded forms: `sha512$$` + hex since
//! version 3, the project's password hasher before. Both may stand in one table, because keys are re-hashed when used.
//!
//! # Source
//!
//! djangorestframework-api-key 3.1.0, `crypto.py` (`Sha512ApiKeyHasher`, `KeyGenerator`) and `models.py`.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "djangorestframework_api_key",
    title: "djangorestframework-api-key",
    table: Some("rest_framework_api_key_apikey"),
    documents: "djangorestframework-api-key 3.1.0 crypto.py and models.py",
    remarks: "Keys have no owner and no permissions in the default model: a custom model usually adds one; set columns.owner to it. The default puts every key under one customer.",
    fragment: r#"
[columns]
id = "{prefix}"
key = "hashed_key"
locator = { column = "prefix", part = "before-first:." }
name = "{name}"
owner = "api-keys"
created = { column = "created" }
expires = { column = "expiry_date" }
revoked = { column = "revoked" }
[recipe]
algorithm = "django"
"#,
    alternatives: &[],
    permissions: &[],
};
