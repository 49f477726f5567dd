//! What was acknowledged stays; what opens, opens safely.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use oneloop_engine::clock::ManualClock;
use oneloop_engine::{Actor, Database, Engine, EngineOptions, OpenError};
use oneloop_protocol::{Rights, Verdict};

use crate::world::{START, World, asking, open, options, verified};

#[tokio::test]
async fn acknowledged_writes_survive_an_engine_that_is_never_closed() {
    let world = World::new().await;
    let kept = world.key().await;
    let revoked = world.key().await;
    let (actor, reach) = (&world.actor, world.reach());
    world.engine.delete_api_key(actor, &reach, &revoked.api_key.id).await.expect("deletes");
    // The files as a crash would leave them: copied while the engine is still open.
    let crashed = tempfile::tempdir().expect("a temporary directory");
    for entry in fs::read_dir(world.directory.path()).expect("lists") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), crashed.path().join(entry.file_name())).expect("copies");
    }
    let reopened = open(&crashed, &world.clock).await;
    let verdict = |key| verified(&reopened, &world.team, &asking(key, &[])).status;
    assert_eq!(verdict(&kept.key), Verdict::Valid);
    assert_eq!(verdict(&revoked.key), Verdict::Deleted);
}

#[tokio::test]
async fn closing_writes_the_last_uses_and_folds_the_log_in() {
    let world = World::new().await;
    let key = world.key().await;
    assert_eq!(world.verdict(&key.key), Verdict::Valid);
    world.engine.close().await;
    let log = world.database().with_file_name("one.db-wal");
    assert_eq!(fs::metadata(log).map_or(0, |metadata| metadata.len()), 0);
    let reopened = world.another_engine().await;
    let stored = reopened.get_api_key(&world.reach(), &key.api_key.id).await.expect("there");
    assert_eq!(stored.last_used_at.expect("written at the end").0, "2025-11-23T08:00:00.000Z");
}

#[tokio::test]
async fn a_closed_engine_says_so() {
    let world = World::new().await;
    world.engine.ping().await.expect("open");
    world.engine.close().await;
    let error = world.engine.ping().await.expect_err("closed");
    assert!(matches!(error, oneloop_engine::EngineError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn database_and_pepper_are_their_owners_alone() {
    let world = World::new().await;
    world.key().await;
    for name in ["one.db", "one.db-wal", "one.db-shm", "one.db.pepper"] {
        let metadata = fs::metadata(world.directory.path().join(name)).expect(name);
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn the_pepper_must_be_the_right_one_and_private() {
    let world = World::new().await;
    let key = world.key().await.key;
    world.engine.close().await;
    let pepper = world.directory.path().join("one.db.pepper");
    let right = fs::read(&pepper).expect("reads");
    let attempt = || Engine::open(options(&world.directory, &world.clock));

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
    let directory = tempfile::tempdir().expect("a temporary directory");
    let elsewhere = tempfile::tempdir().expect("another");
    let file = elsewhere.path().join("pepper");
    let clock = Arc::new(ManualClock::at(START));
    let options = EngineOptions { pepper_file: Some(file.clone()), ..options(&directory, &clock) };
    Engine::open(options).await.expect("opens").close().await;
    assert!(file.exists() && !directory.path().join("one.db.pepper").exists());
}

#[tokio::test]
async fn eight_engines_that_create_one_database_together_share_one_pepper() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let clock = Arc::new(ManualClock::at(START));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let options = options(&directory, &clock);
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
async fn a_newer_schema_and_a_missing_directory_are_told_apart() {
    let world = World::new().await;
    world.engine.close().await;
    let url = format!("sqlite:{}", world.database().display());
    let pool = sqlx::SqlitePool::connect(&url).await.expect("connects");
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .execute(&pool)
    .await
    .expect("inserts");
    pool.close().await;
    let error = Engine::open(options(&world.directory, &world.clock)).await.expect_err("newer");
    assert!(matches!(error, OpenError::NewerSchema { found: 9999, .. }), "{error:?}");

    let nowhere = Database::Sqlite(world.directory.path().join("no/such/place.db"));
    let error = Engine::open(EngineOptions::new(nowhere)).await.expect_err("no directory");
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
}
