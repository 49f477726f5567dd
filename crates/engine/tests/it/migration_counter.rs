//! A key's own counter, brought along by a migration job.

use oneloop_protocol::Verdict;
use oneloop_protocol::migration::{Conflict, MigrationRow, RowOutcome};

use super::migration::{key, outcomes, row};
use crate::world::{World, asking};

#[tokio::test]
async fn a_counter_comes_along_and_runs_on_here() {
    let world = World::new().await;
    let request = |number| asking(&key(number), &[]);
    let verify = async |number| {
        let verified = world.engine.verify(&world.team, &request(number)).await;
        verified.expect("the database answers").status
    };
    let counted = |number, left| MigrationRow { total_usage_left: Some(left), ..row(number) };
    let one = world.job(1, 3, Conflict::Skip).await;
    world.send(&one.id, 1, vec![counted(1, 2), counted(2, 0), row(3)]).await;
    assert_eq!(verify(2).await, Verdict::UsageLimited, "what was used up stays so");
    assert_eq!(verify(1).await, Verdict::Valid);

    // The source says 2 again: what was used here since stays used. A key without a counter gets one.
    let two = world.job(2, 3, Conflict::Update).await;
    let sent = vec![counted(1, 2), row(2), counted(3, 1)];
    let answer = world.send(&two.id, 1, sent.clone()).await;
    use RowOutcome::{Unchanged, Updated};
    assert_eq!(outcomes(&answer), [Unchanged, Unchanged, Updated]);
    assert_eq!(answer.rows[2].diff[0].field, "totalUsageLeft");
    assert_eq!((verify(1).await, verify(1).await), (Verdict::Valid, Verdict::UsageLimited));
    assert_eq!((verify(3).await, verify(3).await), (Verdict::Valid, Verdict::UsageLimited));
    let compared = world.engine.compare_chunk(&world.actor, &two.id, 1, sent).await;
    let compared = compared.expect("compares");
    assert_eq!(compared.source.digest, compared.target.digest);
    assert_eq!(compared.target.same, 3, "and how far the counters are is no difference");

    world.undo(&two.id, false).await;
    assert_eq!((verify(3).await, verify(3).await), (Verdict::Valid, Verdict::Valid));
    assert_eq!(verify(1).await, Verdict::UsageLimited);
    let back = world.engine.compare_chunk(&world.actor, &one.id, 1, vec![counted(3, 1)]).await;
    let back = back.expect("compares");
    assert_ne!(back.source.digest, back.target.digest, "a counter that is missing is a difference");
    assert_eq!(back.target.different, 1);
}
