//! The words None, Read, Write and Custom, and the four bits behind them.

use oneloop_protocol::Access;

/// What a person picks for one scope.
///
/// *Write* is all four bits, *Read* the read bit alone, as the published widget has it (protocol, 4.5);
/// every other combination is *Custom*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeLevel {
    /// No bit.
    None,
    /// Read alone.
    Read,
    /// Everything.
    Write,
    /// The bits, one by one.
    Custom,
}

impl ScopeLevel {
    /// Every level, in the order they are offered.
    pub const ALL: [Self; 4] = [Self::None, Self::Read, Self::Write, Self::Custom];

    /// The level that stands for these bits.
    pub fn of(access: Access) -> Self {
        match access {
            Access::NONE => Self::None,
            Access::READ => Self::Read,
            Access::ALL => Self::Write,
            _ => Self::Custom,
        }
    }

    /// The bits this level stands for; `None` for [`ScopeLevel::Custom`], which has bits of its own.
    pub fn access(self) -> Option<Access> {
        match self {
            Self::None => Some(Access::NONE),
            Self::Read => Some(Access::READ),
            Self::Write => Some(Access::ALL),
            Self::Custom => None,
        }
    }
}

/// The single bits that Custom offers, in the order they are offered.
pub const BITS: [Access; 4] = [Access::CREATE, Access::READ, Access::UPDATE, Access::DELETE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_and_its_bits_agree() {
        for level in ScopeLevel::ALL {
            if let Some(access) = level.access() {
                assert_eq!(ScopeLevel::of(access), level);
            }
        }
    }

    #[test]
    fn every_other_combination_is_custom() {
        let custom =
            (0..16).filter(|bits| ScopeLevel::of(Access::from_bits(*bits)) == ScopeLevel::Custom);
        assert_eq!(custom.count(), 13);
        assert_eq!(ScopeLevel::of(Access::CREATE.union(Access::READ)), ScopeLevel::Custom);
    }
}
