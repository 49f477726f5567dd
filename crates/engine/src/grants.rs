//! A key's grants, packed: three bytes each, instead of a join or a list of texts.
//!
//! A workspace numbers its scopes as they are created. A key holds numbers and bits, in the order in which
//! they were given; the workspace's catalogue turns numbers into texts and ids.

use oneloop_protocol::{Access, Grant, ScopeId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of one packed grant: the scope's number, low byte first, and the access bits.
const WIDTH: usize = 3;

/// Grants as they are stored and held in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PackedGrants(Box<[u8]>);

impl PackedGrants {
    /// The grants in stored bytes; a torn tail is dropped, never read past.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(Self::whole(bytes).into())
    }

    /// Stored bytes without a torn tail.
    pub(crate) fn whole(bytes: &[u8]) -> &[u8] {
        let whole = bytes.len() / WIDTH * WIDTH;
        bytes.get(..whole).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn view(&self) -> Grants<'_> {
        Grants(&self.0)
    }

    /// Scope numbers and what may be done with them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, Access)> {
        self.view().iter()
    }
}

/// Packed grants that lie in somebody else's bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grants<'a>(&'a [u8]);

impl<'a> Grants<'a> {
    /// The grants in bytes that came from [`PackedGrants::as_bytes`].
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Scope numbers and what may be done with them.
    pub(crate) fn iter(self) -> impl Iterator<Item = (u16, Access)> + 'a {
        self.0.chunks_exact(WIDTH).filter_map(|packed| match *packed {
            [low, high, bits] => Some((u16::from_le_bytes([low, high]), Access::from_bits(bits))),
            _ => None,
        })
    }

    /// What may be done with scope `number`.
    pub(crate) fn access(self, number: u16) -> Access {
        self.iter().find(|(held, _)| *held == number).map_or(Access::NONE, |(_, access)| access)
    }
}

impl Serialize for PackedGrants {
    /// As pairs of number and bits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(number, access)| (number, access.bits())))
    }
}

impl<'de> Deserialize<'de> for PackedGrants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(u16, u8)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().map(|(number, bits)| (number, Access::from_bits(bits))).collect())
    }
}

impl FromIterator<(u16, Access)> for PackedGrants {
    fn from_iter<I: IntoIterator<Item = (u16, Access)>>(grants: I) -> Self {
        let bytes = grants.into_iter().flat_map(|(number, access)| {
            let [low, high] = number.to_le_bytes();
            [low, high, access.bits()]
        });
        Self(bytes.collect())
    }
}

/// What a key's grants mean: the scopes of one workspace, by number.
pub(crate) trait Catalogue {
    /// The id and the representation of scope `number`.
    fn scope(&self, number: u16) -> Option<(ScopeId, &str)>;

    /// The number of a scope, by its exact representation.
    fn number(&self, representation: &str) -> Option<u16>;

    /// The grants as the wire shows them, with the ids of the catalogue's entries.
    fn unpack(&self, packed: Grants<'_>) -> Vec<Grant> {
        let on_wire = |(number, access)| {
            let (id, representation) = self.scope(number)?;
            Some(Grant { id: Some(id), ..Grant::new(representation, access) })
        };
        packed.iter().filter_map(on_wire).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packing_keeps_order_and_bits(grants: Vec<(u16, u8)>) {
            let grants: Vec<_> =
                grants.into_iter().map(|(at, bits)| (at, Access::from_bits(bits))).collect();
            let packed: PackedGrants = grants.iter().copied().collect();
            let stored = PackedGrants::from_bytes(packed.as_bytes());
            prop_assert_eq!(stored.iter().collect::<Vec<_>>(), grants);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let packed = PackedGrants::from_bytes(&bytes);
            prop_assert_eq!(packed.iter().count(), bytes.len() / 3);
        }
    }

    #[test]
    fn a_scope_that_is_not_held_gives_nothing() {
        let packed: PackedGrants = [(7, Access::READ)].into_iter().collect();
        assert_eq!(packed.view().access(7), Access::READ);
        assert_eq!(packed.view().access(8), Access::NONE);
    }
}
