//! Rotation.

use std::time::Duration;

use oneloop_engine::Engine;
use oneloop_protocol::limits::OVERLAP_SECONDS_MAX;
use oneloop_protocol::{
    ApiKeyId, CreateApiKey, IsoTime, IssuedApiKey, PatchApiKey, Reason, RotateApiKey, Secret,
    Verdict,
};

use crate::world::{START, World, asking, refusal, verified};

async fn rotate(world: &World, id: &ApiKeyId, overlap: Option<u64>) -> Secret {
    let body = RotateApiKey { overlap_seconds: overlap };
    let rotated = world.engine.rotate_api_key(&world.actor, &world.reach(), id, &body).await;
    rotated.expect("rotates").key
}

#[tokio::test]
async fn without_an_overlap_the_old_secret_stops_at_once() {
    let world = World::new().await;
    let body = CreateApiKey {
        prefix: Some("acme".to_owned()),
        expires_at: Some(START + 60_000),
        metadata: Some([("plan".to_owned(), "pro".to_owned())].into()),
        ..world.body()
    };
    let before = world.create(&body).await;
    world.clock.advance(Duration::from_secs(1));
    let (reach, body) = (world.reach(), RotateApiKey::default());
    let id = &before.api_key.id;
    let after = world.engine.rotate_api_key(&world.actor, &reach, id, &body).await;
    let after = after.expect("rotates");
    assert_eq!(world.verdict(&before.key), Verdict::Invalid);
    let verified = world.verify(&after.key);
    assert_eq!(verified.status, Verdict::Valid);
    assert_eq!(verified.metadata["plan"], "pro");

    assert_ne!(before.key.expose(), after.key.expose());
    assert!(after.key.expose().starts_with("acme_"));
    let (mut expected, shown) = (before.api_key, after.api_key);
    expected.masked_key.clone_from(&shown.masked_key);
    expected.updated_at.clone_from(&shown.updated_at);
    assert_eq!(shown, expected, "everything else stays");
    assert_eq!(shown.updated_at.0, "2025-11-23T08:00:01.000Z");
}

#[tokio::test]
async fn an_overlap_keeps_the_old_secret_until_it_ends() {
    let world = World::new().await;
    let key = world.key().await;
    let new = rotate(&world, &key.api_key.id, Some(60)).await;
    let shown = world.engine.get_api_key(&world.reach(), &key.api_key.id).await.expect("there");
    assert_eq!(shown.previous_key_expires_at, Some(START + 60_000));
    world.clock.advance(Duration::from_millis(59_999));
    assert_eq!([world.verdict(&key.key), world.verdict(&new)], [Verdict::Valid; 2]);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.verdict(&key.key), Verdict::Invalid);
    assert_eq!(world.verdict(&new), Verdict::Valid);
    let shown = world.engine.get_api_key(&world.reach(), &key.api_key.id).await.expect("there");
    assert_eq!(shown.previous_key_expires_at, None);
}

/// Plain, and with a counter: then the verification goes on after a wait.
#[tokio::test]
async fn the_old_secret_has_a_mask_and_a_last_use_of_its_own_whichever_node_sees_it() {
    let world = World::new().await;
    for (start, total_usage_allowed) in [(0, None), (10, Some(10))] {
        world.clock.set_wall(START + start * 1_000);
        let key = world.create(&CreateApiKey { total_usage_allowed, ..world.body() }).await;
        let id = &key.api_key.id;
        assert_eq!(verdict(&world.engine, &world, &key.key).await, Verdict::Valid, "before");
        let body = RotateApiKey { overlap_seconds: Some(60) };
        let rotated = world.engine.rotate_api_key(&world.actor, &world.reach(), id, &body).await;
        let IssuedApiKey { api_key: shown, key: new } = rotated.expect("rotates");
        assert_eq!(shown.previous_masked_key.as_ref(), Some(&key.api_key.masked_key));
        assert_eq!(shown.previous_last_used_at, Some(None), "not since it was replaced");

        let other = world.another_engine().await;
        for (engine, secret, at, old) in [
            (&other, &new, start + 1, None),
            (&world.engine, &key.key, start + 2, Some(start + 2)),
            (&other, &key.key, start + 3, Some(start + 3)),
        ] {
            world.clock.set_wall(START + at * 1_000);
            assert_eq!(verdict(engine, &world, secret).await, Verdict::Valid);
            uses_become(&world, id, (Some(moment(at)), Some(old.map(moment)))).await;
        }
        let ended = world.engine.end_overlap(&world.actor, &world.reach(), id).await.expect("ends");
        assert_eq!((ended.previous_masked_key, ended.previous_last_used_at), (None, None));
        other.close().await;
    }
}

/// A use of a secret that was replaced a second time is none of the one that came after it.
#[tokio::test]
async fn a_use_that_is_written_late_is_not_said_of_another_secret() {
    let world = World::new().await;
    let first = world.key().await;
    let id = &first.api_key.id;
    let second = rotate(&world, id, Some(60)).await;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!([world.verdict(&first.key), world.verdict(&second)], [Verdict::Valid; 2]);
    rotate(&world, id, Some(60)).await;
    world.engine.close().await;
    let shown = world.another_engine().await.get_api_key(&world.reach(), id).await.expect("there");
    let uses = (shown.last_used_at, shown.previous_last_used_at);
    assert_eq!(uses, (Some(moment(1)), Some(None)));
}

async fn verdict(engine: &Engine, world: &World, secret: &Secret) -> Verdict {
    engine.verify(&world.team, &asking(secret, &[])).await.expect("answers").status
}

/// So many seconds after [`START`].
fn moment(seconds: i64) -> IsoTime {
    IsoTime(format!("2025-11-23T08:00:{seconds:02}.000Z"))
}

/// Waits until these last uses are written: the key's, and its old secret's.
async fn uses_become(
    world: &World,
    id: &ApiKeyId,
    expected: (Option<IsoTime>, Option<Option<IsoTime>>),
) {
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    loop {
        let shown = world.engine.get_api_key(&world.reach(), id).await.expect("there");
        let uses = (shown.last_used_at, shown.previous_last_used_at);
        if uses == expected || std::time::Instant::now() > deadline {
            return assert_eq!(uses, expected);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_edit_during_an_overlap_counts_for_both_secrets() {
    let world = World::new().await;
    let key = world.key().await;
    let new = rotate(&world, &key.api_key.id, Some(60)).await;
    let off = PatchApiKey { enabled: Some(false), ..PatchApiKey::default() };
    let (reach, id) = (world.reach(), &key.api_key.id);
    world.engine.patch_api_key(&world.actor, &reach, id, &off).await.expect("disables");
    assert_eq!([world.verdict(&key.key), world.verdict(&new)], [Verdict::Disabled; 2]);
}

#[tokio::test]
async fn rotating_again_ends_the_older_overlap() {
    let world = World::new().await;
    let first = world.key().await;
    let second = rotate(&world, &first.api_key.id, Some(60)).await;
    let third = rotate(&world, &first.api_key.id, Some(60)).await;
    let verdicts = [&first.key, &second, &third].map(|key| world.verdict(key));
    assert_eq!(verdicts, [Verdict::Invalid, Verdict::Valid, Verdict::Valid]);
    let fourth = rotate(&world, &first.api_key.id, None).await;
    let verdicts = [&second, &third, &fourth].map(|key| world.verdict(key));
    assert_eq!(verdicts, [Verdict::Invalid, Verdict::Invalid, Verdict::Valid]);

    let engine = world.another_engine().await;
    let again = [&first.key, &second, &third, &fourth]
        .map(|key| verified(&engine, &world.team, &asking(key, &[])).status);
    assert_eq!(again, [Verdict::Invalid, Verdict::Invalid, Verdict::Invalid, Verdict::Valid]);
}

#[tokio::test]
async fn disabled_and_expired_keys_rotate_and_stay_so_and_deleted_ones_do_not() {
    let world = World::new().await;
    let disabled = world.create(&CreateApiKey { enabled: false, ..world.body() }).await;
    let new = rotate(&world, &disabled.api_key.id, None).await;
    assert_eq!(world.verdict(&new), Verdict::Disabled);

    let body = CreateApiKey { expires_at: Some(START + 1_000), ..world.body() };
    let expired = world.create(&body).await;
    world.clock.advance(Duration::from_secs(1));
    let new = rotate(&world, &expired.api_key.id, None).await;
    assert_eq!(world.verdict(&new), Verdict::Expired);

    let (engine, actor, reach) = (&world.engine, &world.actor, world.reach());
    let deleted = world.key().await.api_key.id;
    engine.delete_api_key(actor, &reach, &deleted).await.expect("deletes");
    let again = engine.rotate_api_key(actor, &reach, &deleted, &RotateApiKey::default()).await;
    assert_eq!(refusal(again), (Reason::ApiKeyDeleted, None));
}

#[tokio::test]
async fn an_overlap_has_a_limit() {
    let world = World::new().await;
    let key = world.key().await.api_key.id;
    rotate(&world, &key, Some(OVERLAP_SECONDS_MAX)).await;
    let body = RotateApiKey { overlap_seconds: Some(OVERLAP_SECONDS_MAX + 1) };
    let refused = world.engine.rotate_api_key(&world.actor, &world.reach(), &key, &body).await;
    assert_eq!(refusal(refused), (Reason::OutOfRange, Some("overlapSeconds".to_owned())));
}
