//! The key list: which keys, in which order, a page at a time.

use std::time::Duration;

use oneloop_protocol::key_list::{EXPIRING_MILLIS, UNUSED_MILLIS, fold};
use oneloop_protocol::{Access, KeyStatus, LastUsed, Sort};

use super::{Factory, Read, WORKSPACE, insert, key, populated, read, tag};
use crate::grants::PackedGrants;
use crate::store::{ApiKeyRow, KeyFilter, KeyPage, Position, SortValue, TextFilter};
use crate::tag::Tag;

const NOW: i64 = 200 * 24 * 60 * 60 * 1_000;

pub(super) async fn run<F: Factory>(new: &impl Fn() -> F) {
    keys_are_listed_by_owner_newest_first(&new()).await;
    conditions_hold_at_once(&new()).await;
    a_scope_is_found_where_a_grant_begins_and_nowhere_else(&new()).await;
    every_order_pages_through_every_key_once(&new()).await;
    uses_of_a_second_ago_are_found_and_ordered_by(&new()).await;
}

/// More uses at once than SQLite writes where they belong.
async fn uses_of_a_second_ago_are_found_and_ordered_by(factory: &impl Factory) {
    let store = populated(factory).await;
    let numbered = |number: u16| {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        ApiKeyRow { id: number.into(), tag: Tag::from_bytes(bytes), ..key(1, "ada") }
    };
    let keys: Vec<_> = (1..=600).map(numbered).collect();
    insert(&*store, &keys).await;
    let uses: Vec<_> = keys.iter().map(|key| (key.id, 1_000 - key.id as i64)).collect();
    store.note_uses(&uses).await.expect("notes");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    store.settle_uses().await.expect("settles");

    let mut read = read(&*store).await;
    let never = KeyFilter { last_used: Some(LastUsed::Never), ..everything() };
    assert!(found(&mut *read, &never).await.is_empty());
    let page = KeyPage { sort: Some(Sort::LastUsedDescending), limit: Some(3), after: None };
    let rows = read.api_keys(&everything(), &page).await.expect("reads");
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2, 3]);
}

fn everything() -> KeyFilter {
    KeyFilter { workspace: WORKSPACE, include_deleted: true, now: NOW, ..KeyFilter::default() }
}

async fn found(read: &mut dyn Read, filter: &KeyFilter) -> Vec<u128> {
    let rows = read.api_keys(filter, &KeyPage::default()).await.expect("reads");
    let count = read.count_api_keys(filter).await.expect("counts");
    assert_eq!(count, rows.len() as u64, "{filter:?}");
    rows.iter().map(|row| row.id).collect()
}

async fn keys_are_listed_by_owner_newest_first(factory: &impl Factory) {
    let store = populated(factory).await;
    let deleted = ApiKeyRow { deleted: true, ..key(3, "ada") };
    insert(&*store, &[key(1, "ada"), key(2, "bob"), deleted, key(4, "ada")]).await;
    let mut read = read(&*store).await;
    for (customer, include_deleted, expected) in [
        (Some("ada"), false, vec![4, 1]),
        (Some("ada"), true, vec![4, 3, 1]),
        (Some("bob"), false, vec![2]),
        (Some("ADA"), true, vec![]),
        (Some("' OR 1=1 --"), true, vec![]),
        (None, false, vec![4, 2, 1]),
        (None, true, vec![4, 3, 2, 1]),
    ] {
        let customer_id = customer.map(str::to_owned);
        let filter = KeyFilter { customer_id, include_deleted, ..everything() };
        assert_eq!(found(&mut *read, &filter).await, expected, "{customer:?} {include_deleted}");
    }
    let elsewhere = KeyFilter { workspace: 0x99, ..everything() };
    assert!(found(&mut *read, &elsewhere).await.is_empty());
}

/// Keys of every kind.
fn zoo() -> Vec<ApiKeyRow> {
    let named = |id, name: &str| ApiKeyRow { name: name.to_owned(), ..key(id, "ada") };
    let endless = |id, name| ApiKeyRow { expires_at: None, ..named(id, name) };
    let old = NOW - UNUSED_MILLIS;
    vec![
        ApiKeyRow { created_at: old - 1, ..endless(1, "Ünused") },
        ApiKeyRow { created_at: old, last_used_at: Some(NOW - 5), ..endless(2, "100% _a_") },
        ApiKeyRow { expires_at: Some(NOW), ..named(3, "ünused too") },
        ApiKeyRow { expires_at: Some(NOW + 1), ..named(4, "Soon") },
        ApiKeyRow { expires_at: Some(NOW + EXPIRING_MILLIS + 1), ..named(5, "later") },
        ApiKeyRow { enabled: false, expires_at: Some(NOW - 1), ..named(6, "off") },
        ApiKeyRow { deleted: true, ..endless(7, "gone") },
        ApiKeyRow {
            previous_tag: Some(tag(0xf8)),
            previous_until: Some(NOW + 1),
            last_used_at: Some(old - 1),
            ..endless(8, "turning")
        },
        ApiKeyRow { last_used_at: Some(old), created_at: 1, ..endless(9, "ÜBER") },
    ]
}

async fn conditions_hold_at_once(factory: &impl Factory) {
    let store = populated(factory).await;
    insert(&*store, &zoo()).await;
    let mut read = read(&*store).await;
    for (status, expected) in [
        (KeyStatus::Active, vec![9, 8, 5, 4, 2, 1]),
        (KeyStatus::Expiring, vec![4]),
        (KeyStatus::Expired, vec![3]),
        (KeyStatus::Current, vec![9, 8, 6, 5, 4, 2, 1]),
        (KeyStatus::Disabled, vec![6]),
        (KeyStatus::Rotating, vec![8]),
        (KeyStatus::Deleted, vec![7]),
    ] {
        let filter = KeyFilter { status: Some(status), ..everything() };
        assert_eq!(found(&mut *read, &filter).await, expected, "{status:?}");
    }
    for (last_used, expected) in [
        (LastUsed::Never, vec![7, 6, 5, 4, 3, 1]),
        (LastUsed::Unused90Days, vec![8, 7, 6, 5, 4, 3, 1]),
    ] {
        // Created at 4, all but the first two and the last: long enough ago.
        let filter = KeyFilter { last_used: Some(last_used), ..everything() };
        assert_eq!(found(&mut *read, &filter).await, expected, "{last_used:?}");
    }
    let by_text = |text: &str, id| {
        let text = TextFilter { exact: text.to_owned(), folded: fold(text).into_owned(), id };
        KeyFilter { text: Some(text), ..everything() }
    };
    for (text, expected) in [
        ("üNUSED", vec![3, 1]),
        ("ü", vec![9, 3, 1]),
        ("100%", vec![2]),
        ("%", vec![2]),
        ("_", vec![9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("abcd", vec![9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("ABCD", vec![]),
        ("'", vec![]),
    ] {
        assert_eq!(found(&mut *read, &by_text(text, None)).await, expected, "{text}");
    }
    assert_eq!(found(&mut *read, &by_text("nothing", Some(5))).await, [5]);
    let both = KeyFilter { status: Some(KeyStatus::Active), ..by_text("ü", None) };
    assert_eq!(found(&mut *read, &both).await, [9, 1]);
}

async fn a_scope_is_found_where_a_grant_begins_and_nowhere_else(factory: &impl Factory) {
    let store = populated(factory).await;
    let with = |id, grants: &[(u16, Access)]| ApiKeyRow {
        grants: grants.iter().copied().collect::<PackedGrants>(),
        ..key(id, "ada")
    };
    let create = Access::from_bits(1);
    insert(
        &*store,
        &[
            with(1, &[(0, create), (300, Access::ALL)]),
            with(2, &[(1, create)]),
            with(3, &[(0, Access::NONE), (1, create)]),
            with(4, &[(5, Access::NONE), (7, Access::READ)]),
            with(5, &[]),
        ],
    )
    .await;
    let mut read = read(&*store).await;
    for (scope, expected) in
        [(0, vec![1]), (1, vec![3, 2]), (300, vec![1]), (5, vec![]), (7, vec![4]), (256, vec![])]
    {
        let filter = KeyFilter { scope: Some(scope), ..everything() };
        assert_eq!(found(&mut *read, &filter).await, expected, "{scope}");
    }
}

async fn every_order_pages_through_every_key_once(factory: &impl Factory) {
    let store = populated(factory).await;
    let mut keys = zoo();
    // Alike in every order but the id.
    keys.extend((20..25).map(|id| ApiKeyRow { name: "same".to_owned(), ..key(id, "ada") }));
    insert(&*store, &keys).await;
    let mut read = read(&*store).await;
    for sort in Sort::ALL {
        let whole = KeyPage { sort: Some(*sort), ..KeyPage::default() };
        let whole = read.api_keys(&everything(), &whole).await.expect("reads");
        let mut places: Vec<_> = whole.iter().map(|row| place(row, *sort)).collect();
        assert_eq!(places.len(), keys.len());
        let listed = places.clone();
        places.sort();
        if sort.is_descending() {
            places.reverse();
        }
        assert_eq!(listed, places, "{sort:?}");

        let (mut after, mut paged) = (None, Vec::new());
        loop {
            let page = KeyPage { sort: Some(*sort), after: after.take(), limit: Some(3) };
            let rows = read.api_keys(&everything(), &page).await.expect("reads");
            let Some(last) = rows.last() else { break };
            after = Some(Position { value: place(last, *sort).0.into(), id: last.id });
            paged.extend(rows.iter().map(|row| row.id));
        }
        let ids: Vec<_> = whole.iter().map(|row| row.id).collect();
        assert_eq!(paged, ids, "{sort:?}");
    }
}

/// What an order compares, in a form that can be compared here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Id,
    Moment(i64),
    Name(Vec<u8>),
}

impl From<Value> for SortValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Id => Self::Id,
            Value::Moment(moment) => Self::Moment(moment),
            Value::Name(name) => Self::Name(String::from_utf8(name).expect("was a name")),
        }
    }
}

fn place(row: &ApiKeyRow, sort: Sort) -> (Value, u128) {
    let value = match sort {
        Sort::Created | Sort::CreatedDescending => Value::Id,
        // By bytes, on every database alike.
        Sort::Name | Sort::NameDescending => Value::Name(fold(&row.name).as_bytes().to_vec()),
        Sort::LastUsed | Sort::LastUsedDescending => Value::Moment(row.last_used_at.unwrap_or(0)),
        Sort::Expires | Sort::ExpiresDescending => {
            Value::Moment(row.expires_at.unwrap_or(i64::MAX))
        }
    };
    (value, row.id)
}
