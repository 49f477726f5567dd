//! What only a server can do: end connections, restart, be far away.

use std::time::{Duration, Instant};

use oneloop_engine::{Engine, EngineError, EngineOptions, Freshness, WhenStale};
use oneloop_protocol::{PatchApiKey, Secret, Verdict};
use sqlx::Executor;

use crate::partition::{Cable, Partition};
use crate::world::{World, asking, new_team, options, verified};

/// Far more than anything takes; reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(20);

const KILL_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test]
async fn connections_that_are_ended_are_made_anew_and_nothing_is_missed() {
    let world = World::new().await;
    let other = world.another_engine().await;
    let key = world.key().await;
    let (actor, reach) = (&world.actor, world.reach());
    let verdict = || verified(&other, &world.team, &asking(&key.key, &[])).status;
    let mut connection = world.place.connect().await;
    for round in 0..3 {
        connection.execute(KILL_OTHERS).await.expect("ends them");
        let deadline = Instant::now() + PATIENCE;
        // The one that was killed with a request in its hand may refuse it, and not half-do it.
        let deleted = loop {
            match world.engine.delete_api_key(actor, &reach, &key.api_key.id).await {
                Ok(deleted) => break deleted,
                Err(EngineError::Unavailable(_)) if Instant::now() < deadline => {}
                Err(error) => panic!("round {round}: {error:?}"),
            }
        };
        assert!(deleted.deleted);
        while verdict() != Verdict::Deleted {
            assert!(Instant::now() < deadline, "round {round}: {:?}", verdict());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_key_of_one_team_in_the_workspace_of_another_is_refused_by_the_database_itself() {
    let world = World::new().await;
    new_team(&world.engine, "Other").await;
    world.key().await;
    for wrong in [
        "UPDATE api_key SET team = (SELECT id FROM team WHERE name = 'Other')",
        "UPDATE api_key SET team = decode(repeat('07', 16), 'hex')",
        "UPDATE api_key SET workspace = decode(repeat('07', 16), 'hex')",
    ] {
        let refused = world.place.execute(wrong).await.expect_err(wrong).to_string();
        assert!(refused.contains("api_key_workspace_fkey"), "{refused}");
    }
}

#[tokio::test]
async fn a_writer_that_is_gone_frees_the_others() {
    let world = World::new().await;
    let mut holder = world.place.connect().await;
    holder.execute("BEGIN; SELECT * FROM head FOR UPDATE").await.expect("locks");
    let engine = world.engine.clone();
    let (actor, body) = (world.actor.clone(), world.body());
    let waiting = tokio::spawn(async move { engine.create_api_key(&actor, &body).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished(), "waits for the lock");
    drop(holder);
    waiting.await.expect("ends").expect("gets its turn");
}

/// Waits until `seen` is what is wanted.
async fn eventually<T: PartialEq + std::fmt::Debug>(seen: impl AsyncFn() -> T, wanted: T) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = seen().await;
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?} instead of {wanted:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// An engine at the other end of a cable.
async fn behind(cable: &Partition, world: &World, when_stale: WhenStale) -> Engine {
    let freshness = Freshness { stale_after: Duration::from_millis(700), when_stale };
    let database = world.place.through(cable.address).parse().expect("a URL");
    let options = EngineOptions { database, freshness, ..options(&world.place, &world.clock) };
    Engine::open(options).await.expect("opens")
}

/// What an engine says to a key; `None` if it does not say.
async fn says(engine: &Engine, world: &World, key: &Secret) -> Option<Verdict> {
    match engine.verify(&world.team, &asking(key, &[])).await {
        Ok(verification) => Some(verification.status),
        Err(EngineError::Unavailable(_)) => None,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_accepts_a_revoked_key_for_so_long_and_no_longer() {
    for (when_stale, broken) in [
        (WhenStale::ReadThrough, Cable::Cut),
        (WhenStale::ReadThrough, Cable::Silent),
        (WhenStale::Refuse, Cable::Cut),
        (WhenStale::Refuse, Cable::Silent),
    ] {
        let world = World::new().await;
        let cable = Partition::to(world.place.server_address()).await;
        let node = behind(&cable, &world, when_stale).await;
        let (key, kept) = (world.key().await, world.key().await);
        eventually(async || says(&node, &world, &kept.key).await, Some(Verdict::Valid)).await;

        cable.set(broken);
        let (actor, reach) = (&world.actor, world.reach());
        world.engine.delete_api_key(actor, &reach, &key.api_key.id).await.expect("deletes");
        eventually(async || says(&node, &world, &key.key).await, None).await;
        for _ in 0..20 {
            assert_eq!(says(&node, &world, &key.key).await, None, "{when_stale:?} {broken:?}");
            if broken == Cable::Silent && when_stale == WhenStale::ReadThrough {
                break; // Each of these waits for two seconds.
            }
        }

        cable.set(Cable::Whole);
        let started = Instant::now();
        while says(&node, &world, &kept.key).await != Some(Verdict::Valid) {
            let found = says(&node, &world, &key.key).await;
            assert_ne!(found, Some(Verdict::Valid), "{when_stale:?} {broken:?}");
            assert!(started.elapsed() < PATIENCE, "follows again");
        }
        assert_eq!(says(&node, &world, &key.key).await, Some(Verdict::Deleted));
    }
}

#[tokio::test]
async fn a_log_that_does_not_go_on_is_loaded_anew() {
    for tear in [
        // Lines are missing.
        "UPDATE head SET change = change + 5",
        // An older state was restored.
        "DELETE FROM change_log WHERE seq > 3; UPDATE head SET change = 3",
    ] {
        let world = World::new().await;
        let other = world.another_engine().await;
        let (changed, gone) = (world.key().await, world.key().await);
        let verdict = |key: &Secret| verified(&other, &world.team, &asking(key, &[])).status;
        eventually(async || verdict(&gone.key), Verdict::Valid).await;
        let mut connection = world.place.connect().await;
        let behind_our_back = "
            UPDATE api_key SET enabled = false, revision = 1 WHERE id = (SELECT id FROM api_key ORDER BY id LIMIT 1);
            DELETE FROM api_key WHERE id = (SELECT id FROM api_key ORDER BY id DESC LIMIT 1);";
        connection.execute(behind_our_back).await.expect("changes");
        connection.execute(tear).await.expect("tears");
        eventually(async || verdict(&changed.key), Verdict::Disabled).await;
        eventually(async || verdict(&gone.key), Verdict::Invalid).await;
        // And goes on from there.
        let on = PatchApiKey { enabled: Some(true), ..PatchApiKey::default() };
        let (actor, reach) = (&world.actor, world.reach());
        let id = &changed.api_key.id;
        world.engine.patch_api_key(actor, &reach, id, &on).await.expect("enables");
        eventually(async || verdict(&changed.key), Verdict::Valid).await;
    }
}
