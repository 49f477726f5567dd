//! What an SDK key may do: four resources, each with create, read, update and delete.

use std::fmt;

use crate::grant::{Access, Grant};

/// What a right is about (decisions, "SDK-key rights").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Workspaces and their defaults.
    Workspace,
    /// The scope catalogue of a workspace.
    WorkspaceScopes,
    /// API keys: issuing, editing, verifying, and link tokens.
    ApiKeys,
    /// Bringing existing keys along.
    Migration,
}

impl Resource {
    /// Every resource, in the order of their bits.
    pub const ALL: [Self; 4] =
        [Self::Workspace, Self::WorkspaceScopes, Self::ApiKeys, Self::Migration];

    /// The representation in an SDK key's scopes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::WorkspaceScopes => "workspace_scopes",
            Self::ApiKeys => "api_keys",
            Self::Migration => "migration",
        }
    }
}

/// One thing that an SDK key may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right(pub Resource, pub Access);

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.as_str(), self.1)
    }
}

/// All that an SDK key may do: four bits for each [`Resource`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u16);

impl Rights {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything, migration included.
    pub const ALL: Self = Self(0xffff);

    /// These rights and `right`.
    #[must_use]
    pub fn with(self, Right(resource, access): Right) -> Self {
        Self(self.0 | u16::from(access.bits()) << Self::shift(resource))
    }

    /// Whether every bit of `right` is held.
    pub fn allow(self, Right(resource, access): Right) -> bool {
        let held = (self.0 >> Self::shift(resource)) as u8 & 0x0f;
        Access::from_bits(held).covers(access)
    }

    /// The bits, for storage.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Rights from stored bits.
    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The rights as scopes, one entry a resource that has any.
    pub fn to_grants(self) -> Vec<Grant> {
        let of = |resource| Access::from_bits((self.0 >> Self::shift(resource)) as u8 & 0x0f);
        let held = Resource::ALL.into_iter().map(|resource| (resource, of(resource)));
        held.filter(|(_, access)| *access != Access::NONE)
            .map(|(resource, access)| Grant::new(resource.as_str(), access))
            .collect()
    }

    fn shift(resource: Resource) -> u32 {
        4 * resource as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_allows_itself_and_no_neighbour() {
        for granted in Resource::ALL {
            let rights = Rights::NONE.with(Right(granted, Access::READ));
            for asked in Resource::ALL {
                assert_eq!(rights.allow(Right(asked, Access::READ)), asked == granted);
                assert!(!rights.allow(Right(asked, Access::CREATE)));
            }
        }
    }

    #[test]
    fn all_is_sixteen_bits() {
        assert_eq!(Rights::ALL.to_grants().len(), 4);
        assert!(Rights::ALL.allow(Right(Resource::Migration, Access::ALL)));
    }
}
