//! Undoing a job by force: what was decided here since then is somebody's decision.

use std::time::Duration;

use oneloop_protocol::migration::{Conflict, MigrationRow, RowOutcome};
use oneloop_protocol::{PatchApiKey, RotateApiKey, Verdict};

use super::migration::{id_of, key, outcomes, rows};
use crate::world::World;

#[tokio::test]
async fn what_was_edited_since_is_kept_and_named_unless_that_is_forced() {
    let world = World::new().await;
    let job = world.job(1, 4, Conflict::Skip).await;
    let sent = world.send(&job.id, 1, rows(1..=4)).await;
    world.clock.advance(Duration::from_secs(5));
    let (engine, actor, reach) = (&world.engine, &world.actor, world.reach());
    let rename = PatchApiKey { name: Some("mine now".to_owned()), ..PatchApiKey::default() };
    engine.patch_api_key(actor, &reach, &id_of(&sent, 0), &rename).await.expect("edits");
    let rotate = RotateApiKey::default();
    let rotated =
        engine.rotate_api_key(actor, &reach, &id_of(&sent, 1), &rotate).await.expect("rotates");
    // A use is no edit.
    assert_eq!(world.verdict(&key(3)), Verdict::Valid);

    let (undone, said) = world.undo(&job.id, false).await;
    assert_eq!((undone.counts.removed, undone.counts.kept), (2, 2));
    let said: Vec<_> = said.iter().map(|row| (row.row, row.outcome)).collect();
    assert_eq!(said, [(1, RowOutcome::EditedSince), (2, RowOutcome::EditedSince)]);
    assert_eq!(world.verdict(&key(1)), Verdict::Valid);
    assert_eq!(world.verdict(&rotated.key), Verdict::Valid);
    assert_eq!(world.verdict(&key(3)), Verdict::Invalid);

    let (forced, said) = world.undo(&job.id, true).await;
    assert_eq!((forced.counts.removed, forced.counts.kept), (3, 0));
    let said: Vec<_> = said.iter().map(|row| (row.row, row.outcome)).collect();
    assert_eq!(said, [(2, RowOutcome::DeletedInstead)]);
    assert_eq!(world.verdict(&key(1)), Verdict::Invalid);
    assert_eq!(world.verdict(&rotated.key), Verdict::Deleted);
    // The secret that was rotated away stays known.
    let again = world.job(3, 1, Conflict::Skip).await;
    assert_eq!(outcomes(&world.send(&again.id, 1, rows(2..=2)).await), [RowOutcome::RotatedHere]);
}

/// A job is undone by force because of one edited key. What was revoked meanwhile stays revoked.
#[tokio::test]
async fn no_force_makes_a_key_work_again_that_was_deleted_or_disabled_since() {
    let world = World::new().await;
    let one = world.job(1, 3, Conflict::Skip).await;
    let sent = world.send(&one.id, 1, rows(1..=3)).await;
    world.clock.advance(Duration::from_secs(5));
    let two = world.job(2, 2, Conflict::Update).await;
    let renamed = rows(1..=2).into_iter().map(|row| MigrationRow { name: "two".to_owned(), ..row });
    world.send(&two.id, 1, renamed.collect()).await;
    world.clock.advance(Duration::from_secs(5));
    let (engine, actor, reach) = (&world.engine, &world.actor, world.reach());
    for at in [0, 2] {
        engine.delete_api_key(actor, &reach, &id_of(&sent, at)).await.expect("deletes");
    }
    let off = PatchApiKey { enabled: Some(false), ..PatchApiKey::default() };
    engine.patch_api_key(actor, &reach, &id_of(&sent, 1), &off).await.expect("disables");

    let (_, said) = world.undo(&two.id, true).await;
    assert_eq!(
        said.iter().map(|row| row.outcome).collect::<Vec<_>>(),
        [RowOutcome::DeletedInstead]
    );
    assert_eq!(world.verdict(&key(1)), Verdict::Deleted);
    assert_eq!(world.verdict(&key(2)), Verdict::Disabled);
    let (_, said) = world.undo(&one.id, true).await;
    assert!(said.iter().all(|row| row.outcome == RowOutcome::DeletedInstead), "{said:?}");
    assert_eq!(world.verdict(&key(1)), Verdict::Deleted);
    assert_eq!(world.verdict(&key(3)), Verdict::Deleted);
    // Nor does it come back with another job.
    let again = world.job(3, 1, Conflict::Update).await;
    assert_eq!(outcomes(&world.send(&again.id, 1, rows(3..=3)).await), [RowOutcome::DeletedHere]);
}
