//! Teams know nothing of each other.

use oneloop_engine::Reach;
use oneloop_protocol::{
    ApiKeyId, CreateApiKey, PatchApiKey, Reason, RotateApiKey, Secret, TeamId, Verdict, WorkspaceId,
};

use crate::world::{
    World, asking, listed, new_team, new_workspace, operator_for, refusal, verified,
};

#[tokio::test]
async fn one_secret_in_two_teams_is_two_keys() {
    let world = World::new().await;
    let other = new_team(&world.engine, "Other").await;
    let actor = operator_for(&other);
    let workspace = new_workspace(&world.engine, &actor, "Theirs").await;
    let secret = "a-shared-legacy-secret";
    let ours = world.engine.migrate_api_key(&world.actor, &world.legacy(secret)).await;
    let mut body = world.legacy(secret);
    (body.workspace_id, body.scopes) = (workspace.id.clone(), Vec::new());
    let theirs = world.engine.migrate_api_key(&actor, &body).await.expect("theirs");
    let ours = ours.expect("ours");
    assert_ne!(ours.api_key.id, theirs.api_key.id);

    let id = |team: &TeamId| {
        verified(&world.engine, team, &asking(&Secret::new(secret), &[])).api_key_id
    };
    assert_eq!(id(&world.team), ours.api_key.id.as_str());
    assert_eq!(id(&other), theirs.api_key.id.as_str());
    let reach = Reach { team: other.clone(), workspace: workspace.id, customer_id: None };
    let theirs = &theirs.api_key.id;
    world.engine.delete_api_key(&actor, &reach, theirs).await.expect("deletes");
    let verdict = |team| verified(&world.engine, team, &asking(&Secret::new(secret), &[])).status;
    assert_eq!((verdict(&world.team), verdict(&other)), (Verdict::Valid, Verdict::Deleted));
}

#[tokio::test]
async fn not_yours_and_not_there_are_the_same() {
    let world = World::new().await;
    let other = new_team(&world.engine, "Other").await;
    let key = world.key().await;
    let engine = &world.engine;
    let theirs = operator_for(&other);
    assert_eq!(verified(engine, &other, &asking(&key.key, &[])).status, Verdict::Invalid);

    let body = CreateApiKey { scopes: Vec::new(), ..world.body() };
    let foreign = world.workspace.id.clone();
    for workspace in [foreign, WorkspaceId::from_bits(7), WorkspaceId::from("ws_nonsense")] {
        let body = CreateApiKey { workspace_id: workspace.clone(), ..body.clone() };
        let refused = refusal(engine.create_api_key(&theirs, &body).await);
        assert_eq!(refused, (Reason::UnknownWorkspace, None));
        let refused = refusal(engine.get_workspace(&other, &workspace).await);
        assert_eq!(refused, (Reason::UnknownWorkspace, None));
        let reach = Reach { team: other.clone(), workspace, customer_id: None };
        let refused = refusal(engine.get_api_key(&reach, &key.api_key.id).await);
        assert_eq!(refused, (Reason::UnknownWorkspace, None));
    }
}

#[tokio::test]
async fn another_customers_key_is_not_found_whatever_is_asked_of_it() {
    let world = World::new().await;
    let key = world.key().await.api_key.id;
    let (engine, actor) = (&world.engine, &world.actor);
    let reach = Reach { customer_id: Some("bob".to_owned()), ..world.reach() };
    let unknown = (Reason::UnknownApiKey, None);
    for id in [key.clone(), ApiKeyId::from_bits(7), ApiKeyId::from("nonsense")] {
        let patch = PatchApiKey { name: Some("mine now".to_owned()), ..PatchApiKey::default() };
        assert_eq!(refusal(engine.get_api_key(&reach, &id).await), unknown);
        assert_eq!(refusal(engine.patch_api_key(actor, &reach, &id, &patch).await), unknown);
        assert_eq!(refusal(engine.delete_api_key(actor, &reach, &id).await), unknown);
        let rotate = RotateApiKey::default();
        assert_eq!(refusal(engine.rotate_api_key(actor, &reach, &id, &rotate).await), unknown);
    }
    assert!(listed(engine, &reach, true).await.is_empty());
    let untouched = engine.get_api_key(&world.reach(), &key).await.expect("is there");
    assert_eq!((untouched.name.as_str(), untouched.deleted), ("ci", false));

    let elsewhere = new_workspace(engine, actor, "Staging").await.id;
    let reach = Reach { workspace: elsewhere, ..world.reach() };
    assert_eq!(refusal(engine.get_api_key(&reach, &key).await), unknown);
}
