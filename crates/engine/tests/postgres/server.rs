//! What only a server can do: end connections, restart, be far away.

use std::time::{Duration, Instant};

use oneloop_engine::EngineError;
use oneloop_protocol::Verdict;
use sqlx::Executor;

use crate::world::{World, asking, verified};

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
