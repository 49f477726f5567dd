//! Following the change log, and forgetting lines of it.

use std::time::Duration;

use tokio::time::timeout;

use super::{Factory, Store, insert, key, populated, read};
use crate::index::Revision;

pub(super) async fn run<F: Factory>(new: &impl Fn() -> F) {
    the_change_log_forgets_its_oldest_lines_only(&new()).await;
    who_follows_the_change_log_waits_for_no_question(&new()).await;
}

/// The numbers of the lines that are there.
async fn kept(store: &dyn Store) -> Vec<Revision> {
    let lines = read(store).await.changes(0, 1_000).await.expect("reads");
    lines.iter().map(|line| line.revision).collect()
}

async fn the_change_log_forgets_its_oldest_lines_only(factory: &impl Factory) {
    let store = populated(factory).await;
    let other = factory.open().await;
    for id in 1..=30 {
        insert(&*store, &[key(id, "ada")]).await;
    }
    let newest = read(&*store).await.revision().await.expect("reads");
    let all: Vec<_> = (1..=newest).collect();
    assert_eq!(store.forget_changes(1_000).await.expect("forgets"), 0);
    assert_eq!(store.forget_changes(32).await.expect("forgets"), 0, "not for a few");
    assert_eq!(kept(&*store).await, all);
    let (one, two) = tokio::join!(store.forget_changes(20), other.forget_changes(20));
    let forgotten = one.expect("forgets") + two.expect("forgets");
    assert_eq!(forgotten, u64::try_from(newest - 20).expect("more than that"));
    assert_eq!(kept(&*other).await, all[all.len() - 20..]);
    // However few are kept, the log says where it ends, and goes on from there.
    store.forget_changes(0).await.expect("forgets");
    assert_eq!(kept(&*other).await, [newest]);
    assert_eq!(read(&*other).await.revision().await.expect("reads"), newest);
    assert_eq!(insert(&*other, &[key(31, "ada")]).await, newest + 1);
}

/// However many questions take long.
async fn who_follows_the_change_log_waits_for_no_question(factory: &impl Factory) {
    let store = populated(factory).await;
    let mut asking = Vec::new();
    while let Ok(read) = timeout(Duration::from_millis(200), store.read()).await {
        asking.push(read.expect("a snapshot"));
        assert!(asking.len() < 100, "questions have no end of connections");
    }
    let following = timeout(Duration::from_secs(5), store.read_to_follow()).await;
    let mut following = following.expect("does not wait").expect("a snapshot");
    assert!(following.revision().await.expect("reads") > 0);
}
