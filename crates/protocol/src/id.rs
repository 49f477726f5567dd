//! Prefixed identifiers: `ws_` and friends, followed by 32 lower-case hexadecimal digits.
//!
//! The digits are a UUIDv7, so ids of one kind sort by age. On the wire an id is opaque: a client keeps
//! whatever text the server gave it, which is also what lets the widget talk to an upstream whose ids
//! look different. The engine turns its own ids into 128 bits with [`WorkspaceId::bits`] and the like;
//! text that is not one of ours has none, and so names nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Writes `prefix` and `bits` as an id. By hand and not with `{:032x}`, because every verification writes one.
fn format_id(prefix: &str, bits: u128) -> Box<str> {
    let mut text = String::with_capacity(prefix.len() + 32);
    text.push_str(prefix);
    for byte in bits.to_be_bytes() {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 0x0f)]));
    }
    text.into_boxed_str()
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Reads the 128 bits behind `prefix`, if `text` is exactly what [`format_id`] writes.
fn parse_id(prefix: &str, text: &str) -> Option<u128> {
    let digits = text.strip_prefix(prefix)?;
    let canonical =
        digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    canonical.then(|| u128::from_str_radix(digits, 16).ok())?
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id that stands for these 128 bits.
            pub fn from_bits(bits: u128) -> Self {
                Self(format_id(Self::PREFIX, bits))
            }

            /// The bits of an id that this service issued; `None` for any other text.
            pub fn bits(&self) -> Option<u128> {
                parse_id(Self::PREFIX, &self.0)
            }

            /// The id as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into_boxed_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A team: the account that owns workspaces and SDK keys.
    TeamId = "tm_";
    /// An SDK key: a team's own credential, used by its servers.
    SdkKeyId = "sk_";
    /// A workspace: one project or environment of a team.
    WorkspaceId = "ws_";
    /// An entry of a workspace's scope catalogue.
    ScopeId = "sc_";
    /// An API key of one of the team's customers.
    ApiKeyId = "ak_";
    /// A link token: the browser's short-lived credential.
    LinkTokenId = "lt_";
    /// A billing meter of one of the team's customers.
    MeterId = "mt_";
    /// A key pair with which a team's JWTs are signed.
    SigningKeyId = "jk_";
    /// A migration job.
    MigrationId = "mg_";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_survive_the_wire(bits: u128) {
            prop_assert_eq!(ApiKeyId::from_bits(bits).bits(), Some(bits));
        }

        #[test]
        fn ids_sort_like_their_bits(a: u128, b: u128) {
            let by_text = WorkspaceId::from_bits(a).cmp(&WorkspaceId::from_bits(b));
            prop_assert_eq!(by_text, a.cmp(&b));
        }
    }

    #[test]
    fn only_the_canonical_form_has_bits() {
        let canonical = "ws_0190163d8694739faea5966c26f8ad91";
        assert!(WorkspaceId::from(canonical).bits().is_some());
        for other in [
            "0190163d8694739faea5966c26f8ad91",
            "ak_0190163d8694739faea5966c26f8ad91",
            "ws_0190163D8694739FAEA5966C26F8AD91",
            "ws_+190163d8694739faea5966c26f8ad91",
            "ws_0190163d8694739faea5966c26f8ad9",
            "ws_0190163d8694739faea5966c26f8ad911",
            "",
        ] {
            assert_eq!(WorkspaceId::from(other).bits(), None, "{other:?}");
        }
    }
}
