//! Prefixed identifiers: `ws_` and friends, followed by 32 lower-case hexadecimal digits.
//!
//! The digits are a UUIDv7, so ids of one kind sort by age. On the wire an id is opaque: a client keeps
//! whatever text the server gave it, which is also what lets the widget talk to an upstream whose ids
//! look different. The engine turns its own ids into 128 bits with [`WorkspaceId::bits`] and the like;
//! text that is not one of ours has none, and so names nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Writes `prefix` and `bits` as an id. By hand and not with `{:032x}`, because every verification writes some.
fn format_id(prefix: &str, bits: u128) -> Box<str> {
    let mut digits = [0_u8; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bits.to_be_bytes()) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
    let mut text = String::with_capacity(prefix.len() + digits.len());
    text.push_str(prefix);
    // ASCII, so there is nothing in it that could be refused.
    text.push_str(std::str::from_utf8(&digits).unwrap_or_default());
    text.into_boxed_str()
}

/// The two digits of every byte.
const PAIRS: [[u8; 2]; 256] = {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [HEX[byte >> 4], HEX[byte & 0x0f]];
        byte += 1;
    }
    pairs
};

/// Reads the 128 bits behind `prefix`, if `text` is exactly what [`format_id`] writes.
fn parse_id(prefix: &str, text: &str) -> Option<u128> {
    let digits: &[u8; 32] = text.strip_prefix(prefix)?.as_bytes().try_into().ok()?;
    let (mut bits, mut seen) = (0_u128, 0);
    for digit in digits {
        let value = VALUES[usize::from(*digit)];
        seen |= value;
        bits = bits << 4 | u128::from(value & 0x0f);
    }
    (seen & NO_DIGIT == 0).then_some(bits)
}

/// Stands in [`VALUES`] for every byte that is no lower-case hexadecimal digit.
const NO_DIGIT: u8 = 0x80;

/// What every digit is worth.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

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
