//! What was acknowledged stays; what opens, opens safely.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use oneloop_engine::clock::ManualClock;
use oneloop_engine::{Actor, Engine, EngineOptions, OpenError};
use oneloop_protocol::{Rights, Verdict};

use crate::place::Place;
use crate::world::{START, World, asking, options, verified};

#[tokio::test]
async fn a_closed_engine_says_so() {
    let world = World::new().await;
    world.engine.ping().await.expect("open");
    world.engine.close().await;
    let error = world.engine.ping().await.expect_err("closed");
    assert!(matches!(error, oneloop_engine::EngineError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn the_pepper_must_be_the_right_one_and_private() {
    let world = World::new().await;
    let key = world.key().await.key;
    world.engine.close().await;
    let pepper = world.place.pepper();
    let right = fs::read(&pepper).expect("reads");
    let attempt = || Engine::open(options(&world.place, &world.clock));

    fs::remove_file(&pepper).expect("removes");
    let error = attempt().await.expect_err("no pepper");
    assert!(matches!(error, OpenError::PepperMissing { .. }), "{error:?}");
    assert!(error.to_string().contains("one.db.pepper"), "{error}");
    assert!(!pepper.exists(), "not made anew");

    fs::write(&pepper, [7; 32]).expect("writes");
    fs::set_permissions(&pepper, Permissions::from_mode(0o600)).expect("chmod");
    let error = attempt().await.expect_err("another pepper");
    assert!(matches!(error, OpenError::WrongPepper { .. }), "{error:?}");

    fs::write(&pepper, right).expect("writes");
    fs::set_permissions(&pepper, Permissions::from_mode(0o640)).expect("chmod");
    let error = attempt().await.expect_err("readable by the group");
    assert!(matches!(error, OpenError::PepperTooOpen { mode: 0o640, .. }), "{error:?}");

    fs::set_permissions(&pepper, Permissions::from_mode(0o600)).expect("chmod");
    let reopened = attempt().await.expect("opens");
    assert_eq!(verified(&reopened, &world.team, &asking(&key, &[])).status, Verdict::Valid);
}

#[tokio::test]
async fn a_pepper_may_lie_elsewhere() {
    let place = Place::new().await;
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    let file = elsewhere.path().join("pepper");
    let clock = Arc::new(ManualClock::at(START));
    let options = EngineOptions { pepper_file: Some(file.clone()), ..options(&place, &clock) };
    Engine::open(options).await.expect("opens").close().await;
    assert!(file.exists() && !place.pepper().exists());
}

#[tokio::test]
async fn eight_engines_that_create_one_database_together_share_one_pepper() {
    let place = Place::new().await;
    let clock = Arc::new(ManualClock::at(START));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let options = options(&place, &clock);
        tasks.spawn(async move { Engine::open(options).await.expect("opens") });
    }
    let engines = tasks.join_all().await;
    let operator = Actor::operator();
    let team = engines[0].create_team(&operator, "Acme").await.expect("a team").id;
    let issued = engines[0].create_sdk_key(&operator, &team, "one", Rights::ALL).await;
    let secret = issued.expect("an SDK key").key;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    for engine in &engines {
        while engine.authenticate_sdk_key(secret.expose()).is_none() {
            assert!(std::time::Instant::now() < deadline, "an engine with another pepper");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_newer_schema_is_told_from_a_damaged_one() {
    let world = World::new().await;
    world.engine.close().await;
    world.place.pretend_newer_schema().await;
    let error = Engine::open(options(&world.place, &world.clock)).await.expect_err("newer");
    assert!(matches!(error, OpenError::NewerSchema { found: 9999, .. }), "{error:?}");
}

#[tokio::test]
async fn closing_writes_the_last_uses() {
    let world = World::new().await;
    let key = world.key().await;
    assert_eq!(world.verdict(&key.key), Verdict::Valid);
    world.engine.close().await;
    let reopened = world.another_engine().await;
    let stored = reopened.get_api_key(&world.reach(), &key.api_key.id).await.expect("there");
    assert_eq!(stored.last_used_at.expect("written at the end").0, "2025-11-23T08:00:00.000Z");
}
