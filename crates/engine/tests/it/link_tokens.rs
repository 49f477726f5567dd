//! Link tokens.

use std::time::Duration;

use oneloop_engine::{Actor, LinkTokenRefusal};
use oneloop_protocol::{CreateLinkToken, LinkTokenPermissions, Reason, Rights, WorkspaceId};

use crate::world::{START, World, new_team, operator_for, refusal};

const HOUR: i64 = 60 * 60 * 1_000;

fn body(world: &World) -> CreateLinkToken {
    CreateLinkToken::new(world.workspace.id.clone(), "ada")
}

#[tokio::test]
async fn a_token_speaks_for_its_customer_until_it_expires() {
    let world = World::new().await;
    let body = CreateLinkToken {
        permissions: Some(LinkTokenPermissions::LIST),
        origins: vec!["https://app.example.com".to_owned()],
        external_billing_id: Some("meter-7".to_owned()),
        ..body(&world)
    };
    let token = world.engine.create_link_token(&world.actor, &body).await.expect("a token");
    assert_eq!(token.expires_at, START + HOUR);
    let caller = world.engine.authenticate_link_token(token.token.expose()).await.expect("works");
    assert_eq!((&caller.team, &caller.workspace), (&world.team, &world.workspace.id));
    assert_eq!(caller.customer_id, "ada");
    assert_eq!(caller.permissions, LinkTokenPermissions::LIST);
    assert_eq!(caller.origins, ["https://app.example.com"]);
    assert_eq!(caller.external_billing_id.as_deref(), Some("meter-7"));

    world.clock.advance(Duration::from_millis(HOUR as u64 - 1));
    world.engine.authenticate_link_token(token.token.expose()).await.expect("still works");
    world.clock.advance(Duration::from_millis(1));
    let refused = world.engine.authenticate_link_token(token.token.expose()).await;
    assert!(matches!(refused, Err(LinkTokenRefusal::Expired)), "{refused:?}");
    let status = world.engine.link_token_status(&world.team, token.token.expose()).await;
    let status = status.expect("known");
    assert_eq!((status.valid, status.expires_at), (false, START + HOUR));
    assert_eq!(status.customer_id, "ada");
}

#[tokio::test]
async fn a_token_that_names_no_permissions_has_all_but_migrate() {
    let world = World::new().await;
    let token = world.engine.create_link_token(&world.actor, &body(&world)).await.expect("a token");
    let caller = world.engine.authenticate_link_token(token.token.expose()).await.expect("works");
    assert_eq!(caller.permissions, LinkTokenPermissions::DEFAULT);
    assert!(!caller.permissions.allow(LinkTokenPermissions::MIGRATE));
}

#[tokio::test]
async fn revoking_stops_every_token_of_that_customer_and_no_other() {
    let world = World::new().await;
    let (engine, actor) = (&world.engine, &world.actor);
    let mint = |customer: &str| {
        let body = CreateLinkToken { customer_id: customer.to_owned(), ..body(&world) };
        async move { engine.create_link_token(actor, &body).await.expect("a token").token }
    };
    let (one, two, other) = (mint("ada").await, mint("ada").await, mint("bob").await);
    let revoke = || engine.revoke_link_tokens(actor, &world.workspace.id, "ada");
    assert_eq!(revoke().await.expect("revokes"), 2);
    assert_eq!(revoke().await.expect("nothing left"), 0);
    for token in [&one, &two] {
        let refused = engine.authenticate_link_token(token.expose()).await;
        assert!(matches!(refused, Err(LinkTokenRefusal::Expired)), "{refused:?}");
        let status = engine.link_token_status(&world.team, token.expose()).await.expect("known");
        assert!(!status.valid);
    }
    engine.authenticate_link_token(other.expose()).await.expect("bob's works");
}

#[tokio::test]
async fn unknown_and_foreign_tokens_are_the_same_and_no_secret_of_another_kind_passes() {
    let world = World::new().await;
    let (engine, team) = (&world.engine, &world.team);
    let other = new_team(engine, "Other").await;
    let token = engine.create_link_token(&world.actor, &body(&world)).await.expect("a token").token;
    let unknown = (Reason::UnknownLinkToken, None);
    assert_eq!(refusal(engine.link_token_status(&other, token.expose()).await), unknown);
    assert_eq!(refusal(engine.link_token_status(team, "ollt_nothing").await), unknown);
    let key = world.key().await.key;
    for presented in [key.expose(), "", "ollt_nothing"] {
        let refused = engine.authenticate_link_token(presented).await;
        assert!(matches!(refused, Err(LinkTokenRefusal::Unknown)), "{refused:?}");
    }
    assert!(engine.authenticate_sdk_key(token.expose()).is_none());
    assert!(engine.authenticate_sdk_key(key.expose()).is_none());
}

#[tokio::test]
async fn a_token_needs_a_workspace_of_the_team() {
    let world = World::new().await;
    let other = operator_for(&new_team(&world.engine, "Other").await);
    let refused = world.engine.create_link_token(&other, &body(&world)).await;
    assert_eq!(refusal(refused), (Reason::UnknownWorkspace, None));
    let nowhere = CreateLinkToken { workspace_id: WorkspaceId::from_bits(7), ..body(&world) };
    let refused = world.engine.create_link_token(&world.actor, &nowhere).await;
    assert_eq!(refusal(refused), (Reason::UnknownWorkspace, None));
}

#[tokio::test]
async fn a_token_stops_with_the_sdk_key_that_minted_it() {
    let world = World::new().await;
    let (engine, operator) = (&world.engine, Actor::operator());
    let issued = engine.create_sdk_key(&operator, &world.team, "backend", Rights::ALL).await;
    let id = issued.expect("an SDK key").sdk_key.id;
    let backend = Actor::sdk_key(world.team.clone(), id.clone());
    let token = engine.create_link_token(&backend, &body(&world)).await.expect("a token").token;
    let other = engine.create_link_token(&world.actor, &body(&world)).await.expect("a token").token;
    for enabled in [true, false, true] {
        engine.enable_sdk_key(&operator, &id, enabled).await.expect("it is switched");
        let asked = engine.authenticate_link_token(token.expose()).await;
        let refused = matches!(asked, Err(LinkTokenRefusal::Expired));
        assert_eq!((asked.is_ok(), refused), (enabled, !enabled));
        let status = engine.link_token_status(&world.team, token.expose()).await.expect("known");
        assert_eq!(status.valid, enabled);
    }
    engine.revoke_sdk_key(&operator, &id).await.expect("it is revoked");
    let refused = engine.authenticate_link_token(token.expose()).await;
    assert!(matches!(refused, Err(LinkTokenRefusal::Expired)), "{refused:?}");
    engine.authenticate_link_token(other.expose()).await.expect("nobody's in particular");
}
