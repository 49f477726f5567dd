//! Adding keys that were decided on from a state that is known.

use super::{Factory, insert, key, line, pepper, populated, read, tag};
use crate::audit_chain::Link;
use crate::store::{ApiKeyRow, Read, Store, StoreError, Subject, Written};

pub(super) async fn run<F: Factory>(new: &impl Fn() -> F) {
    keys_are_added_with_all_their_lines(&new()).await;
    whoever_wrote_meanwhile_is_noticed(&new()).await;
    a_refusal_leaves_nothing(&new()).await;
    of_several_at_one_end_one_is_first(&new()).await;
}

async fn end(store: &dyn Store) -> i64 {
    read(store).await.revision().await.expect("reads")
}

async fn add(store: &dyn Store, end: i64, ids: &[u8]) -> Result<Written, StoreError> {
    let keys: Vec<_> = ids.iter().map(|id| key(*id, "ada")).collect();
    let audit: Vec<_> = ids.iter().map(|_| line("created")).collect();
    store.add_keys_behind(end, &keys, &audit, &pepper()).await
}

/// How many lines the audit log has, if each is tied to the one before, and the head to the last.
async fn tied(read: &mut dyn Read) -> usize {
    let lines = read.audit_after(0, 1_000).await.expect("reads");
    let mut link = Link::START;
    for (seq, line) in (1..).zip(&lines) {
        assert_eq!(line.seq, seq);
        link = line.link_behind(link, &pepper());
        assert_eq!(line.link, Some(link), "line {seq}");
    }
    let end = read.audit_end().await.expect("reads");
    assert!(end.head.is_sealed(&pepper()));
    assert_eq!((end.head.link, usize::try_from(end.last).ok()), (link, Some(lines.len())));
    lines.len()
}

async fn keys_are_added_with_all_their_lines(factory: &impl Factory) {
    let store = populated(factory).await;
    let start = end(&*store).await;
    let first = add(&*store, start, &[1]).await.expect("adds");
    assert_eq!(first, Some(start + 1..=start + 1));
    let many: Vec<_> = (2..=120).collect();
    let lines = add(&*store, start + 1, &many).await.expect("adds").expect("behind the end");
    assert_eq!((*lines.start(), *lines.end()), (start + 2, start + 120));

    let mut read = read(&*store).await;
    for (revision, id) in (start + 1..).zip(1..=120) {
        let row = read.api_key(u128::from(id)).await.expect("reads");
        assert_eq!(row, Some(ApiKeyRow { revision, ..key(id, "ada") }));
    }
    let changes = read.changes(start, 1_000).await.expect("reads");
    let subjects: Vec<_> = changes.iter().map(|change| (change.revision, change.subject)).collect();
    let wanted: Vec<_> = (start + 1..).zip((1..=120).map(Subject::ApiKey)).collect();
    assert_eq!(subjects, wanted);
    assert!(changes.iter().all(|change| change.retired.is_none()));
    assert_eq!(tied(&mut *read).await, 120);
}

async fn whoever_wrote_meanwhile_is_noticed(factory: &impl Factory) {
    let (store, other) = (populated(factory).await, factory.open().await);
    let start = end(&*store).await;
    assert!(add(&*store, start, &[1]).await.expect("adds").is_some());
    assert_eq!(add(&*store, start, &[2]).await.expect("does nothing"), None);
    assert_eq!(add(&*store, start + 2, &[2]).await.expect("does nothing"), None);
    // The other one knew nothing of this yet, and now knows more.
    assert!(add(&*other, start + 1, &[2]).await.expect("adds").is_some());
    assert_eq!(add(&*store, start + 1, &[3]).await.expect("does nothing"), None);
    insert(&*other, &[key(3, "ada")]).await;
    assert_eq!(add(&*store, start + 2, &[4]).await.expect("does nothing"), None);
    // A line of the audit log alone changes nothing that a key depends on.
    let write = other.write().await.expect("begins");
    write.commit(&[line("looked")], &pepper()).await.expect("commits");
    assert!(add(&*store, start + 3, &[4]).await.expect("adds").is_some());

    let mut read = read(&*store).await;
    assert_eq!(read.count_keys().await.expect("reads"), 4);
    assert_eq!(read.revision().await.expect("reads"), start + 4);
    assert_eq!(tied(&mut *read).await, 4);
}

async fn a_refusal_leaves_nothing(factory: &impl Factory) {
    let store = populated(factory).await;
    let start = end(&*store).await;
    assert!(add(&*store, start, &[1]).await.expect("adds").is_some());
    let twin = ApiKeyRow { tag: tag(1), ..key(3, "ada") };
    let keys = [key(2, "ada"), twin];
    let lines = [line("created"), line("created")];
    let refused = store.add_keys_behind(start + 1, &keys, &lines, &pepper()).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    assert_eq!(end(&*store).await, start + 1);
    assert!(add(&*store, start + 1, &[2]).await.expect("adds").is_some(), "nothing was left");
    let mut read = read(&*store).await;
    assert_eq!(read.count_keys().await.expect("reads"), 2);
    assert_eq!(tied(&mut *read).await, 2);
}

async fn of_several_at_one_end_one_is_first(factory: &impl Factory) {
    let (one, other) = (populated(factory).await, factory.open().await);
    for round in 0..10_u8 {
        let end = end(&*one).await;
        let (first, second) = ([2 * round + 1], [2 * round + 2]);
        let (first, second) = tokio::join!(add(&*one, end, &first), add(&*other, end, &second));
        let added = [first, second].map(|added| added.expect("answers").is_some());
        assert!(added == [true, false] || added == [false, true], "{added:?}");
    }
    let mut read = read(&*one).await;
    assert_eq!(read.count_keys().await.expect("reads"), 10);
    assert_eq!(tied(&mut *read).await, 10);
}
