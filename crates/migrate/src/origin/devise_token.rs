//! Token authentication beside Devise: `users.authentication_token`.
//!
//! Devise itself removed token authentication in 3.1. What the gems that took it over (simple_token_authentication,
//! devise-token_authenticatable) keep is `Devise.friendly_token`, 20 URL-safe characters, in clear.
//!
//! # Source
//!
//! simple_token_authentication, README ("Make models token authenticatable"); José Valim's gist on safe token
//! authentication. Tables that hash by hand use `Devise.token_generator.digest`: the hex of HMAC-SHA-256 under a key
//! derived from `secret_key_base`, which has to be given as bytes.

use super::Origin;

pub(super) const ORIGIN: Origin = Origin {
    name: "devise_token",
    title: "Devise token",
    table: Some("users"),
    documents: "simple_token_authentication README; Jose Valim's gist on token authentication",
    remarks: "A friendly_token has 119 bits: reported as below 128. devise_token_auth keeps bcrypt values inside a JSON column instead; export them one row a client first.",
    fragment: r#"
[columns]
id = "{id}"
key = "authentication_token"
owner = "{id}"
name = "{email}"
[recipe]
algorithm = "plaintext"
"#,
    alternatives: &[
        r#"algorithm = "hmac-sha256", hmac-key = "env:DEVISE_TOKEN_KEY""#,
        r#"algorithm = "bcrypt""#,
    ],
    permissions: &[],
};
