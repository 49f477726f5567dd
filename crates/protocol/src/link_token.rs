//! Link tokens: the browser's credential for one workspace and one customer (endpoints 17 and 18).

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Reason};
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
    /// What a token has when its request names nothing: all but migrate.
    pub const DEFAULT: Self = Self(31);

    const WORDS: [(Self, &'static str); 6] = [
        (Self::LIST, "list"),
        (Self::CREATE, "create"),
        (Self::UPDATE, "update"),
        (Self::ROTATE, "rotate"),
        (Self::DELETE, "delete"),
        (Self::MIGRATE, "migrate"),
    ];

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
            Ok(Self(held.0 | bit.0))
        })
    }
}

/// The body of `POST /api/v1/link-token`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateLinkToken {
    /// Whose keys the token may see.
    pub customer_id: String,
    /// In which workspace.
    pub workspace_id: WorkspaceId,
    /// The meter that keys made with this token are bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_billing_id: Option<String>,
    /// What the token may do. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<LinkTokenPermissions>,
    /// Origins (`scheme://host[:port]`) the token may be used from; empty = any that CORS allows. Our
    /// addition.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
}

impl CreateLinkToken {
    /// Checks every field.
    pub fn check(&self) -> Result<(), FieldError> {
        limits::check_customer_id("customerId", &self.customer_id)?;
        if let Some(id) = &self.external_billing_id {
            limits::check_external_id("externalBillingId", id)?;
        }
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
#[serde(rename_all = "camelCase")]
pub struct LinkToken {
    /// The token, this once.
    pub token: Secret,
    /// When it stops working.
    pub expires_at: UnixMillis,
}

/// The answer of `GET /api/v1/link-token/{token}`. All fields but the last two are required by published
/// clients even when `valid` is false.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
