//! One real row, or more, of every origin.

use crate::plan::Code;

/// A key of an origin and the row that the origin keeps of it.
pub(super) struct Sample {
    pub(super) origin: &'static str,
    pub(super) key: &'static str,
    pub(super) secret: Option<(&'static str, &'static [u8])>,
    pub(super) row: &'static str,
    /// Which suspect is proved: 0 is the documented default.
    pub(super) suspect: usize,
    pub(super) customer: &'static str,
    pub(super) name: &'static str,
    pub(super) note: Option<Code>,
}

/// Stored values were made with the documented algorithm: by the library itself for knox 5.1.0, knox 4.2.0's
/// `unhexlify`, djangorestframework-api-key 3.1.0 and Django 5.2.19; by Python 3.11 `hashlib` and `hmac` for the
/// others.
pub(super) fn samples() -> Vec<Sample> {
    let plain = |origin, key, row, customer, name| Sample {
        origin,
        key,
        row,
        customer,
        name,
        secret: None,
        suspect: 0,
        note: None,
    };
    vec![
        plain(
            "laravel_sanctum",
            "17|laravel_1QaZ2wSx3EdC4rFv5TgB6yHn7UjM8iK9oL0pAbCd1f2e3d4c",
            r#"{"id":17,"tokenable_type":"App\\Models\\User","tokenable_id":3,"name":"CI","token":"a9d713c562e277c32878cf5df74ec3924ab17160ac5f3d8a8ec1db09643e42e2","abilities":"[\"*\"]","last_used_at":"2026-11-01 08:00:00","expires_at":null,"created_at":"2026-01-01 08:00:00"}"#,
            "3",
            "CI",
        ),
        Sample {
            suspect: 1,
            ..plain(
                "laravel_sanctum",
                "s3cret",
                r#"{"id":18,"tokenable_id":3,"name":"old","token":"1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0","abilities":"[]","created_at":"2026-01-01 08:00:00"}"#,
                "3",
                "old",
            )
        },
        Sample {
            note: Some(Code::NameEmpty),
            ..plain(
                "django_rest_framework_authtoken",
                "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b",
                r#"{"key":"9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b","created":"2026-01-01T08:00:00.123456Z","user_id":7}"#,
                "7",
                "Key user-7",
            )
        },
        Sample {
            note: Some(Code::NameEmpty),
            ..plain(
                "django_rest_knox",
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                r#"{"digest":"286f37dd952ff65ef75ffdc183e73b33e111d0d1652c3356e4bc54c714a34df8c3bb4c8d48b799e11e97ff2bd86f4d396bd13e764c81d2be8ead32d47bd8f848","token_key":"9f86d081884c7d6","user_id":7,"created":"2026-01-01 08:00:00+00","expiry":"2027-01-01 08:00:00+00"}"#,
                "7",
                "Key 9f86d081884c7d6",
            )
        },
        Sample {
            suspect: 1,
            note: Some(Code::NameEmpty),
            ..plain(
                "django_rest_knox",
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                r#"{"digest":"70611ed00e1fa7da86f17bd15cf384569dd9d342b9810f1d359fd492022d328e1668505db7b1341084b0f06acfeca1f5de473b643544176f97589008693c0f19","token_key":"9f86d081","user_id":7,"created":"2026-01-01 08:00:00+00","expiry":null}"#,
                "7",
                "Key 9f86d081",
            )
        },
        plain(
            "djangorestframework_api_key",
            "Yq3kTz8P.4pX9vB2nM7cR5tL1wS6dF8gH3jK0aZ2y",
            r#"{"id":"Yq3kTz8P.sha512$$0f1e","prefix":"Yq3kTz8P","hashed_key":"sha512$$0f1e0a0153be02e346b81aa883d465bb394cd6554e5c93dff4f30fd30a0883481b1cf91734880764b96550c8a27a687459ed7a533640eab14457933234749df7","created":"2026-01-01 08:00:00","name":"my-remote-service","revoked":false,"expiry_date":null}"#,
            "api-keys",
            "my-remote-service",
        ),
        Sample {
            note: Some(Code::RevokedAtSource),
            ..plain(
                "djangorestframework_api_key",
                "ak_live_Zk3v9QpLm2Xw8RtYb5NcJd7H",
                r#"{"prefix":"ak_live","hashed_key":"pbkdf2_sha256$2000$seasalt$Ps/+eF5OBMuLhPXW0GGyTVg1UN0CsKMUN7TUhlGTe4w=","created":"2026-01-01 08:00:00","name":"before 3.0","revoked":true,"expiry_date":null}"#,
                "api-keys",
                "before 3.0",
            )
        },
        plain(
            "better_auth",
            "qWErTyUiOpAsDfGhJkLzXcVbNmQwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUiOpAs",
            r#"{"id":"k1","name":"bot","start":"qWErTy","key":"WM6Kq6i_5pJ6itOxp8JWj4jU_nJJnSCfVTZnAZZuIHM","referenceId":"u1","enabled":true,"createdAt":"2026-01-01T08:00:00.000Z","lastRequest":null,"expiresAt":"2027-01-01T08:00:00.000Z","permissions":"{\"files\":[\"read\"]}"}"#,
            "u1",
            "bot",
        ),
        plain(
            "unkey",
            "unkey_3ZvK8mQpL2Xw9RtYb5NcJd7H",
            r#"{"id":"key_1","hash":"RE+1tXu6uwcZFcrxmkKTa5KwW/4D7oVFeA9x/uLH7B8=","start":"unkey_3Z","name":"prod","identity_id":"id_1","created_at_m":1767254400000,"expires":null,"enabled":1,"deleted_at_m":null}"#,
            "id_1",
            "prod",
        ),
        Sample {
            suspect: 1,
            ..plain(
                "unkey",
                "BRTRKFsL_51FwqftsmMDHHbJAMEXXHCgG",
                r#"{"id":"key_2","hash":"d70d981d87b449c107327c2a2afbf00d4b58070d6ba571aac35d7ea3e7c79f37","name":"seam","identity_id":"id_1","created_at_m":1767254400000,"enabled":1,"deleted_at_m":null}"#,
                "id_1",
                "seam",
            )
        },
        Sample {
            note: Some(Code::NameEmpty),
            ..plain(
                "kong_key_auth",
                "Zk3v9QpLm2Xw8RtYb5NcJd7HaSdFgHjK",
                r#"{"id":"62a7d3b7","key":"Zk3v9QpLm2Xw8RtYb5NcJd7HaSdFgHjK","consumer_id":"c1","created_at":1767254400,"ttl":63072000}"#,
                "c1",
                "Key 62a7d3b7",
            )
        },
        plain(
            "tyk",
            "5e9d9544a1dcd60001d0ed20b3e1a04c2c1f4f8a9a2d6f7c1e0b3a4d",
            r#"{"key_hash":"903629cb8ef7cb04513337f2cf67c8becae7235c156eaf884591cf18fbd63321","alias":"john","org_id":"5e9d9544a1dcd60001d0ed20","date_created":"2026-01-01T08:00:00Z","expires":0,"is_inactive":false}"#,
            "5e9d9544a1dcd60001d0ed20",
            "john",
        ),
        plain(
            "aws_api_gateway",
            "pIk3y7Qz2mXw8RtYb5NcJd0hVuGs4L",
            r#"{"Name":"MyFirstApiKey","key":"pIk3y7Qz2mXw8RtYb5NcJd0hVuGs4L","description":"An imported key","Enabled":"TRUE","usageplanIds":"c7y23b,glvrsr"}"#,
            "MyFirstApiKey",
            "MyFirstApiKey",
        ),
        plain(
            "crates_io",
            "cioZk3v9QpLm2Xw8RtYb5NcJd7HaSdFgHj",
            r#"{"id":1,"token":"\\x251cb65884dd07152be3d458df438ec3d9d9beb6e4ee2776f4b086faca32fa25","name":"cargo","user_id":4,"created_at":"2026-01-01 08:00:00","last_used_at":null,"revoked":"f","expired_at":null,"crate_scopes":null,"endpoint_scopes":"{publish-new,yank}"}"#,
            "4",
            "cargo",
        ),
        Sample {
            note: Some(Code::ExpiredAtSource),
            ..plain(
                "doorkeeper",
                "hTfKc0w1yQ4mZ8vN2xB6sL9pR3tE7uJ5aG1dV0oI",
                r#"{"id":5,"token":"c7994ecfe5c8c22738775eab4e2a388dd571c6db5cfa777afa2f6a560c34cc1a","resource_owner_id":9,"application_id":2,"created_at":"2026-01-01 08:00:00","expires_in":7200,"revoked_at":null,"scopes":"read write"}"#,
                "9",
                "Key 5",
            )
        },
        plain(
            "devise_token",
            "rX7sQ2mZpL9wYtB5NcJd",
            r#"{"id":11,"email":"ada@example.com","authentication_token":"rX7sQ2mZpL9wYtB5NcJd"}"#,
            "11",
            "ada@example.com",
        ),
        Sample {
            secret: Some(("env:API_TOKEN_SALT", b"tobemodified==")),
            ..plain(
                "strapi",
                "aaaaaaa0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefz",
                r#"{"id":1,"access_key":"b0368940b8d39059c41a33f4ee42e8677f652c867a03a6703af4b64925b213ebc1cfe7820f07aed3359cc0a0336880d1c98437278b2c0a1198667b20e92f7fd2","name":"Read Only","description":"","type":"read-only","created_at":"2026-01-01T08:00:00.000Z","expires_at":null}"#,
                "strapi",
                "Read Only",
            )
        },
        Sample {
            secret: Some((
                "binary-file:old.pepper",
                b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
            )),
            ..plain(
                "oneloop",
                "ol_Zk3v9QpLm2Xw8RtYb5NcJd7HaSdFgHjK1Zk3v9QpLm2Xw8",
                r#"{"type":"key","id":"ak_0190163d8694739faea5966c26f8ad91","workspaceId":"ws_0190163d8694739faea5966c26f8ad92","recipe":0,"tag":"d4c8e96324b268f01f293bd5cecc6370abea274bff8e3d763e9bc48e5858f30e","stored":null,"salt":null,"locator":null,"name":"CI","customerId":"ada","prefix":"ol","maskedKey":"ol_****2Xw8","scopes":{"deployments":["create","read"]},"metadata":{"plan":"pro"},"externalMeterId":null,"totalUsageLeft":7,"enabled":true,"deleted":false,"expiresAt":null,"createdAt":"2026-01-01T08:00:00.000Z","updatedAt":"2026-01-01T08:00:00.000Z","lastUsedAt":null,"overlapUntil":null}"#,
                "ada",
                "CI",
            )
        },
        Sample {
            secret: Some(("env:GITLAB_DB_KEY_BASE", b"0123456789abcdef0123456789abcdef")),
            ..plain(
                "gitlab_pat",
                "glpat-Zk3v9QpLm2Xw8RtYb5Nc",
                r#"{"id":1,"token_digest":"bmR+5HJaIk3EWjwOmpJ18OHXFO/5/dVA2o07vG1+CmI=","name":"ci","user_id":2,"scopes":"---\n- api\n- read_user\n","revoked":false,"expires_at":"2027-01-01","created_at":"2026-01-01 08:00:00"}"#,
                "2",
                "ci",
            )
        },
        plain(
            "generic",
            "ak_live_Zk3v9QpLm2Xw8RtYb5NcJd7H",
            r#"{"id":1,"key_hash":"24e839422fb604516ce8f1b1dddac53e2d81aa9ba452241c89d43cc781707757","name":"any","user_id":8,"scopes":"","revoked_at":"","expires_at":"","created_at":"2026-01-01"}"#,
            "8",
            "any",
        ),
    ]
}
