//! Every way of asking for the key list: a database must find a workspace's keys by an index whatever else is asked,
//! and go along one where the order is one that an index has.

use oneloop_protocol::{KeyStatus, LastUsed, Sort};

use super::{Factory, WORKSPACE, insert, key, populated};
use crate::store::key_query::{self, Dialect, Part};
use crate::store::{ApiKeyRow, KeyFilter, KeyPage, Position, SortValue, TextFilter};
use crate::tag::Tag;

/// One way of asking.
pub(crate) struct Question {
    /// What is asked, for a failure's message.
    pub(crate) name: String,
    /// The question, behind the words that ask for its plan.
    pub(crate) parts: Vec<Part>,
    /// Whether an index has the order: then a page is read, and nothing is sorted.
    pub(crate) ordered: bool,
    /// Whether it is of one customer: then no other's keys are looked at.
    pub(crate) of_customer: bool,
}

/// Two thousand keys of five hundred customers.
pub(crate) async fn fill(factory: &impl Factory) {
    let store = populated(factory).await;
    let numbered = |number: u16| {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        let customer = format!("customer {}", number % 500);
        ApiKeyRow {
            id: number.into(),
            tag: Tag::from_bytes(bytes),
            expires_at: Some(i64::from(number)),
            enabled: !number.is_multiple_of(5),
            deleted: number.is_multiple_of(7),
            ..key(1, &customer)
        }
    };
    insert(&*store, &(1..=2_000).map(numbered).collect::<Vec<_>>()).await;
}

/// All of them, as this database is asked.
pub(crate) fn questions(dialect: &Dialect, explain: &'static str) -> Vec<Question> {
    let explained = |mut parts: Vec<Part>| {
        parts.insert(0, Part::Sql(explain));
        parts
    };
    let mut questions = Vec::new();
    let every = filters();
    let of_customer = every.iter().map(|(condition, filter)| {
        let customer_id = Some("ada".to_owned());
        (format!("of a customer, {condition}"), KeyFilter { customer_id, ..filter.clone() })
    });
    for (condition, filter) in every.iter().cloned().chain(of_customer) {
        let of_customer = filter.customer_id.is_some();
        for sort in Sort::ALL {
            for after in [None, Some(position(*sort))] {
                let name = format!(
                    "{condition}, {sort:?}, {}",
                    if after.is_some() { "a next page" } else { "the first page" }
                );
                let page = KeyPage { sort: Some(*sort), after, limit: Some(100) };
                let parts = explained(key_query::select(dialect, &filter, &page));
                let ordered = has_index(*sort) && !of_customer;
                questions.push(Question { name, parts, ordered, of_customer });
            }
        }
        let parts = explained(key_query::count(dialect, &filter));
        let name = format!("{condition}, counted");
        questions.push(Question { name, parts, ordered: false, of_customer });
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
    ];
    for status in [
        KeyStatus::Active,
        KeyStatus::Expiring,
        KeyStatus::Expired,
        KeyStatus::Disabled,
        KeyStatus::Rotating,
        KeyStatus::Deleted,
    ] {
        let include_deleted = status == KeyStatus::Deleted;
        let filter = KeyFilter { status: Some(status), include_deleted, ..all.clone() };
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
    Position { value, id: 1_000 }
}
