//! Which keys a list shows, and in which order: what a store is asked for.

use oneloop_protocol::{KeyStatus, LastUsed, Sort, UnixMillis};

/// Which keys. All conditions hold at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyFilter {
    /// Of this workspace,
    pub(crate) workspace: u128,
    /// of this customer,
    pub(crate) customer_id: Option<String>,
    /// deleted ones, too,
    pub(crate) include_deleted: bool,
    /// matching this text,
    pub(crate) text: Option<TextFilter>,
    /// standing like this at [`KeyFilter::now`],
    pub(crate) status: Option<KeyStatus>,
    /// with any access to the scope of this number,
    pub(crate) scope: Option<u16>,
    /// hardly used.
    pub(crate) last_used: Option<LastUsed>,
    /// The moment of the question.
    pub(crate) now: UnixMillis,
}

/// A text that is searched for.
#[derive(Clone, Debug)]
pub(crate) struct TextFilter {
    /// As it was written: part of the masked key.
    pub(crate) exact: String,
    /// Letter case aside: part of the name.
    pub(crate) folded: String,
    /// The id that it may be.
    pub(crate) id: Option<u128>,
}

/// Which stretch of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyPage {
    /// In this order; keys that are alike in it by id, in the same direction.
    pub(crate) sort: Option<Sort>,
    /// Behind this place.
    pub(crate) after: Option<Position>,
    /// At most so many.
    pub(crate) limit: Option<u32>,
}

/// The place of one key in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// What the order compares.
    pub(crate) value: SortValue,
    /// Then the id.
    pub(crate) id: u128,
}

/// What an order compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SortValue {
    /// The id alone.
    Id,
    /// A moment; "never" is 0 for the last use, and the end of time for the expiry.
    Moment(UnixMillis),
    /// A folded name.
    Name(String),
}
