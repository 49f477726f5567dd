//! The audit log.

use oneloop_engine::{Actor, Who};
use oneloop_protocol::{CreateLinkToken, PatchApiKey, Rights, RotateApiKey, SdkKeyId};
use serde_json::json;

use crate::world::{World, new_team};

#[tokio::test]
async fn every_change_has_one_line_that_says_who_what_and_from_where() {
    let world = World::new().await;
    let engine = &world.engine;
    let actor = Actor {
        address: Some("203.0.113.7".parse().expect("an address")),
        request_id: Some("req-1\n\u{0}".to_owned()),
        ..Actor::sdk_key(world.team.clone(), SdkKeyId::from_bits(7))
    };
    let reach = world.reach();
    let id = engine.create_api_key(&actor, &world.body()).await.expect("creates").api_key.id;
    let patch = PatchApiKey { name: Some("new".to_owned()), ..PatchApiKey::default() };
    engine.patch_api_key(&actor, &reach, &id, &patch).await.expect("patches");
    engine.rotate_api_key(&actor, &reach, &id, &RotateApiKey::default()).await.expect("rotates");
    engine.delete_api_key(&actor, &reach, &id).await.expect("deletes");
    engine.migrate_api_key(&actor, &world.legacy("a-legacy-secret")).await.expect("migrates");
    let body = CreateLinkToken::new(world.workspace.id.clone(), "ada");
    engine.create_link_token(&actor, &body).await.expect("mints");
    engine.revoke_link_tokens(&actor, &world.workspace.id, "ada").await.expect("revokes");
    let sdk_key = engine.create_sdk_key(&actor, &world.team, "ci", Rights::NONE).await;
    let sdk_key = sdk_key.expect("an SDK key").sdk_key.id;
    for enabled in [false, false, true] {
        engine.enable_sdk_key(&actor, &sdk_key, enabled).await.expect("switches");
    }
    engine.revoke_sdk_key(&actor, &sdk_key).await.expect("revokes");

    let lines = engine.list_audit(Some(&world.team), 11).await.expect("lists");
    let actions: Vec<_> = lines.iter().rev().map(|line| line.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "api_key.created",
            "api_key.updated",
            "api_key.rotated",
            "api_key.deleted",
            "api_key.migrated",
            "link_token.created",
            "link_tokens.revoked",
            "sdk_key.created",
            "sdk_key.disabled",
            "sdk_key.enabled",
            "sdk_key.revoked",
        ]
    );
    for line in &lines {
        assert_eq!(line.team.as_ref(), Some(&world.team));
        assert_eq!(line.who, Who::SdkKey(SdkKeyId::from_bits(7)));
        assert_eq!(line.address, actor.address);
        assert_eq!(line.request_id.as_deref(), Some("req-1"), "printable characters only");
    }
    assert_eq!(lines[9].subject, id.as_str());
    assert_eq!(lines[9].detail, json!({ "name": "new" }));
}

#[tokio::test]
async fn a_team_reads_its_own_lines_only() {
    let world = World::new().await;
    let other = new_team(&world.engine, "Other").await;
    let lines = world.engine.list_audit(Some(&other), 100).await.expect("lists");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].subject, other.as_str());
    let all = world.engine.list_audit(None, 100).await.expect("lists");
    assert_eq!(all.len(), 6, "two teams, a workspace, three scopes");
    assert!(all.windows(2).all(|pair| pair[0].seq > pair[1].seq), "newest first");
}

#[tokio::test]
async fn lines_cannot_be_changed_or_removed() {
    let world = World::new().await;
    for sql in ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"] {
        let error = world.place.execute(sql).await.expect_err("append-only");
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}
