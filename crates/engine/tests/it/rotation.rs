//! Rotation.

use std::time::Duration;

use oneloop_protocol::limits::OVERLAP_SECONDS_MAX;
use oneloop_protocol::{CreateApiKey, PatchApiKey, Reason, RotateApiKey, Secret, Verdict};

use crate::world::{START, World, refusal, verified};

async fn rotate(world: &World, id: &oneloop_protocol::ApiKeyId, overlap: Option<u64>) -> Secret {
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
        .map(|key| verified(&engine, &world.team, &crate::world::asking(key, &[])).status);
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
