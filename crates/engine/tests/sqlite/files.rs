//! What only a file can have: a mode, a log beside it, a directory that is not there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use oneloop_engine::{Database, Engine, EngineOptions, OpenError};
use oneloop_protocol::Verdict;

use crate::place::Place;
use crate::world::{World, asking, open, verified};

#[tokio::test]
async fn acknowledged_writes_survive_an_engine_that_is_never_closed() {
    let world = World::new().await;
    let kept = world.key().await;
    let revoked = world.key().await;
    let (actor, reach) = (&world.actor, world.reach());
    world.engine.delete_api_key(actor, &reach, &revoked.api_key.id).await.expect("deletes");
    // The files as a crash would leave them: copied while the engine is still open.
    let crashed = Place::new().await;
    for entry in fs::read_dir(world.place.directory()).expect("lists") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), crashed.directory().join(entry.file_name())).expect("copies");
    }
    let reopened = open(&crashed, &world.clock).await;
    let verdict = |key| verified(&reopened, &world.team, &asking(key, &[])).status;
    assert_eq!(verdict(&kept.key), Verdict::Valid);
    assert_eq!(verdict(&revoked.key), Verdict::Deleted);
}

#[tokio::test]
async fn closing_folds_the_log_in() {
    let world = World::new().await;
    world.key().await;
    world.engine.close().await;
    let log = world.place.file().with_file_name("one.db-wal");
    assert_eq!(fs::metadata(log).map_or(0, |metadata| metadata.len()), 0);
}

#[tokio::test]
async fn database_and_pepper_are_their_owners_alone() {
    let world = World::new().await;
    world.key().await;
    for name in ["one.db", "one.db-wal", "one.db-shm", "one.db.pepper"] {
        let metadata = fs::metadata(world.place.directory().join(name)).expect(name);
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_missing_directory_is_an_error() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let nowhere = Database::Sqlite(directory.path().join("no/such/place.db"));
    let error = Engine::open(EngineOptions::new(nowhere)).await.expect_err("no directory");
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
}
