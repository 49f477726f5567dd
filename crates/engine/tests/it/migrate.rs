//! Bringing existing keys along.

use oneloop_engine::EngineError;
use oneloop_protocol::{
    Access, CreateApiKey, Grant, IsoTime, MigrateApiKey, PatchApiKey, Reason, RotateApiKey, Secret,
    Verdict,
};

use crate::world::{START, World, listed, new_workspace, refusal};

const LEGACY: &str = "legacy 🔑 secret with spaces";

fn iso(text: &str) -> Option<IsoTime> {
    Some(IsoTime(text.to_owned()))
}

#[tokio::test]
async fn a_migrated_key_verifies_with_its_old_secret_and_keeps_its_history() {
    let world = World::new().await;
    let body = MigrateApiKey {
        created_at: iso("2019-04-01T12:00:00+02:00"),
        last_used_at: iso("2025-01-02T03:04:05.678Z"),
        expires_at: Some(START + 1_000),
        prefix: Some("old".to_owned()),
        ..world.legacy(LEGACY)
    };
    let newer = world.key().await.api_key;
    let migrated = world.engine.migrate_api_key(&world.actor, &body).await.expect("migrates");
    assert_eq!(migrated.key.expose(), LEGACY);
    assert_eq!(world.verdict(&Secret::new(LEGACY)), Verdict::Valid);
    let shown = migrated.api_key;
    assert_eq!(shown.created_at.0, "2019-04-01T10:00:00.000Z");
    assert_eq!(shown.last_used_at, iso("2025-01-02T03:04:05.678Z"));
    assert_eq!(shown.prefix.as_deref(), Some("old"));
    let listed = listed(&world.engine, &world.reach(), false).await;
    let ids: Vec<_> = listed.iter().map(|key| &key.id).collect();
    assert_eq!(ids, [&newer.id, &shown.id], "sorted by its real age");
}

#[tokio::test]
async fn an_expired_key_stays_expired_and_does_not_become_unknown() {
    let world = World::new().await;
    let body = MigrateApiKey { expires_at: Some(START - 1), ..world.legacy(LEGACY) };
    world.engine.migrate_api_key(&world.actor, &body).await.expect("migrates");
    assert_eq!(world.verdict(&Secret::new(LEGACY)), Verdict::Expired);
}

#[tokio::test]
async fn replaying_a_row_is_the_same_key_and_writes_nothing() {
    let world = World::new().await;
    let (engine, actor) = (&world.engine, &world.actor);
    let body = MigrateApiKey { created_at: iso("2019-04-01T12:00:00Z"), ..world.legacy(LEGACY) };
    let first = engine.migrate_api_key(actor, &body).await.expect("migrates").api_key;
    let lines = engine.list_audit(None, 1_000).await.expect("lists").len();
    let again = engine.migrate_api_key(actor, &body).await.expect("replays").api_key;
    assert_eq!(first, again);
    assert_eq!(engine.list_audit(None, 1_000).await.expect("lists").len(), lines);
    assert_eq!(listed(engine, &world.reach(), true).await.len(), 1);
}

#[tokio::test]
async fn a_row_that_differs_is_refused_by_the_first_field_that_does() {
    let world = World::new().await;
    let (engine, actor) = (&world.engine, &world.actor);
    let staging = new_workspace(engine, actor, "Staging").await.id;
    let body = || MigrateApiKey { created_at: iso("2019-04-01T12:00:00Z"), ..world.legacy(LEGACY) };
    engine.migrate_api_key(actor, &body()).await.expect("migrates");
    let metadata = Some([("plan".to_owned(), "pro".to_owned())].into());
    let others = [
        ("workspaceId", MigrateApiKey { workspace_id: staging, scopes: Vec::new(), ..body() }),
        ("customerId", MigrateApiKey { customer_id: "bob".to_owned(), ..body() }),
        ("name", MigrateApiKey { name: "other".to_owned(), ..body() }),
        ("enabled", MigrateApiKey { enabled: false, ..body() }),
        ("scopes", MigrateApiKey { scopes: vec![Grant::new("metrics", Access::READ)], ..body() }),
        ("metadata", MigrateApiKey { metadata, ..body() }),
        ("expiresAt", MigrateApiKey { expires_at: Some(START), ..body() }),
        ("createdAt", MigrateApiKey { created_at: iso("2020-01-01T00:00:00Z"), ..body() }),
        ("prefix", MigrateApiKey { prefix: Some("x".to_owned()), ..body() }),
    ];
    for (field, other) in others {
        let refused = refusal(engine.migrate_api_key(actor, &other).await);
        assert_eq!(refused, (Reason::ExistsDifferent, Some(field.to_owned())));
    }
    let used = MigrateApiKey { last_used_at: iso("2025-01-01T00:00:00Z"), ..body() };
    engine.migrate_api_key(actor, &used).await.expect("when it was used is not an attribute");
}

#[tokio::test]
async fn what_was_minted_rotated_or_deleted_here_cannot_be_brought_in_again() {
    let world = World::new().await;
    let (engine, actor, reach) = (&world.engine, &world.actor, world.reach());
    let native = world.key().await.key;
    let key = (Reason::ExistsDifferent, Some("key".to_owned()));
    let bring = |secret: &str| {
        let body = world.legacy(secret);
        async move { engine.migrate_api_key(actor, &body).await }
    };
    assert_eq!(refusal(bring(native.expose()).await), key);

    let id = bring(LEGACY).await.expect("migrates").api_key.id;
    engine.rotate_api_key(actor, &reach, &id, &RotateApiKey::default()).await.expect("rotates");
    assert_eq!(refusal(bring(LEGACY).await), key, "rotation is what one does with a leaked key");
    assert_eq!(world.verdict(&Secret::new(LEGACY)), Verdict::Invalid);

    let id = bring("another legacy secret").await.expect("migrates").api_key.id;
    engine.delete_api_key(actor, &reach, &id).await.expect("deletes");
    let refused = refusal(bring("another legacy secret").await);
    assert_eq!(refused, (Reason::ApiKeyDeleted, Some("key".to_owned())));
}

#[tokio::test]
async fn an_edited_key_differs_from_its_row() {
    let world = World::new().await;
    let (engine, actor) = (&world.engine, &world.actor);
    let body = world.legacy(LEGACY);
    let id = engine.migrate_api_key(actor, &body).await.expect("migrates").api_key.id;
    let off = PatchApiKey { enabled: Some(false), ..PatchApiKey::default() };
    engine.patch_api_key(actor, &world.reach(), &id, &off).await.expect("disables");
    let refused = refusal(engine.migrate_api_key(actor, &body).await);
    assert_eq!(refused, (Reason::ExistsDifferent, Some("enabled".to_owned())));
    assert_eq!(world.verdict(&body.key), Verdict::Disabled, "an import switches nothing on again");
}

#[tokio::test]
async fn a_chunk_answers_row_by_row() {
    let world = World::new().await;
    let nowhere = vec![Grant::new("nowhere", Access::READ)];
    let bodies = [
        world.legacy("legacy-secret-1"),
        MigrateApiKey { scopes: nowhere, ..world.legacy("legacy-secret-2") },
        world.legacy("legacy-secret-1"),
        MigrateApiKey { name: "other".to_owned(), ..world.legacy("legacy-secret-1") },
        world.legacy("short"),
        MigrateApiKey { created_at: iso("yesterday"), ..world.legacy("legacy-secret-3") },
        world.legacy("legacy-secret-4"),
    ];
    let outcomes = world.engine.migrate_api_keys(&world.actor, &bodies).await.expect("writes");
    let reason = |outcome: &Result<_, EngineError>| match outcome {
        Ok(_) => None,
        Err(EngineError::Refused(error)) => Some(error.reason),
        Err(EngineError::Conflict { reason, .. }) => Some(*reason),
        Err(other) => panic!("{other:?}"),
    };
    let reasons: Vec<_> = outcomes.iter().map(reason).collect();
    assert_eq!(
        reasons,
        [
            None,
            Some(Reason::UnknownScope),
            None,
            Some(Reason::ExistsDifferent),
            Some(Reason::KeyTooShort),
            Some(Reason::InvalidDate),
            None,
        ]
    );
    let id = |at: usize| outcomes[at].as_ref().map(|issued| &issued.api_key.id).ok();
    assert_eq!(id(0), id(2), "one key, not two");
    let listed = listed(&world.engine, &world.reach(), false).await;
    assert_eq!(listed.len(), 2);
    for (secret, verdict) in [
        ("legacy-secret-1", Verdict::Valid),
        ("legacy-secret-2", Verdict::Invalid),
        ("legacy-secret-4", Verdict::Valid),
    ] {
        assert_eq!(world.verdict(&Secret::new(secret)), verdict, "{secret}");
    }
}

#[tokio::test]
async fn a_workspaces_default_lifetime_is_not_for_migrated_keys() {
    let world = World::new().await;
    let patch = oneloop_protocol::PatchWorkspace {
        default_expiration: oneloop_protocol::Patch::Value(1),
        ..Default::default()
    };
    let (engine, actor) = (&world.engine, &world.actor);
    engine.patch_workspace(actor, &world.workspace.id, &patch).await.expect("a lifetime");
    let migrated = engine.migrate_api_key(actor, &world.legacy(LEGACY)).await.expect("migrates");
    assert_eq!(migrated.api_key.expires_at, None);
    let native = CreateApiKey { expires_at: None, ..world.body() };
    assert_eq!(world.create(&native).await.api_key.expires_at, Some(START + 1));
}
