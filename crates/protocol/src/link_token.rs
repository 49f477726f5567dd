//! Link tokens: the browser's credential for one workspace and one customer (endpoints 17 and 18).

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Reason};
use crate::grant::{Grant, check_grants};
use crate::id::WorkspaceId;
use crate::lenient::null_as_default;
use crate::limits;
use crate::secret::Secret;
use crate::time::UnixMillis;

/// What a link token may do with its own customer's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct LinkTokenPermissions(u8);

impl LinkTokenPermissions {
    /// Nothing; what is asked of a token that looks at itself.
    pub const NONE: Self = Self(0);
    /// See the keys and the scope catalogue.
    pub const LIST: Self = Self(1);
    /// Create keys.
    pub const CREATE: Self = Self(2);
    /// Rename, change scopes, switch on and off.
    pub const UPDATE: Self = Self(4);
    /// Rotate keys.
    pub const ROTATE: Self = Self(8);
    /// Delete keys.
    pub const DELETE: Self = Self(16);
    /// Bring existing keys along.
    pub const MIGRATE: Self = Self(32);
    /// What a token has at most when its request names nothing: all but migrate.
    pub const DEFAULT: Self = Self(31);

    const WORDS: [(Self, &'static str); 6] = [
        (Self::LIST, "list"),
        (Self::CREATE, "create"),
        (Self::UPDATE, "update"),
        (Self::ROTATE, "rotate"),
        (Self::DELETE, "delete"),
        (Self::MIGRATE, "migrate"),
    ];

    /// These permissions and `more`.
    #[must_use]
    pub fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// Whether every permission of `asked` is held.
    pub fn allow(self, asked: Self) -> bool {
        self.0 & asked.0 == asked.0
    }

    /// The bits, for storage.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Permissions from stored bits.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 63)
    }

    /// The words on the wire.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().filter(move |(bit, _)| self.allow(*bit)).map(|(_, word)| word)
    }
}

impl From<LinkTokenPermissions> for Vec<String> {
    fn from(permissions: LinkTokenPermissions) -> Self {
        permissions.words().map(str::to_owned).collect()
    }
}

impl TryFrom<Vec<String>> for LinkTokenPermissions {
    type Error = String;

    fn try_from(words: Vec<String>) -> Result<Self, String> {
        words.iter().try_fold(Self(0), |held, word| {
            let known = Self::WORDS.iter().find(|(_, known)| known == word);
            let (bit, _) = known.ok_or_else(|| {
                "a permission is one of list, create, update, rotate, delete, migrate".to_owned()
            })?;
            Ok(held.with(*bit))
        })
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for LinkTokenPermissions {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
        let words = Self::WORDS.into_iter().map(|(_, word)| word);
        let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
        ArrayBuilder::new().items(word).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for LinkTokenPermissions {}

/// The body of `POST /api/v1/link-token`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateLinkToken {
    /// Whose keys the token may see.
    pub customer_id: String,
    /// In which workspace.
    pub workspace_id: WorkspaceId,
    /// The meter that keys made with this token are bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_billing_id: Option<String>,
    /// What the token may do, which is no more than the SDK key may do that mints it: `list` needs its right to read
    /// API keys, `create` to create, `update` and `rotate` to update, `delete` to delete them. Absent: all but
    /// `migrate`, as far as the SDK key may do it itself. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<LinkTokenPermissions>,
    /// Origins (`scheme://host[:port]`) the token may be used from; empty = any that CORS allows. Our
    /// addition.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// The most that its holder may grant; absent = whatever the workspace defines. A key keeps what it has. Our
    /// addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grantable_scopes: Option<Vec<Grant>>,
    /// What holds for the expiry and the rotation of keys. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_policy: Option<KeyPolicy>,
    /// For how many seconds the token works; the server's own lifetime when absent. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
}

/// What a page must keep to when it creates or rotates a key. Our addition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct KeyPolicy {
    /// Whether a key must end.
    pub expiry_required: bool,
    /// From now to the expiry, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_lifetime_seconds: Option<u64>,
    /// From now to the expiry, at most; a key must then end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_lifetime_seconds: Option<u64>,
    /// How long a rotated key's old secret may go on working, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_overlap_seconds: Option<u64>,
}

impl KeyPolicy {
    /// Whether a key must end.
    pub fn requires_expiry(&self) -> bool {
        self.expiry_required || self.max_lifetime_seconds.is_some()
    }

    fn check(&self) -> Result<(), FieldError> {
        let lifetimes = [
            ("keyPolicy.minLifetimeSeconds", self.min_lifetime_seconds),
            ("keyPolicy.maxLifetimeSeconds", self.max_lifetime_seconds),
        ];
        for (field, seconds) in lifetimes {
            limits::check_seconds(field, seconds, &limits::LIFETIME_SECONDS)?;
        }
        let overlap = 0..=limits::OVERLAP_SECONDS_MAX;
        limits::check_seconds("keyPolicy.maxOverlapSeconds", self.max_overlap_seconds, &overlap)?;
        match (self.min_lifetime_seconds, self.max_lifetime_seconds) {
            (Some(least), Some(most)) if least > most => {
                let field = "keyPolicy.minLifetimeSeconds";
                let message = format!("{field} is {least}, more than maxLifetimeSeconds ({most})");
                Err(FieldError::new(field, Reason::OutOfRange, message))
            }
            _ => Ok(()),
        }
    }
}

/// The body of `POST /api/v1/link-token/revoke`: one token, or all of a customer. Our addition.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RevokeLinkTokens {
    /// The token, or
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// in which workspace, and
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
    /// whose tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
}

/// What a [`RevokeLinkTokens`] is about.
#[derive(Clone, Copy, Debug)]
pub enum Revoked<'a> {
    /// One token.
    Token(&'a Secret),
    /// Every token of a customer of a workspace.
    Customer(&'a WorkspaceId, &'a str),
}

impl RevokeLinkTokens {
    /// Which of the two it is.
    pub fn which(&self) -> Result<Revoked<'_>, FieldError> {
        match (&self.token, &self.workspace_id, &self.customer_id) {
            (Some(token), None, None) => Ok(Revoked::Token(token)),
            (None, Some(workspace), Some(customer)) => Ok(Revoked::Customer(workspace, customer)),
            _ => {
                let message = "send either token, or workspaceId and customerId";
                Err(FieldError::new("token", Reason::MissingField, message))
            }
        }
    }
}

/// `{"revoked": …}`: how many tokens worked until now.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedAnswer {
    /// How many.
    pub revoked: u64,
}

impl CreateLinkToken {
    /// A token for a customer of a workspace, with nothing special about it.
    pub fn new(workspace_id: WorkspaceId, customer_id: impl Into<String>) -> Self {
        Self {
            customer_id: customer_id.into(),
            workspace_id,
            external_billing_id: None,
            permissions: None,
            origins: Vec::new(),
            grantable_scopes: None,
            key_policy: None,
            ttl_seconds: None,
        }
    }

    /// Checks every field.
    pub fn check(&self) -> Result<(), FieldError> {
        limits::check_customer_id("customerId", &self.customer_id)?;
        if let Some(id) = &self.external_billing_id {
            limits::check_external_id("externalBillingId", id)?;
        }
        if let Some(grantable) = &self.grantable_scopes {
            check_grants("grantableScopes", grantable)?;
        }
        if let Some(policy) = &self.key_policy {
            policy.check()?;
        }
        limits::check_seconds("ttlSeconds", self.ttl_seconds, &limits::LINK_TOKEN_SECONDS)?;
        if self.origins.len() > limits::ORIGINS {
            let message = format!(
                "origins has {} entries; the limit is {}",
                self.origins.len(),
                limits::ORIGINS
            );
            return Err(FieldError::new("origins", Reason::TooManyOrigins, message));
        }
        for (at, origin) in self.origins.iter().enumerate() {
            if !is_origin(origin) {
                let field = format!("origins[{at}]");
                let message =
                    format!("{field} must be an exact origin such as https://app.example.com");
                return Err(FieldError::new(field, Reason::OriginInvalid, message));
            }
        }
        Ok(())
    }
}

/// Whether `text` is what a browser writes in an `Origin` header: `scheme://host[:port]`, lower case, with
/// nothing behind it (RFC 6454, section 7). A wildcard is not an origin, and neither is `null`.
pub fn is_origin(text: &str) -> bool {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let allowed = |b: u8| {
        b.is_ascii_lowercase()
            || b.is_ascii_digit()
            || matches!(b, b'.' | b'-' | b':' | b'[' | b']')
    };
    !host.is_empty() && host.len() <= 255 && host.bytes().all(allowed)
}

/// The answer to [`CreateLinkToken`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LinkToken {
    /// The token, this once.
    pub token: Secret,
    /// When it stops working.
    pub expires_at: UnixMillis,
}

/// The answer of `GET /api/v1/link-token/{token}`. The first four are required by published clients
/// even when `valid` is false.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LinkTokenStatus {
    /// Whether it works now.
    pub valid: bool,
    /// When it stops, or stopped, working.
    pub expires_at: UnixMillis,
    /// In which workspace.
    pub workspace_id: WorkspaceId,
    /// Whose keys it may see.
    pub customer_id: String,
    /// The meter that keys made with it are bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_billing_id: Option<String>,
    /// What it may do. Our addition; absent from an upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<LinkTokenPermissions>,
    /// The most that its holder may grant; absent = whatever the workspace defines. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grantable_scopes: Option<Vec<Grant>>,
    /// What holds for the expiry and the rotation of keys. Our addition; absent from an upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_policy: Option<KeyPolicy>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_exact() {
        for good in [
            "https://app.example.com",
            "http://127.0.0.1:8787",
            "http://[::1]:80",
            "http://localhost",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "*",
            "null",
            "",
            "https://",
            "https://*.example.com",
            "https://a.b/",
            "https://A.b",
            "ftp://a.b",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn permissions_are_words_on_the_wire() {
        let json = r#"["list","rotate"]"#;
        let read: LinkTokenPermissions = serde_json::from_str(json).expect("known words");
        assert!(
            read.allow(LinkTokenPermissions::ROTATE) && !read.allow(LinkTokenPermissions::CREATE)
        );
        assert_eq!(serde_json::to_string(&read).expect("serialises"), json);
        assert!(serde_json::from_str::<LinkTokenPermissions>(r#"["admin"]"#).is_err());
    }
}
