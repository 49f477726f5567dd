//! Keys: created, listed, edited, deleted.

use std::time::Duration;

use oneloop_engine::Reach;
use oneloop_protocol::key::is_native;
use oneloop_protocol::{
    Access, CreateApiKey, Grant, Patch, PatchApiKey, PatchWorkspace, Reason, Verdict,
};

use crate::world::{START, World, listed, refusal};

#[tokio::test]
async fn a_key_is_minted_in_the_decided_format_and_shown_masked() {
    let world = World::new().await;
    let created = world.key().await;
    let secret = created.key.expose();
    assert!(is_native(secret) && secret.starts_with("ol_"));
    assert_eq!(created.api_key.masked_key, format!("ol_****{}", &secret[secret.len() - 4..]));
    assert_eq!(created.api_key.prefix.as_deref(), Some("ol"));
    let shown = world.engine.get_api_key(&world.reach(), &created.api_key.id).await;
    assert_eq!(shown.expect("is there"), created.api_key);
}

#[tokio::test]
async fn a_workspaces_defaults_apply_when_a_key_names_none() {
    let world = World::new().await;
    let patch = PatchWorkspace {
        default_key_prefix: Patch::Value("acme".to_owned()),
        default_expiration: Patch::Value(60_000),
        ..PatchWorkspace::default()
    };
    let (engine, actor) = (&world.engine, &world.actor);
    engine.patch_workspace(actor, &world.workspace.id, &patch).await.expect("good defaults");
    let key = world.key().await;
    assert!(key.key.expose().starts_with("acme_"));
    assert_eq!(key.api_key.expires_at, Some(START + 60_000));
    let body = CreateApiKey {
        prefix: Some("mine".to_owned()),
        expires_at: Some(START + 5),
        ..world.body()
    };
    let key = world.create(&body).await;
    assert!(key.key.expose().starts_with("mine_"));
    assert_eq!(key.api_key.expires_at, Some(START + 5));
}

#[tokio::test]
async fn an_unknown_scope_is_named_and_nothing_is_written() {
    let world = World::new().await;
    let scopes = vec![Grant::new("deployments", Access::READ), Grant::new("nowhere", Access::READ)];
    let body = CreateApiKey { scopes, ..world.body() };
    let refused = world.engine.create_api_key(&world.actor, &body).await;
    let field = Some("scopes[1].representation".to_owned());
    assert_eq!(refusal(refused), (Reason::UnknownScope, field.clone()));
    assert!(listed(&world.engine, &world.reach(), true).await.is_empty());

    let key = world.key().await.api_key;
    let patch = PatchApiKey { scopes: Some(body.scopes), ..PatchApiKey::default() };
    let (reach, actor) = (world.reach(), &world.actor);
    let refused = world.engine.patch_api_key(actor, &reach, &key.id, &patch).await;
    assert_eq!(refusal(refused), (Reason::UnknownScope, field));
    assert_eq!(world.engine.get_api_key(&reach, &key.id).await.expect("there"), key);
}

#[tokio::test]
async fn bodies_are_checked_inside() {
    let world = World::new().await;
    let refused =
        async |body: CreateApiKey| refusal(world.engine.create_api_key(&world.actor, &body).await);
    let field = |name: &str| Some(name.to_owned());
    let body = CreateApiKey { name: "a\0b".to_owned(), ..world.body() };
    assert_eq!(refused(body).await, (Reason::ControlCharacter, field("name")));
    let body = CreateApiKey { customer_id: "\0".to_owned(), ..world.body() };
    assert_eq!(refused(body).await, (Reason::ControlCharacter, field("customerId")));
    let body = CreateApiKey { expires_at: Some(START), ..world.body() };
    assert_eq!(refused(body).await, (Reason::ExpiresAtPast, field("expiresAt")));
}

#[tokio::test]
async fn the_list_is_newest_first_and_leaves_deleted_keys_out() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.key().await.api_key.id);
    }
    let other = CreateApiKey { customer_id: "bob".to_owned(), ..world.body() };
    let other = world.create(&other).await.api_key.id;
    let reach = Reach { customer_id: Some("ada".to_owned()), ..world.reach() };
    let deleted = ids.remove(2);
    world.engine.delete_api_key(&world.actor, &reach, &deleted).await.expect("deletes");
    ids.reverse();

    let ids_of = |reach: Reach, deleted: bool| {
        let engine = world.engine.clone();
        async move {
            let keys = listed(&engine, &reach, deleted).await;
            keys.into_iter().map(|key| key.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(ids_of(reach.clone(), false).await, ids);
    assert_eq!(ids_of(reach.clone(), true).await.len(), 5);
    assert_eq!(ids_of(world.reach(), false).await.first(), Some(&other));
    assert!(world.engine.get_api_key(&reach, &deleted).await.expect("readable").deleted);
}

#[tokio::test]
async fn deleting_twice_is_fine_and_a_deleted_key_cannot_change() {
    let world = World::new().await;
    let (engine, actor, reach) = (&world.engine, &world.actor, world.reach());
    let id = world.key().await.api_key.id;
    let first = engine.delete_api_key(actor, &reach, &id).await.expect("deletes");
    world.clock.advance(Duration::from_secs(1));
    let second = engine.delete_api_key(actor, &reach, &id).await.expect("deletes again");
    assert_eq!(first, second);
    let patch = PatchApiKey { name: Some("new".to_owned()), ..PatchApiKey::default() };
    let refused = engine.patch_api_key(actor, &reach, &id, &patch).await;
    assert_eq!(refusal(refused), (Reason::ApiKeyDeleted, None));
}

#[tokio::test]
async fn an_edit_works_at_once_and_one_that_changes_nothing_leaves_no_trace() {
    let world = World::new().await;
    let (engine, actor, reach) = (&world.engine, &world.actor, world.reach());
    let key = world.key().await;
    let id = &key.api_key.id;
    world.clock.advance(Duration::from_secs(1));
    let same = PatchApiKey { name: Some("ci".to_owned()), ..PatchApiKey::default() };
    for patch in [PatchApiKey::default(), same] {
        let patched = engine.patch_api_key(actor, &reach, id, &patch).await.expect("nothing to do");
        assert_eq!(patched, key.api_key);
    }
    let off = PatchApiKey { enabled: Some(false), ..PatchApiKey::default() };
    let patched = engine.patch_api_key(actor, &reach, id, &off).await.expect("disables");
    assert_eq!(patched.updated_at.0, "2025-11-23T08:00:01.000Z");
    assert_eq!(world.verdict(&key.key), Verdict::Disabled);
}
