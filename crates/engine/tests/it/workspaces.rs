//! Workspaces and scopes.

use std::collections::HashMap;

use oneloop_engine::Engine;
use oneloop_protocol::limits::SCOPES_PER_WORKSPACE;
use oneloop_protocol::{CreateWorkspace, Patch, PatchWorkspace, Reason};

use crate::world::{World, new_workspace, refusal};

#[tokio::test]
async fn sixty_four_creations_of_one_scope_make_exactly_one() {
    let world = World::new().await;
    let engines = [world.engine.clone(), world.another_engine().await];
    let mut tasks = tokio::task::JoinSet::new();
    for at in 0..64 {
        let engine: Engine = engines[at % 2].clone();
        let (actor, workspace) = (world.actor.clone(), world.workspace.id.clone());
        tasks.spawn(async move {
            let body = oneloop_protocol::CreateScope {
                name: format!("Attempt {at}"),
                representation: "contested".to_owned(),
                description: None,
            };
            engine.create_scope(&actor, &workspace, &body).await
        });
    }
    let mut outcomes = HashMap::new();
    for outcome in tasks.join_all().await {
        let word = match outcome {
            Ok(_) => "created".to_owned(),
            refused => {
                let (reason, field) = refusal(refused);
                assert_eq!(field.as_deref(), Some("representation"));
                reason.as_str().to_owned()
            }
        };
        *outcomes.entry(word).or_insert(0) += 1;
    }
    let expected = [("created".to_owned(), 1), ("duplicate_scope".to_owned(), 63)];
    assert_eq!(outcomes, HashMap::from(expected));
    let scopes = world.engine.list_scopes(&world.team, &world.workspace.id).await.expect("lists");
    assert_eq!(scopes.iter().filter(|scope| scope.representation == "contested").count(), 1);
}

#[tokio::test]
async fn a_catalogue_has_a_limit_and_one_scope_may_stand_in_two_workspaces() {
    let world = World::new().await;
    for at in 3..SCOPES_PER_WORKSPACE {
        world.scope(&format!("scope-{at}")).await.expect("within the limit");
    }
    assert_eq!(refusal(world.scope("one-too-many").await), (Reason::TooManyScopes, None));
    let staging = new_workspace(&world.engine, &world.actor, "Staging").await;
    let body = oneloop_protocol::CreateScope {
        name: "Deployments".to_owned(),
        representation: "deployments".to_owned(),
        description: Some("elsewhere".to_owned()),
    };
    world.engine.create_scope(&world.actor, &staging.id, &body).await.expect("elsewhere");
}

#[tokio::test]
async fn a_patch_tells_absent_from_null() {
    let world = World::new().await;
    let (engine, actor, id) = (&world.engine, &world.actor, &world.workspace.id);
    let all = PatchWorkspace {
        default_key_prefix: Patch::Value("acme".to_owned()),
        default_allowed_ips: Patch::Value(vec!["10.0.0.0/8".to_owned(), "::1".to_owned()]),
        default_rate_limit_per_second: Patch::Value(100),
        default_expiration: Patch::Value(86_400_000),
    };
    let set = engine.patch_workspace(actor, id, &all).await.expect("good defaults");
    assert_eq!(set.default_key_prefix.as_deref(), Some("acme"));
    assert_eq!(set.default_allowed_ips, ["10.0.0.0/8", "::1"]);
    assert_eq!(set.default_rate_limit_per_second, Some(100));
    assert_eq!(set.default_expiration, Some(86_400_000));

    let absent = engine.patch_workspace(actor, id, &PatchWorkspace::default()).await;
    assert_eq!(absent.expect("nothing to do"), set);
    let none = PatchWorkspace {
        default_key_prefix: Patch::Null,
        default_allowed_ips: Patch::Null,
        default_rate_limit_per_second: Patch::Null,
        default_expiration: Patch::Null,
    };
    let cleared = engine.patch_workspace(actor, id, &none).await.expect("clears");
    assert_eq!(engine.get_workspace(&world.team, id).await.expect("there"), cleared);
    assert_eq!((cleared.default_key_prefix, cleared.default_expiration), (None, None));
    assert!(cleared.default_allowed_ips.is_empty());
    assert_eq!(cleared.default_rate_limit_per_second, None);
}

#[tokio::test]
async fn a_bad_default_is_named_and_changes_nothing() {
    let world = World::new().await;
    let patch = PatchWorkspace::default;
    let ips = |text: &str| Patch::Value(vec!["10.0.0.1".to_owned(), text.to_owned()]);
    let bad = [
        (
            PatchWorkspace { default_allowed_ips: ips("10.0.0.256"), ..patch() },
            (Reason::AddressInvalid, "defaultAllowedIPs[1]"),
        ),
        (
            PatchWorkspace { default_key_prefix: Patch::Value("a-b".to_owned()), ..patch() },
            (Reason::PrefixInvalid, "defaultKeyPrefix"),
        ),
        (
            PatchWorkspace { default_rate_limit_per_second: Patch::Value(0), ..patch() },
            (Reason::OutOfRange, "defaultRateLimitPerSecond"),
        ),
        (
            PatchWorkspace { default_rate_limit_per_second: Patch::Value(1 << 32), ..patch() },
            (Reason::OutOfRange, "defaultRateLimitPerSecond"),
        ),
        (
            PatchWorkspace { default_expiration: Patch::Value(-1), ..patch() },
            (Reason::OutOfRange, "defaultExpiration"),
        ),
    ];
    for (patch, (reason, field)) in bad {
        let refused = world.engine.patch_workspace(&world.actor, &world.workspace.id, &patch).await;
        assert_eq!(refusal(refused), (reason, Some(field.to_owned())));
    }
    let after = world.engine.get_workspace(&world.team, &world.workspace.id).await;
    assert_eq!(after.expect("there"), world.workspace);
}

#[tokio::test]
async fn workspaces_are_listed_oldest_first() {
    let world = World::new().await;
    let second = new_workspace(&world.engine, &world.actor, "Second").await;
    let listed = world.engine.list_workspaces(&world.team).await.expect("lists");
    assert_eq!(listed, [world.workspace.clone(), second]);
    let body = CreateWorkspace { name: " ".to_owned() };
    let refused = world.engine.create_workspace(&world.actor, &body).await;
    assert_eq!(refusal(refused), (Reason::NameEmpty, Some("name".to_owned())));
}
