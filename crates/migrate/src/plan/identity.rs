//! What makes a key the same key, and in which form it is brought along.

use std::fmt;

use oneloop_protocol::ApiKeyId;
use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::migration as wire;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::attributes::Attributes;

/// What makes two rows the same key: the native digest, or a hash over recipe, salt and stored value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity([u8; 32]);

impl Identity {
    /// The identity of a native key.
    pub fn native(digest: &KeyDigest) -> Self {
        Self(*digest.as_bytes())
    }

    /// The identity of a key that is known by its stored value alone. Each piece is preceded by its length,
    /// so that no two triples are spelled alike.
    pub fn legacy(recipe: &str, salt: Option<&[u8]>, stored: &[u8]) -> Self {
        let mut hash = Sha256::new_with_prefix(b"oneloop legacy key 1");
        for piece in [recipe.as_bytes(), salt.unwrap_or_default(), stored] {
            hash.update((piece.len() as u64).to_be_bytes());
            hash.update(piece);
        }
        Self(hash.finalize().into())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Identity {
    // For a native key it is the digest, which for a short key is as good as the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// What is stored of a key that is brought along.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyForm {
    /// The native digest: the key works like one that was minted here.
    Native(KeyDigest),
    /// The stored value under the mapping's recipe, until the key is first presented.
    Legacy {
        /// The stored value's bytes.
        stored: Zeroizing<Vec<u8>>,
        /// The row's salt.
        salt: Option<Zeroizing<Vec<u8>>>,
        /// The part of the key that leads to the row.
        locator: Option<String>,
    },
}

impl fmt::Debug for KeyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native(_) => "Native(…)",
            Self::Legacy { .. } => "Legacy(…)",
        })
    }
}

/// A key as it would be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedKey {
    /// What makes it this key.
    pub identity: Identity,
    /// What is stored of its secret.
    pub form: KeyForm,
    /// The rest.
    pub attributes: Attributes,
}

impl PlannedKey {
    /// The bytes that stand for this key in a [`SetDigest`](super::SetDigest).
    pub fn canonical(&self) -> Vec<u8> {
        let Attributes {
            name,
            customer_id,
            grants,
            enabled,
            expires_at,
            created_at,
            uses_left,
            metadata,
            last_used_at: _,
            deleted,
            id,
            prefix,
            masked_key,
            external_meter_id,
        } = &self.attributes;
        let scopes = grants.iter().map(|grant| (grant.representation.as_str(), grant.access()));
        let mut canonical = wire::Attributes {
            name,
            customer_id,
            enabled: *enabled,
            expires_at: *expires_at,
            created_at: *created_at,
            scopes: scopes.collect(),
            metadata,
            counted: uses_left.is_some(),
        }
        .canonical(self.identity.as_bytes());
        // What few sources know stands behind it by name, so that it changes nothing for the others.
        let deleted = deleted.then_some("yes");
        for (field, value) in [
            ("deleted", deleted),
            ("id", id.as_ref().map(ApiKeyId::as_str)),
            ("prefix", prefix.as_deref()),
            ("maskedKey", masked_key.as_deref()),
            ("externalMeterId", external_meter_id.as_deref()),
        ] {
            let Some(value) = value else { continue };
            for piece in [field, value] {
                canonical.extend_from_slice(&(piece.len() as u64).to_be_bytes());
                canonical.extend_from_slice(piece.as_bytes());
            }
        }
        canonical
    }

    /// This key with what only the target knows.
    pub(super) fn completed_by(mut self, here: &Attributes) -> Self {
        let attributes = &mut self.attributes;
        attributes.created_at = attributes.created_at.or(here.created_at);
        attributes.last_used_at = attributes.last_used_at.max(here.last_used_at);
        self
    }
}
