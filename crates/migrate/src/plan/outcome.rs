//! What becomes of one row.

use super::attributes::FieldDiff;
use super::code::Code;
use super::identity::PlannedKey;

/// What becomes of a row. Only [`Outcome::Create`] and [`Outcome::Update`] change anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The key will be created.
    Create(Box<PlannedKey>),
    /// The key is here and differs: it will be made as it is in the source.
    Update {
        /// As it will be.
        key: Box<PlannedKey>,
        /// What changes.
        diff: Vec<FieldDiff>,
    },
    /// The key is here, and the same.
    Unchanged,
    /// The key is here and differs, and stays as it is.
    ConflictSkipped {
        /// What differs.
        diff: Vec<FieldDiff>,
    },
    /// The key is here and differs, and that stops the plan.
    ConflictFails {
        /// What differs.
        diff: Vec<FieldDiff>,
    },
    /// An earlier row has the same key.
    Duplicate {
        /// The number of that row.
        first: u64,
    },
    /// By policy the row stays behind.
    LeftBehind(Code),
    /// The row cannot become a key.
    Refused {
        /// Why.
        code: Code,
        /// One sentence for a person. Never holds a key; for an unknown permission, it is its name.
        detail: String,
    },
}

impl Outcome {
    /// Its code.
    pub fn code(&self) -> Code {
        match self {
            Self::Create(_) => Code::Create,
            Self::Update { .. } => Code::Update,
            Self::Unchanged => Code::Unchanged,
            Self::ConflictSkipped { .. } => Code::Conflict,
            Self::ConflictFails { .. } => Code::ConflictFails,
            Self::Duplicate { .. } => Code::DuplicateInInput,
            Self::LeftBehind(code) | Self::Refused { code, .. } => *code,
        }
    }

    /// The key that will be written, if one will.
    pub fn applied(&self) -> Option<&PlannedKey> {
        match self {
            Self::Create(key) | Self::Update { key, .. } => Some(key),
            _ => None,
        }
    }
}

/// The line of a report that belongs to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPlan {
    /// The row's number, from 1.
    pub number: u64,
    /// The line on which it begins.
    pub line: u64,
    /// What identifies it at its source; empty if the mapping names nothing or it holds nothing.
    pub source_id: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// What else is to be said of it.
    pub notes: Vec<Code>,
}
