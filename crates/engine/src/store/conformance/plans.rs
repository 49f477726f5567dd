//! Every way of asking for the key list: a database must find a workspace's keys by an index whatever else is asked,
//! and go along one where the order is one that an index has.

use oneloop_protocol::{KeyStatus, LastUsed, Sort};

use super::WORKSPACE;
use crate::store::key_query::{self, Dialect, Part};
use crate::store::{KeyFilter, KeyPage, Position, SortValue, TextFilter};

/// One way of asking.
pub(crate) struct Question {
    /// What is asked, for a failure's message.
    pub(crate) name: String,
    /// The question, behind the words that ask for its plan.
    pub(crate) parts: Vec<Part>,
    /// Whether an index has the order: then a page is read, and nothing is sorted.
    pub(crate) ordered: bool,
}

/// All of them, as this database is asked.
pub(crate) fn questions(dialect: &Dialect, explain: &'static str) -> Vec<Question> {
    let explained = |mut parts: Vec<Part>| {
        parts.insert(0, Part::Sql(explain));
        parts
    };
    let mut questions = Vec::new();
    for (condition, filter) in filters() {
        for sort in Sort::ALL {
            for after in [None, Some(position(*sort))] {
                let name = format!(
                    "{condition}, {sort:?}, {}",
                    if after.is_some() { "a next page" } else { "the first page" }
                );
                let page = KeyPage { sort: Some(*sort), after, limit: Some(100) };
                let parts = explained(key_query::select(dialect, &filter, &page));
                // A customer's keys are few, and found by its own index.
                let ordered = has_index(*sort) && filter.customer_id.is_none();
                questions.push(Question { name, parts, ordered });
            }
        }
        let parts = explained(key_query::count(dialect, &filter));
        questions.push(Question { name: format!("{condition}, counted"), parts, ordered: false });
    }
    questions
}

/// When a key was last used changes with every use, so no index has it: each use would have to move in it.
fn has_index(sort: Sort) -> bool {
    !matches!(sort, Sort::LastUsed | Sort::LastUsedDescending)
}

fn filters() -> Vec<(String, KeyFilter)> {
    let all = KeyFilter { workspace: WORKSPACE, now: 1_000, ..KeyFilter::default() };
    let text = TextFilter { exact: "ci".to_owned(), folded: "ci".to_owned(), id: Some(7) };
    let mut filters = vec![
        ("all".to_owned(), all.clone()),
        ("deleted ones, too".to_owned(), KeyFilter { include_deleted: true, ..all.clone() }),
        ("text".to_owned(), KeyFilter { text: Some(text), ..all.clone() }),
        ("scope".to_owned(), KeyFilter { scope: Some(3), ..all.clone() }),
        ("customer".to_owned(), KeyFilter { customer_id: Some("ada".to_owned()), ..all.clone() }),
    ];
    for status in [
        KeyStatus::Active,
        KeyStatus::Expiring,
        KeyStatus::Expired,
        KeyStatus::Disabled,
        KeyStatus::Rotating,
        KeyStatus::Deleted,
    ] {
        let filter = KeyFilter { status: Some(status), ..all.clone() };
        filters.push((format!("{status:?}"), filter));
    }
    for last_used in [LastUsed::Never, LastUsed::Unused90Days] {
        let filter = KeyFilter { last_used: Some(last_used), ..all.clone() };
        filters.push((format!("{last_used:?}"), filter));
    }
    filters
}

fn position(sort: Sort) -> Position {
    let value = match sort {
        Sort::Created | Sort::CreatedDescending => SortValue::Id,
        Sort::Name | Sort::NameDescending => SortValue::Name("ci".to_owned()),
        _ => SortValue::Moment(500),
    };
    Position { value, id: 7 }
}
