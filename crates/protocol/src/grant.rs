//! A scope on a key, and a scope asked for in a verification: a representation and four bits.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Reason};
use crate::id::ScopeId;
use crate::limits;

/// Any of create, read, update and delete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Access(u8);

impl Access {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Create.
    pub const CREATE: Self = Self(1);
    /// Read.
    pub const READ: Self = Self(2);
    /// Update.
    pub const UPDATE: Self = Self(4);
    /// Delete.
    pub const DELETE: Self = Self(8);
    /// Everything.
    pub const ALL: Self = Self(15);

    /// The set of the bits that are true.
    pub fn new(create: bool, read: bool, update: bool, delete: bool) -> Self {
        Self(u8::from(create) | u8::from(read) << 1 | u8::from(update) << 2 | u8::from(delete) << 3)
    }

    /// The four low bits, for storage.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set from stored bits; the four high bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0x0f)
    }

    /// Whether every bit of `asked` is in this set.
    pub fn covers(self, asked: Self) -> bool {
        self.0 & asked.0 == asked.0
    }

    /// The bits of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The bits of this set that are not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Display for Access {
    /// The words, joined by `+`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (Self::CREATE, "create"),
            (Self::READ, "read"),
            (Self::UPDATE, "update"),
            (Self::DELETE, "delete"),
        ];
        let mut separator = "";
        for (bit, word) in words {
            if self.covers(bit) {
                write!(f, "{separator}{word}")?;
                separator = "+";
            }
        }
        if separator.is_empty() { f.write_str("nothing") } else { Ok(()) }
    }
}

/// A scope with its bits: `ApiKeyScope` in the published clients.
///
/// The delete bit is spelled `del` on the wire. An `id` that a client sends is ignored: the published
/// widget leaks one key's ids into another key's request (protocol, 4.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    /// The id of the catalogue entry, in answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ScopeId>,
    /// Which scope; matched exactly.
    pub representation: String,
    /// May create.
    pub create: bool,
    /// May read.
    pub read: bool,
    /// May update.
    pub update: bool,
    /// May delete.
    pub del: bool,
}

impl Grant {
    /// A grant without an id.
    pub fn new(representation: impl Into<String>, access: Access) -> Self {
        Self {
            id: None,
            representation: representation.into(),
            create: access.covers(Access::CREATE),
            read: access.covers(Access::READ),
            update: access.covers(Access::UPDATE),
            del: access.covers(Access::DELETE),
        }
    }

    /// The four bits as a set.
    pub fn access(&self) -> Access {
        Access::new(self.create, self.read, self.update, self.del)
    }
}

/// Checks the grants of a key: how many, how they are spelled, and that none stands twice.
pub fn check_grants(field: &str, grants: &[Grant]) -> Result<(), FieldError> {
    check_count(field, grants)?;
    for (at, grant) in grants.iter().enumerate() {
        let entry = format!("{field}[{at}].representation");
        limits::check_representation(&entry, &grant.representation)?;
        if grants.iter().take(at).any(|earlier| earlier.representation == grant.representation) {
            let message = format!("{entry} repeats `{}`", grant.representation);
            return Err(FieldError::new(entry, Reason::DuplicateGrant, message));
        }
    }
    Ok(())
}

/// Checks the scopes asked for in a verification. Their spelling is not checked: one that cannot exist is
/// simply not granted, and the verdict says so.
pub fn check_count(field: &str, grants: &[Grant]) -> Result<(), FieldError> {
    let (found, limit) = (grants.len(), limits::GRANTS_PER_KEY);
    if found <= limit {
        return Ok(());
    }
    let message = format!("{field} has {found} entries; the limit is {limit}");
    Err(FieldError::new(field, Reason::TooManyGrants, message))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_delete_bit_is_spelled_del() {
        let json =
            r#"{"representation":"billing","create":false,"read":true,"update":false,"del":true}"#;
        let grant: Grant = serde_json::from_str(json).expect("published shape");
        assert_eq!(grant.access(), Access::READ.union(Access::DELETE));
        assert_eq!(serde_json::to_string(&grant).expect("serialises"), json);
    }

    proptest! {
        #[test]
        fn a_set_covers_exactly_its_subsets(held in 0_u8..16, asked in 0_u8..16) {
            let covers = Access::from_bits(held).covers(Access::from_bits(asked));
            prop_assert_eq!(covers, held | asked == held);
        }

        #[test]
        fn bits_and_booleans_agree(bits in 0_u8..16) {
            let access = Access::from_bits(bits);
            prop_assert_eq!(Grant::new("x", access).access(), access);
        }
    }

    #[test]
    fn a_repeated_representation_is_refused_by_name() {
        let grants = [
            Grant::new("a", Access::READ),
            Grant::new("b", Access::READ),
            Grant::new("a", Access::ALL),
        ];
        let error = check_grants("scopes", &grants).expect_err("repeats a");
        assert_eq!(
            (error.field.as_ref(), error.reason),
            ("scopes[2].representation", Reason::DuplicateGrant)
        );
    }
}
