//! Verdicts.

use std::time::Duration;

use oneloop_protocol::meter::UsageRequest;
use oneloop_protocol::verify::{Denied, RateLimit, RateLimitConfig};
use oneloop_protocol::{
    Access, CreateApiKey, Patch, PatchApiKey, PatchWorkspace, RotateApiKey, Secret, Verdict,
    VerifyRequest,
};

use crate::world::{self, START, World, asking, new_team, verified};

/// Everything that can stand against a key at once, in the decided order.
const OBSTACLES: [(&str, Verdict); 7] = [
    ("deleted", Verdict::Deleted),
    ("disabled", Verdict::Disabled),
    ("expired", Verdict::Expired),
    ("address", Verdict::Invalid),
    ("scopes", Verdict::InvalidScopes),
    ("rate", Verdict::RateLimited),
    ("credit", Verdict::UsageLimited),
];

/// A fresh key with exactly these obstacles, and the request that meets them.
async fn obstructed(world: &World, obstacles: &[&str]) -> VerifyRequest {
    let has = |name| obstacles.contains(&name);
    let expires_at = has("expired").then(|| world.engine.now() + 1_000);
    let external_meter_id = has("credit").then(|| "nowhere".to_owned());
    let body = CreateApiKey { expires_at, external_meter_id, ..world.body() };
    let created = world.create(&body).await;
    let (reach, id) = (world.reach(), &created.api_key.id);
    if has("expired") {
        world.clock.advance(Duration::from_secs(1));
    }
    let mut request = asking(&created.key, &[]);
    if has("credit") {
        // A meter that does not exist has no credit.
        let billing = UsageRequest { usage: Some(1.into()), ..UsageRequest::default() };
        request.billing = Some(billing);
    }
    if has("rate") {
        let config = RateLimitConfig { id: id.as_str().to_owned(), limit: 1 };
        request.rate_limit_config = Some(config);
        // Use the bucket up while the key may still pass, or with another key that does.
        let spender = world.key().await;
        let spend = VerifyRequest { key: spender.key.clone(), billing: None, ..request.clone() };
        assert_eq!(verified(&world.engine, &world.team, &spend).status, Verdict::Valid);
    }
    if has("scopes") {
        request.requested_scopes =
            asking(&created.key, &[("billing", Access::READ)]).requested_scopes;
    }
    request.client_ip = has("address").then(|| "198.51.100.9".to_owned());
    if has("disabled") {
        let patch = PatchApiKey { enabled: Some(false), ..PatchApiKey::default() };
        world.engine.patch_api_key(&world.actor, &reach, id, &patch).await.expect("disables");
    }
    if has("deleted") {
        world.engine.delete_api_key(&world.actor, &reach, id).await.expect("deletes");
    }
    request
}

#[tokio::test]
async fn of_any_two_obstacles_the_decided_one_is_the_answer() {
    let world = World::new().await;
    let patch = PatchWorkspace {
        default_allowed_ips: Patch::Value(vec!["203.0.113.0/24".to_owned()]),
        ..PatchWorkspace::default()
    };
    world
        .engine
        .patch_workspace(&world.actor, &world.workspace.id, &patch)
        .await
        .expect("a good list");
    for (at, (first, verdict)) in OBSTACLES.iter().enumerate() {
        for (second, _) in &OBSTACLES[at..] {
            let request = obstructed(&world, &[first, second]).await;
            let answer = world.engine.verify(&world.team, &request).await.expect("answers");
            assert_eq!(answer.status, *verdict, "{first} and {second}");
            let denied = (*first == "address").then_some(Denied::AddressNotAllowed);
            assert_eq!(answer.denied, denied, "{first} and {second}");
        }
    }
    let request = obstructed(&world, &[]).await;
    assert_eq!(verified(&world.engine, &world.team, &request).status, Verdict::Valid);
}

/// A secret that a rotation replaced is nobody's, whatever else stands against the key.
#[tokio::test]
async fn a_replaced_secret_is_invalid_before_anything_else() {
    let world = World::new().await;
    for (obstacle, _) in OBSTACLES {
        // A deleted key cannot be rotated, so it was rotated before.
        let deleted = obstacle == "deleted";
        let stands = [obstacle];
        let stands: &[_] = if deleted { &[] } else { &stands };
        let request = obstructed(&world, stands).await;
        let listed = world::listed(&world.engine, &world.reach(), true).await;
        let id = &listed.iter().max_by_key(|key| &key.id).expect("a key").id;
        let id = match obstacle {
            // The spender of its bucket is newer.
            "rate" => {
                &listed
                    .iter()
                    .filter(|key| key.id != *id)
                    .max_by_key(|key| &key.id)
                    .expect("two")
                    .id
            }
            _ => id,
        };
        let rotate = RotateApiKey::default();
        world
            .engine
            .rotate_api_key(&world.actor, &world.reach(), id, &rotate)
            .await
            .expect("rotates");
        if deleted {
            world.engine.delete_api_key(&world.actor, &world.reach(), id).await.expect("deletes");
        }
        let answer = verified(&world.engine, &world.team, &request);
        assert_eq!((answer.status, answer.denied), (Verdict::Invalid, None), "{obstacle}");
        assert_eq!(answer.api_key_id, "", "{obstacle}: nothing of the key shows");
    }
}

/// Both kinds of limit, and both kinds of credit, stand in their one row.
#[tokio::test]
async fn a_workspaces_limit_and_a_keys_counter_take_the_same_places() {
    let world = World::new().await;
    let patch = PatchWorkspace {
        default_rate_limit_per_second: Patch::Value(1),
        ..PatchWorkspace::default()
    };
    let engine = &world.engine;
    engine.patch_workspace(&world.actor, &world.workspace.id, &patch).await.expect("a good limit");
    let body = CreateApiKey { total_usage_allowed: Some(1), ..world.body() };
    let key = world.create(&body).await.key;
    let ask = async |scopes| {
        engine.verify(&world.team, &asking(&key, scopes)).await.expect("answers").status
    };
    assert_eq!(ask(&[]).await, Verdict::Valid);
    assert_eq!(ask(&[("billing", Access::READ)]).await, Verdict::InvalidScopes, "before its rate");
    assert_eq!(ask(&[]).await, Verdict::RateLimited, "before its credit");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&[]).await, Verdict::UsageLimited);
}

#[tokio::test]
async fn a_revoked_key_fails_on_the_very_next_request() {
    let world = World::new().await;
    let key = world.key().await;
    assert_eq!(world.verdict(&key.key), Verdict::Valid);
    let id = &key.api_key.id;
    world.engine.delete_api_key(&world.actor, &world.reach(), id).await.expect("deletes");
    assert_eq!(world.verdict(&key.key), Verdict::Deleted);
}

#[tokio::test]
async fn scopes_are_checked_bit_by_bit() {
    let world = World::new().await;
    let mut body = world.body();
    body.scopes = asking(
        &Secret::default(),
        &[("deployments", Access::READ.union(Access::CREATE)), ("metrics", Access::NONE)],
    )
    .requested_scopes;
    let key = world.create(&body).await.key;
    for (scopes, verdict) in [
        (vec![("deployments", Access::READ)], Verdict::Valid),
        (vec![("deployments", Access::READ.union(Access::CREATE))], Verdict::Valid),
        (vec![("deployments", Access::DELETE)], Verdict::InvalidScopes),
        (vec![("deployments", Access::ALL)], Verdict::InvalidScopes),
        (vec![("metrics", Access::READ)], Verdict::InvalidScopes),
        (vec![("metrics", Access::NONE)], Verdict::Valid),
        (vec![("nowhere", Access::NONE)], Verdict::Valid),
        (vec![("nowhere", Access::READ)], Verdict::InvalidScopes),
        (vec![("Deployments", Access::READ)], Verdict::InvalidScopes),
        (vec![("deployments", Access::READ), ("billing", Access::READ)], Verdict::InvalidScopes),
    ] {
        let request = asking(&key, &scopes);
        assert_eq!(verified(&world.engine, &world.team, &request).status, verdict, "{scopes:?}");
    }
}

#[tokio::test]
async fn an_unknown_key_shows_nothing_and_an_existing_one_shows_all() {
    let world = World::new().await;
    let mut body = world.body();
    body.metadata = Some([("plan".to_owned(), "pro".to_owned())].into());
    body.external_meter_id = Some("meter-7".to_owned());
    let created = world.create(&body).await;
    let request = asking(&created.key, &[("billing", Access::READ)]);
    let refused = verified(&world.engine, &world.team, &request);
    assert_eq!(refused.status, Verdict::InvalidScopes);
    assert_eq!(refused.api_key_id, created.api_key.id.as_str());
    assert_eq!(refused.customer_id.as_deref(), Some("ada"));
    assert_eq!(refused.metadata["plan"], "pro");
    assert_eq!(refused.external_meter_id.as_deref(), Some("meter-7"));
    assert_eq!(refused.scopes, created.api_key.scopes);
    assert!(refused.scopes[0].id.is_some(), "with the catalogue's id");

    let unknown = world.verify(&Secret::new("ol_nothing"));
    assert_eq!(unknown.status, Verdict::Invalid);
    assert_eq!((unknown.api_key_id.as_str(), unknown.customer_id), ("", None));
    assert!(unknown.metadata.is_empty() && unknown.scopes.is_empty());
    assert!(unknown.denied.is_none() && unknown.rate_limit.is_none());
}

#[tokio::test]
async fn one_leading_bearer_is_dropped_and_nothing_else() {
    let world = World::new().await;
    let key = world.key().await.key;
    let verdict = |text: String| world.verdict(&Secret::new(text));
    let key = key.expose();
    assert_eq!(verdict(format!("Bearer {key}")), Verdict::Valid);
    for not_it in [
        format!("Bearer Bearer {key}"),
        format!("Bearer  {key}"),
        format!(" {key}"),
        format!("{key} "),
        key.to_lowercase(),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
        String::new(),
    ] {
        assert_eq!(verdict(not_it.clone()), Verdict::Invalid, "{} bytes", not_it.len());
    }
}

#[tokio::test]
async fn a_key_expires_at_its_expiry_and_not_before() {
    let world = World::new().await;
    let body = CreateApiKey { expires_at: Some(START + 5_000), ..world.body() };
    let key = world.create(&body).await.key;
    world.clock.advance(Duration::from_millis(4_999));
    assert_eq!(world.verdict(&key), Verdict::Valid);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.verdict(&key), Verdict::Expired);
}

#[tokio::test]
async fn only_an_acceptable_request_consumes_rate_and_an_edit_refills_nothing() {
    let world = World::new().await;
    let patch = PatchWorkspace {
        default_rate_limit_per_second: Patch::Value(2),
        ..PatchWorkspace::default()
    };
    let (engine, actor) = (&world.engine, &world.actor);
    engine.patch_workspace(actor, &world.workspace.id, &patch).await.expect("a limit");
    let key = world.key().await;
    for _ in 0..5 {
        let refused =
            verified(engine, &world.team, &asking(&key.key, &[("billing", Access::READ)]));
        assert_eq!(refused.status, Verdict::InvalidScopes);
        let full = RateLimit { remaining: 2, reset_at: START };
        assert_eq!(refused.rate_limit, Some(full), "shown, not consumed");
    }
    assert_eq!(world.verdict(&key.key), Verdict::Valid);
    let renamed = PatchApiKey { name: Some("renamed".to_owned()), ..PatchApiKey::default() };
    let id = &key.api_key.id;
    engine.patch_api_key(actor, &world.reach(), id, &renamed).await.expect("renames");
    assert_eq!(world.verdict(&key.key), Verdict::Valid);
    let limited = world.verify(&key.key);
    assert_eq!(limited.status, Verdict::RateLimited);
    let empty = RateLimit { remaining: 0, reset_at: START + 1_000 };
    assert_eq!(limited.rate_limit, Some(empty));
    world.clock.advance(Duration::from_millis(500));
    assert_eq!(world.verdict(&key.key), Verdict::Valid);
    assert_eq!(world.verdict(&key.key), Verdict::RateLimited);
}

#[tokio::test]
async fn a_named_bucket_is_shared_by_keys_but_not_by_teams() {
    let world = World::new().await;
    let (one, two) = (world.key().await.key, world.key().await.key);
    let named = |key: &Secret| VerifyRequest {
        rate_limit_config: Some(RateLimitConfig { id: "checkout".to_owned(), limit: 1 }),
        ..asking(key, &[])
    };
    assert_eq!(verified(&world.engine, &world.team, &named(&one)).status, Verdict::Valid);
    assert_eq!(verified(&world.engine, &world.team, &named(&two)).status, Verdict::RateLimited);
    assert_eq!(world.verdict(&two), Verdict::Valid, "without the bucket there is no limit");

    let other = new_team(&world.engine, "Other").await;
    let answer = verified(&world.engine, &other, &named(&one));
    assert_eq!(answer.status, Verdict::Invalid, "another team's key");
}

#[tokio::test]
async fn sixty_four_threads_get_exactly_the_limit() {
    let world = World::new().await;
    let patch = PatchWorkspace {
        default_rate_limit_per_second: Patch::Value(50),
        ..PatchWorkspace::default()
    };
    world.engine.patch_workspace(&world.actor, &world.workspace.id, &patch).await.expect("a limit");
    let key = world.key().await.key;
    let valid = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                for _ in 0..4 {
                    if world.verdict(&key) == Verdict::Valid {
                        valid.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(valid.into_inner(), 50);
}

#[tokio::test]
async fn last_use_is_written_within_a_second_and_does_not_count_as_an_edit() {
    let world = World::new().await;
    let created = world.key().await.api_key;
    assert_eq!(created.last_used_at, None);
    let key = world.key().await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.verdict(&key.key), Verdict::Valid);
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    let stored = loop {
        let id = &key.api_key.id;
        let stored = world.engine.get_api_key(&world.reach(), id).await.expect("is there");
        if stored.last_used_at.is_some() || std::time::Instant::now() > deadline {
            break stored;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let used = stored.last_used_at.expect("written by now").0;
    assert_eq!(used, "2025-11-23T08:01:00.000Z");
    assert_eq!(stored.updated_at, key.api_key.updated_at);
}
