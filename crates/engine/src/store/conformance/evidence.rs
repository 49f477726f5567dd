//! What is kept of requests and uses: answers, counts, the audit of one subject.

use oneloop_protocol::Verdict;

use super::{Factory, line, pepper, populated, read};
use crate::store::{IdempotencyRow, NewAudit, UsageRow};

pub(super) async fn run<F: Factory>(new: &impl Fn() -> F) {
    an_answer_is_kept_until_it_expires(&new()).await;
    counts_of_use_add_up(&new()).await;
    the_audit_of_one_subject_comes_in_pages(&new()).await;
}

async fn an_answer_is_kept_until_it_expires(factory: &impl Factory) {
    let store = populated(factory).await;
    let row = |byte: u8, expires_at| IdempotencyRow {
        tag: [byte; 32],
        fingerprint: [0xaa; 32],
        answer: vec![0, byte, 0xff],
        expires_at,
    };
    let mut write = store.write().await.expect("begins");
    write.put_idempotent_answer(&row(1, 10), 0).await.expect("puts");
    write.put_idempotent_answer(&row(2, 20), 0).await.expect("puts");
    let again = IdempotencyRow { fingerprint: [0xbb; 32], ..row(2, 30) };
    write.put_idempotent_answer(&again, 0).await.expect("replaces");
    write.commit(&[], &pepper()).await.expect("commits");
    assert_eq!(
        read(&*store).await.idempotent_answer(&[1; 32]).await.expect("reads"),
        Some(row(1, 10))
    );
    assert_eq!(read(&*store).await.idempotent_answer(&[2; 32]).await.expect("reads"), Some(again));
    let mut write = store.write().await.expect("begins");
    write.put_idempotent_answer(&row(3, 40), 10).await.expect("puts");
    write.commit(&[], &pepper()).await.expect("commits");
    assert_eq!(read(&*store).await.idempotent_answer(&[1; 32]).await.expect("reads"), None);
}

async fn counts_of_use_add_up(factory: &impl Factory) {
    let store = populated(factory).await;
    let count = |key, day, route: &str, verdict, count| UsageRow {
        key,
        day,
        route: route.to_owned(),
        verdict,
        count,
    };
    let (valid, expired) = (Verdict::Valid, Verdict::Expired);
    store.note_usage(&[]).await.expect("nothing to note");
    let first = [
        count(1, 500, "", valid, 2),
        count(1, 500, "/ü'\"", valid, 1),
        count(2, 500, "", valid, 9),
    ];
    store.note_usage(&first).await.expect("notes");
    let second =
        [count(1, 500, "", valid, 3), count(1, 500, "", expired, 1), count(1, 501, "", valid, 1)];
    store.note_usage(&second).await.expect("adds");
    let usage = read(&*store).await.usage(1, 500, 501).await.expect("reads");
    let expected = [
        count(1, 500, "", expired, 1),
        count(1, 500, "", valid, 5),
        count(1, 500, "/ü'\"", valid, 1),
        count(1, 501, "", valid, 1),
    ];
    assert_eq!(usage, expected);
    assert_eq!(read(&*store).await.usage(1, 501, 600).await.expect("reads").len(), 1);

    // A flood of routes ends in one row; one that is known goes on being counted.
    for page in 0..20 {
        let flood: Vec<_> =
            (0..100).map(|at| count(3, 500, &format!("/{page}/{at}"), valid, 1)).collect();
        store.note_usage(&flood).await.expect("notes");
    }
    store.note_usage(&[count(3, 500, "/0/0", valid, 1)]).await.expect("notes");
    let usage = read(&*store).await.usage(3, 500, 500).await.expect("reads");
    assert!(usage.len() <= 600, "{}", usage.len());
    assert_eq!(usage.iter().map(|row| row.count).sum::<u64>(), 2_001);
    assert!(usage.iter().any(|row| row.route == "*" && row.count > 1_000));
    assert!(usage.iter().any(|row| row.route == "/0/0" && row.count == 2));

    store.note_usage(&[count(4, 500 + 401, "", valid, 1)]).await.expect("notes");
    assert!(read(&*store).await.usage(2, 500, 500).await.expect("reads").is_empty(), "too old");
}

async fn the_audit_of_one_subject_comes_in_pages(factory: &impl Factory) {
    let store = populated(factory).await;
    let about = |subject: &str, at| NewAudit { at, subject: subject.to_owned(), ..line("edited") };
    let write = store.write().await.expect("begins");
    let lines: Vec<_> =
        (0..7).map(|at| about(if at % 2 == 0 { "even" } else { "odd" }, at)).collect();
    write.commit(&lines, &pepper()).await.expect("commits");
    let mut read = read(&*store).await;
    let first = read.audit_of("even", None, 3).await.expect("reads");
    assert_eq!(first.iter().map(|line| line.at).collect::<Vec<_>>(), [6, 4, 2]);
    let rest = read.audit_of("even", Some(first[2].seq), 3).await.expect("reads");
    assert_eq!(rest.iter().map(|line| line.at).collect::<Vec<_>>(), [0]);
    assert!(read.audit_of("eve", None, 3).await.expect("reads").is_empty());
}
