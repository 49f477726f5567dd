//! What to do in doubt.

use serde::Deserialize;

macro_rules! choices {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every choice.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word in a mapping file.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    )+};
}

choices! {
    /// What becomes of a key that is here already with other attributes.
    Conflict {
        /// It stays as it is here.
        #[default]
        Skip = "skip",
        /// It becomes as it is in the source.
        Update = "update",
        /// The plan stops.
        Fail = "fail",
    }
    /// What becomes of a row that no longer works at its source.
    OnSight {
        /// It is brought along and goes on not working, so that its caller hears "expired" or "disabled" and
        /// not "unknown".
        #[default]
        Import = "import",
        /// It stays behind.
        Skip = "skip",
    }
    /// What becomes of a key that can be guessed.
    Weak {
        /// Fewer than 80 bits are refused; fewer than 128 are reported.
        #[default]
        Refuse = "refuse-below-80",
        /// Everything is brought along, and reported.
        Waive = "waive",
    }
}

/// The policies. Every one has a default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// A key that is here already, but different.
    pub conflict: Conflict,
    /// A key that has expired at its source.
    pub expired: OnSight,
    /// A key that was revoked or deleted at its source.
    pub revoked: OnSight,
    /// A key that can be guessed.
    pub weak: Weak,
}
