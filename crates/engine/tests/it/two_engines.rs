//! Another process over the same file: the command line while the server runs.

use std::time::{Duration, Instant};

use oneloop_engine::{Actor, AuditState, Engine};
use oneloop_protocol::{
    Access, CreateApiKey, CreateScope, Grant, Patch, PatchApiKey, PatchWorkspace, Reason, Rights,
    RotateApiKey, Secret, TeamId, Verdict, VerifyRequest,
};
use tokio::task::JoinSet;

use crate::world::{World, asking, listed, refusal, verified};

/// The promise is 250 ms; a machine that is busy with other tests gets ten times that.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// Waits until `engine` answers `wanted`.
async fn eventually(engine: &Engine, team: &TeamId, request: &VerifyRequest, wanted: Verdict) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = verified(engine, team, request).status;
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?} instead of {wanted:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a key is decided from may have been changed by the other a moment ago, and this one has not heard of it.
#[tokio::test]
async fn a_new_key_goes_by_what_the_database_says() {
    let world = World::new().await;
    let other = world.another_engine().await;
    for round in 0..20 {
        let (prefix, representation) = (format!("p{round}"), format!("scope{round}"));
        let patch = PatchWorkspace {
            default_key_prefix: Patch::Value(prefix.clone()),
            ..PatchWorkspace::default()
        };
        other.patch_workspace(&world.actor, &world.workspace.id, &patch).await.expect("patches");
        let created = world.key().await;
        assert_eq!(created.api_key.prefix, Some(prefix), "round {round}");

        let scope = CreateScope {
            name: representation.clone(),
            representation: representation.clone(),
            description: None,
        };
        other.create_scope(&world.actor, &world.workspace.id, &scope).await.expect("a scope");
        let scopes = vec![Grant::new(&representation, Access::READ)];
        let created = world.create(&CreateApiKey { scopes, ..world.body() }).await;
        assert_eq!(created.api_key.scopes[0].representation, representation);
        assert_eq!(world.verdict(&created.key), Verdict::Valid);
    }
}

/// Those that wait at the same time share a transaction, and those of two engines get in each other's way.
#[tokio::test]
async fn keys_that_are_created_at_once_are_all_there() {
    let world = World::new().await;
    let other = world.another_engine().await;
    let mut tasks = JoinSet::new();
    for at in 0..60 {
        let engine = if at % 3 == 0 { other.clone() } else { world.engine.clone() };
        let (actor, body) = (world.actor.clone(), world.body());
        let unknown = vec![Grant::new("nowhere", Access::READ)];
        tasks.spawn(async move {
            if at % 10 == 9 {
                let body = CreateApiKey { scopes: unknown, ..body };
                let refused = engine.create_api_key(&actor, &body).await;
                assert_eq!(refusal(refused).0, Reason::UnknownScope);
                return None;
            }
            let created = engine.create_api_key(&actor, &body).await.expect("creates");
            Some((engine, created))
        });
    }
    let created: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(created.len(), 54);
    for (engine, created) in &created {
        let request = asking(&created.key, &[]);
        assert_eq!(verified(engine, &world.team, &request).status, Verdict::Valid, "at once");
        eventually(&world.engine, &world.team, &request, Verdict::Valid).await;
        eventually(&other, &world.team, &request, Verdict::Valid).await;
    }
    let mut listed: Vec<_> = listed(&other, &world.reach(), false)
        .await
        .into_iter()
        .map(|key| key.id.to_string())
        .collect();
    let mut ids: Vec<_> =
        created.into_iter().map(|(_, created)| created.api_key.id.to_string()).collect();
    listed.sort();
    ids.sort();
    assert_eq!(listed, ids);
    let state = world.engine.verify_audit(None).await.expect("looks");
    assert!(matches!(state, AuditState::Intact(_)), "{state:?}");
}

#[tokio::test]
async fn every_change_of_one_engine_reaches_the_other() {
    let world = World::new().await;
    let other = world.another_engine().await;
    let (reach, actor, team) = (world.reach(), &world.actor, &world.team);
    let seen = |key: &Secret, wanted| {
        let (other, request) = (other.clone(), asking(key, &[]));
        async move { eventually(&other, team, &request, wanted).await }
    };

    let created = world.key().await;
    let id = &created.api_key.id;
    seen(&created.key, Verdict::Valid).await;

    let off = PatchApiKey { enabled: Some(false), ..PatchApiKey::default() };
    world.engine.patch_api_key(actor, &reach, id, &off).await.expect("disables");
    seen(&created.key, Verdict::Disabled).await;
    let on = PatchApiKey { enabled: Some(true), ..PatchApiKey::default() };
    world.engine.patch_api_key(actor, &reach, id, &on).await.expect("enables");
    seen(&created.key, Verdict::Valid).await;

    let rotate = RotateApiKey { overlap_seconds: Some(60) };
    let second = world.engine.rotate_api_key(actor, &reach, id, &rotate).await.expect("rotates");
    seen(&second.key, Verdict::Valid).await;
    seen(&created.key, Verdict::Valid).await;
    let rotate = RotateApiKey::default();
    let third = world.engine.rotate_api_key(actor, &reach, id, &rotate).await.expect("rotates");
    seen(&third.key, Verdict::Valid).await;
    seen(&second.key, Verdict::Invalid).await;
    seen(&created.key, Verdict::Invalid).await;

    world.engine.delete_api_key(actor, &reach, id).await.expect("deletes");
    seen(&third.key, Verdict::Deleted).await;
}

#[tokio::test]
async fn a_scope_made_by_the_other_engine_can_be_given_and_is_verified_at_once() {
    let world = World::new().await;
    let other = world.another_engine().await;
    world.scope("webhooks").await.expect("a new scope");
    let mut body = world.body();
    body.scopes = asking(&Secret::default(), &[("webhooks", Access::READ)]).requested_scopes;
    let key = other.create_api_key(&world.actor, &body).await.expect("the scope is there").key;
    let request = asking(&key, &[("webhooks", Access::READ)]);
    eventually(&other, &world.team, &request, Verdict::Valid).await;
    eventually(&world.engine, &world.team, &request, Verdict::Valid).await;
}

#[tokio::test]
async fn an_sdk_key_revoked_by_the_command_line_stops_working_in_the_server() {
    let world = World::new().await;
    let (server, cli) = (&world.engine, world.another_engine().await);
    let operator = Actor::operator();
    let issued = cli.create_sdk_key(&operator, &world.team, "backend", Rights::ALL).await;
    let issued = issued.expect("an SDK key");
    let deadline = Instant::now() + PATIENCE;
    while server.authenticate_sdk_key(issued.key.expose()).is_none() {
        assert!(Instant::now() < deadline, "never seen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    cli.revoke_sdk_key(&operator, &issued.sdk_key.id).await.expect("revokes");
    assert!(cli.authenticate_sdk_key(issued.key.expose()).is_none(), "at once where it was done");
    while server.authenticate_sdk_key(issued.key.expose()).is_some() {
        assert!(Instant::now() < deadline + PATIENCE, "still accepted");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn two_engines_that_write_at_once_lose_nothing_and_agree() {
    let world = World::new().await;
    let other = world.another_engine().await;
    let mut tasks = JoinSet::new();
    for at in 0..40 {
        let engine = if at % 2 == 0 { world.engine.clone() } else { other.clone() };
        let (actor, body) = (world.actor.clone(), world.body());
        tasks.spawn(async move { engine.create_api_key(&actor, &body).await.expect("a key").key });
    }
    let keys = tasks.join_all().await;
    for key in &keys {
        for engine in [&world.engine, &other] {
            eventually(engine, &world.team, &asking(key, &[]), Verdict::Valid).await;
        }
    }
    let listed = listed(&other, &world.reach(), false).await;
    assert_eq!(listed.len(), 40);
}
