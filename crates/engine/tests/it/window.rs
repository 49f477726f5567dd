//! The migration gate, end to end.

use std::time::Duration;

use oneloop_engine::{Actor, Gate, MigrationWindow};
use oneloop_protocol::Reason;

use crate::world::{START, World, new_team, refusal};

#[tokio::test]
async fn the_gate_opens_for_one_team_one_address_and_one_time_and_shuts_itself() {
    let world = World::new().await;
    let engine = &world.engine;
    let gate = async |address: &str| {
        let address = address.parse().expect("an address");
        engine.migration_gate(&world.team, address).await.expect("answers")
    };
    assert_eq!(gate("203.0.113.7").await, Gate::Closed, "by default");

    let window = MigrationWindow {
        sources: vec!["203.0.113.7/32".parse().expect("a block")],
        opens_at: START + 1_000,
        closes_at: START + 2_000,
    };
    let operator = Actor::operator();
    engine.open_migration_window(&operator, &world.team, &window).await.expect("opens");
    assert_eq!(engine.migration_window(&world.team).await.expect("there"), Some(window.clone()));
    assert_eq!(gate("203.0.113.7").await, Gate::Closed, "not yet");
    world.clock.advance(Duration::from_millis(1_000));
    assert_eq!(gate("203.0.113.7").await, Gate::Open);
    assert_eq!(gate("203.0.113.8").await, Gate::AddressRefused);
    let other = new_team(engine, "Other").await;
    let address = "203.0.113.7".parse().expect("an address");
    assert_eq!(engine.migration_gate(&other, address).await.expect("answers"), Gate::Closed);
    world.clock.advance(Duration::from_millis(1_000));
    assert_eq!(gate("203.0.113.7").await, Gate::Closed, "by itself");

    let again = engine.open_migration_window(&operator, &world.team, &window).await;
    assert_eq!(refusal(again), (Reason::OutOfRange, Some("closesAt".to_owned())));
}

#[tokio::test]
async fn an_operator_can_close_it_at_once() {
    let world = World::new().await;
    let (engine, operator) = (&world.engine, Actor::operator());
    let window = MigrationWindow {
        sources: vec!["0.0.0.0/0".parse().expect("a block")],
        opens_at: START,
        closes_at: START + 60_000,
    };
    engine.open_migration_window(&operator, &world.team, &window).await.expect("opens");
    assert!(engine.close_migration_window(&operator, &world.team).await.expect("closes"));
    assert!(!engine.close_migration_window(&operator, &world.team).await.expect("closed already"));
    let address = "203.0.113.7".parse().expect("an address");
    assert_eq!(engine.migration_gate(&world.team, address).await.expect("answers"), Gate::Closed);
    let actions: Vec<_> = engine
        .list_audit(Some(&world.team), 2)
        .await
        .expect("lists")
        .into_iter()
        .map(|line| line.action)
        .collect();
    assert_eq!(actions, ["migration_window.closed", "migration_window.opened"]);
}
