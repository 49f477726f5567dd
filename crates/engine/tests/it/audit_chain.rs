//! Each line of the audit log is tied to the one before: what was done to the database by hand shows.

use oneloop_engine::{Actor, AuditBreak, AuditHead, AuditState, Engine};
use oneloop_protocol::Rights;

use crate::world::{World, open};

async fn state(engine: &Engine) -> AuditState {
    engine.verify_audit(None).await.expect("looks")
}

#[track_caller]
fn head(state: AuditState) -> AuditHead {
    match state {
        AuditState::Intact(head) => head,
        AuditState::Broken(broken) => panic!("{broken}"),
    }
}

/// Writes one more line.
async fn write(engine: &Engine, world: &World) {
    let operator = Actor::operator();
    engine.create_sdk_key(&operator, &world.team, "ci", Rights::NONE).await.expect("a line");
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_intact_and_its_head_goes_on() {
    let world = World::new().await;
    let lines = world.engine.list_audit(None, 1_000).await.expect("lists");
    let before = head(state(&world.engine).await);
    assert_eq!(before.seq, lines[0].seq);
    world.key().await;
    let after = head(world.engine.verify_audit(Some(before)).await.expect("looks"));
    assert_eq!(after.seq, before.seq + 1);
    assert_ne!(after.to_string(), before.to_string());
    // A refused change writes nothing.
    world.scope("metrics").await.expect_err("there is one");
    assert_eq!(head(state(&world.engine).await), after);
    // Nor does a start.
    world.engine.close().await;
    assert_eq!(head(state(&open(&world.place, &world.clock).await).await), after);
}

#[tokio::test]
async fn what_was_done_to_a_line_by_hand_is_found_where_it_was_done() {
    let world = World::new().await;
    let last = head(state(&world.engine).await).seq;
    assert!(last >= 5);
    let place = &world.place;
    let run = async |sql| place.execute(sql).await.expect("is done");
    place.unlock_audit().await;
    run("CREATE TABLE kept AS SELECT * FROM audit").await;
    for (sql, broken) in [
        ("UPDATE audit SET who = 'sk_1' WHERE seq = 3", AuditBreak::Changed(3)),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", AuditBreak::Changed(1)),
        ("UPDATE audit SET team = NULL WHERE seq = 2", AuditBreak::Changed(2)),
        ("UPDATE audit SET address = '' WHERE seq = 2", AuditBreak::Changed(2)),
        ("UPDATE audit SET detail = '{ }' WHERE seq = 4", AuditBreak::Changed(4)),
        ("UPDATE audit SET link = NULL WHERE seq = 4", AuditBreak::Changed(4)),
        (
            "UPDATE audit SET link = (SELECT link FROM kept WHERE seq = 1) WHERE seq = 2",
            AuditBreak::Changed(2),
        ),
        ("DELETE FROM audit WHERE seq = 3", AuditBreak::Missing(3)),
        ("DELETE FROM audit WHERE seq = 1", AuditBreak::Missing(1)),
        (
            "DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3",
            AuditBreak::Changed(3),
        ),
        ("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM kept)", AuditBreak::Missing(last)),
        ("DELETE FROM audit WHERE seq > 2", AuditBreak::Missing(3)),
        ("DELETE FROM audit", AuditBreak::Missing(1)),
    ] {
        run(sql).await;
        assert_eq!(state(&world.engine).await, AuditState::Broken(broken), "{sql}");
        run("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept").await;
        head(state(&world.engine).await);
    }
}

#[tokio::test]
async fn a_head_that_was_put_back_is_found_and_stays_found() {
    let world = World::new().await;
    let place = &world.place;
    place.unlock_audit().await;
    place.put_audit_head_back().await;
    assert_eq!(state(&world.engine).await, AuditState::Broken(AuditBreak::Head(4)));
    place.execute("DELETE FROM audit WHERE seq > 3").await.expect("is done");
    assert_eq!(state(&world.engine).await, AuditState::Broken(AuditBreak::Head(3)));
    // What is written afterwards does not cover it up.
    world.key().await;
    assert_eq!(state(&world.engine).await, AuditState::Broken(AuditBreak::Changed(4)));
    world.key().await;
    assert_eq!(state(&world.engine).await, AuditState::Broken(AuditBreak::Changed(4)));
}

/// What the database alone cannot show: all of it, the seal included, as it was before.
#[tokio::test]
async fn a_state_that_was_put_back_whole_is_found_by_a_head_that_was_kept() {
    let world = World::new().await;
    let place = &world.place;
    place.unlock_audit().await;
    let early = head(state(&world.engine).await);
    place.keep_audit().await;
    world.key().await;
    let late = head(state(&world.engine).await);
    place.put_audit_back().await;

    assert_eq!(head(state(&world.engine).await), early);
    let look = async |head| world.engine.verify_audit(Some(head)).await.expect("looks");
    assert_eq!(look(late).await, AuditState::Broken(AuditBreak::Missing(late.seq)));
    // Nor by another history that goes on from there.
    world.clock.advance(std::time::Duration::from_secs(1));
    world.key().await;
    assert_eq!(look(late).await, AuditState::Broken(AuditBreak::Another(late.seq)));
    head(look(early).await);
}

#[tokio::test]
async fn a_link_is_given_once() {
    let world = World::new().await;
    for sql in [
        "UPDATE audit SET link = NULL",
        "UPDATE audit SET link = link",
        "UPDATE audit SET who = 'sk_1', link = link WHERE seq = 1",
    ] {
        let refused = world.place.execute(sql).await.expect_err(sql);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    head(state(&world.engine).await);
}

/// A process of the release before, which knows of no chain, may go on writing for a while.
#[tokio::test]
async fn lines_of_an_earlier_release_are_tied_by_whoever_comes_next() {
    let world = World::new().await;
    let before = head(state(&world.engine).await).seq;
    world.place.write_audit_as_before().await;
    world.place.write_audit_as_before().await;
    assert_eq!(head(state(&world.engine).await).seq, before, "not tied yet, and not broken");
    write(&world.engine, &world).await;
    assert_eq!(head(state(&world.engine).await).seq, before + 3);

    world.place.write_audit_as_before().await;
    let another = world.another_engine().await;
    assert_eq!(head(state(&another).await).seq, before + 4, "tied at its start");
    // They cannot be changed meanwhile, either.
    world.place.write_audit_as_before().await;
    for sql in [
        "UPDATE audit SET who = 'sk_1' WHERE link IS NULL",
        "UPDATE audit SET who = 'sk_1', link = (SELECT link FROM audit WHERE seq = 1)
         WHERE link IS NULL",
    ] {
        world.place.execute(sql).await.expect_err(sql);
    }
}

#[tokio::test]
async fn a_database_from_before_the_chain_is_tied_at_the_next_start() {
    let world = World::new().await;
    let tied = head(state(&world.engine).await);
    world.engine.close().await;
    world.place.unlock_audit().await;
    world.place.untie_audit().await;
    let upgraded = open(&world.place, &world.clock).await;
    assert_eq!(head(state(&upgraded).await), tied, "the same lines make the same chain");
}

#[tokio::test]
async fn several_processes_write_one_chain() {
    let world = World::new().await;
    let engines = [world.another_engine().await, world.another_engine().await];
    let before = head(state(&world.engine).await).seq;
    for _ in 0..10 {
        let [one, two] = &engines;
        tokio::join!(write(one, &world), write(two, &world), write(&world.engine, &world));
    }
    assert_eq!(head(state(&world.engine).await).seq, before + 30);
}
