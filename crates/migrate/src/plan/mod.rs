//! What would be done with every row, and why. Nothing is read, written or waited for here: rows come in,
//! outcomes go out, and the same rows against the same target give the same plan.
//!
//! - Every row has exactly one [`Outcome`], with a code that never changes its spelling.
//! - A row that stops the plan (a permission nobody mapped, a conflict under `fail`) is reported like any
//!   other, so that one run shows them all; the [`Summary`] then says that the plan cannot be applied.
//! - [`Summary::digest`] names what would be applied, whatever the order of the rows; `apply` asks for it.

mod attributes;
mod carried;
mod code;
mod entropy;
mod identity;
mod outcome;
#[cfg(test)]
mod properties;
mod read;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use oneloop_protocol::UnixMillis;

pub use oneloop_protocol::migration::{SetDigest, SetDigestError as DigestError};

pub use attributes::{Attributes, FieldDiff};
pub use code::Code;
pub use entropy::{BITS_FLAGGED, BITS_REFUSED, entropy_bits};
pub use identity::{Identity, KeyForm, PlannedKey};
pub use outcome::{Outcome, RowPlan};
pub use read::{ReadRow, Reader};
pub use summary::{Estimate, Summary};

use crate::mapping::{Conflict, Mapping, ProofRecord, Template};
use crate::prove::Proven;
use crate::recipe::Recipe;
use crate::source::{Header, Row};

/// The keys that the target has already.
pub trait Existing {
    /// The attributes of the key with this identity, if it is there.
    fn find(&self, identity: &Identity) -> Option<Attributes>;
}

/// The identities that this plan has met. Kept outside, because for millions of rows it may have to live
/// somewhere else than in memory.
pub trait Seen {
    /// Notes that row `number` has this identity, and answers with the row that had it before, if any.
    fn note(&mut self, identity: Identity, number: u64) -> Option<u64>;
}

impl Seen for std::collections::HashMap<Identity, u64> {
    fn note(&mut self, identity: Identity, number: u64) -> Option<u64> {
        let first = *self.entry(identity).or_insert(number);
        (first != number).then_some(first)
    }
}

impl Existing for std::collections::HashMap<Identity, Attributes> {
    fn find(&self, identity: &Identity) -> Option<Attributes> {
        self.get(identity).cloned()
    }
}

/// Why a recipe may be used. There is no other way to make one than to prove it, to have that on record, or to
/// say who waives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof(Ground);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Ground {
    Proven(Box<Recipe>),
    Waived(String),
}

impl Proof {
    /// The recipe fits real keys.
    pub fn of(proven: &Proven) -> Self {
        Self(Ground::Proven(Box::new(proven.recipe.clone())))
    }

    /// The recipe fitted real keys when `prove` was run, as the mapping file remembers.
    pub fn recorded(record: &ProofRecord) -> Self {
        Self(Ground::Proven(Box::new(record.recipe.clone())))
    }

    /// Somebody takes the recipe on trust. `by` is their name, and stands in the report.
    pub fn waived(by: impl Into<String>) -> Self {
        Self(Ground::Waived(by.into()))
    }

    /// Who waived it, if it was waived.
    pub fn waived_by(&self) -> Option<&str> {
        match &self.0 {
            Ground::Waived(by) => Some(by),
            Ground::Proven(_) => None,
        }
    }
}

/// A plan that cannot even begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The proof is of another recipe than the mapping's.
    #[error("the recipe that was proved is not the one in the mapping; prove it again")]
    OtherRecipe,
    /// A proof was waived by nobody.
    #[error("a proof can only be waived by name")]
    WaivedByNobody,
    /// The mapping grants scopes that the workspace does not define.
    #[error("the workspace does not define these scopes: {}", .0.join(", "))]
    UnknownScopes(Vec<String>),
    /// The mapping itself does not hold together.
    #[error(transparent)]
    Mapping(#[from] crate::mapping::MappingError),
}

/// Plans row by row.
pub struct Planner<'p> {
    mapping: &'p Mapping,
    reader: Reader<'p>,
    existing: &'p dyn Existing,
    seen: &'p mut dyn Seen,
    summary: Summary,
}

impl<'p> Planner<'p> {
    /// A planner for rows of the mapping's source.
    ///
    /// `scopes` are the representations that the target workspace defines; `now` decides what has expired.
    ///
    /// # Errors
    ///
    /// [`PlanError`] if no row could be planned whatever it says.
    pub fn new(
        mapping: &'p Mapping,
        proof: &Proof,
        scopes: &BTreeSet<String>,
        existing: &'p dyn Existing,
        seen: &'p mut dyn Seen,
        now: UnixMillis,
    ) -> Result<Self, PlanError> {
        mapping.check()?;
        match &proof.0 {
            Ground::Proven(recipe) if **recipe != mapping.recipe => {
                return Err(PlanError::OtherRecipe);
            }
            Ground::Waived(by) if by.trim().is_empty() => return Err(PlanError::WaivedByNobody),
            Ground::Proven(_) | Ground::Waived(_) => {}
        }
        let unknown: Vec<String> = mapping
            .representations()
            .filter(|it| !scopes.contains(*it))
            .map(str::to_owned)
            .collect();
        if !unknown.is_empty() {
            return Err(PlanError::UnknownScopes(unknown));
        }
        let reader = Reader::new(mapping, now);
        Ok(Self { mapping, reader, existing, seen, summary: Summary::default() })
    }

    /// What reads rows for this planner, on whatever thread.
    pub fn reader(&self) -> Reader<'p> {
        self.reader.clone()
    }

    /// What becomes of a row.
    pub fn row(&mut self, row: &Row) -> RowPlan {
        let read = self.reader.read(row);
        self.read_row(row, read)
    }

    /// What becomes of a row that this planner's [`reader`](Self::reader) has read.
    pub fn read_row(&mut self, row: &Row, read: ReadRow) -> RowPlan {
        let ReadRow { source_id, read } = read;
        let (outcome, notes) = match read {
            Ok(read) => {
                let outcome = match self.seen.note(read.key.identity, row.number) {
                    Some(first) => Outcome::Duplicate { first },
                    None => self.against_existing(read.key),
                };
                (outcome, read.notes)
            }
            Err(refusal) => (refusal, Vec::new()),
        };
        let plan = RowPlan { number: row.number, line: row.line, source_id, outcome, notes };
        self.summary.add(&plan, self.mapping.target.workspace.as_str());
        plan
    }

    fn against_existing(&self, key: Box<PlannedKey>) -> Outcome {
        let Some(here) = self.existing.find(&key.identity) else {
            return Outcome::Create(key);
        };
        let diff = key.attributes.diff(&here);
        if diff.is_empty() {
            return Outcome::Unchanged;
        }
        match self.mapping.policy.conflict {
            Conflict::Skip => Outcome::ConflictSkipped { diff },
            Conflict::Fail => Outcome::ConflictFails { diff },
            Conflict::Update => {
                // What the source does not know stays as it is here.
                Outcome::Update { key: Box::new(key.completed_by(&here)), diff }
            }
        }
    }

    /// The plan as a whole.
    pub fn finish(self) -> Summary {
        self.summary
    }
}

impl std::fmt::Debug for Planner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planner").field("summary", &self.summary).finish_non_exhaustive()
    }
}

impl Mapping {
    /// Columns that the mapping names and `header` does not have, each once. For sources whose rows all have
    /// one header; an object of NDJSON may leave columns out.
    pub fn missing_columns(&self, header: &Header) -> Vec<String> {
        let named = self.column_names().into_iter();
        named.filter(|name| header.position(name).is_none()).map(str::to_owned).collect()
    }

    /// The columns that the mapping names, each once.
    pub fn column_names(&self) -> BTreeSet<&str> {
        let columns = &self.columns;
        let mut named: BTreeSet<&str> = BTreeSet::from([columns.key.as_str()]);
        let templates = [columns.id.as_ref(), columns.name.as_ref(), Some(&columns.owner)];
        let templates = templates.into_iter().flatten().chain(self.metadata.values());
        named.extend(templates.flat_map(Template::columns));
        named.extend(columns.salt.as_deref());
        named.extend(columns.locator.as_ref().map(|it| it.column.as_str()));
        let moments = [&columns.created, &columns.last_used, &columns.expires];
        named.extend(moments.into_iter().flatten().map(|it| it.column.as_str()));
        named.extend(columns.flags().map(|it| it.column.as_str()));
        named.extend(columns.texts());
        named.extend(columns.metadata.as_deref());
        named.extend(self.source.only.keys().map(String::as_str));
        named.extend(columns.permissions.as_ref().map(|it| it.column.as_str()));
        named
    }
}
