//! Credit: meters and counters, charged by verification.

use std::sync::Arc;

use oneloop_engine::Engine;
use oneloop_protocol::meter::{CreateMeter, RecordUsage, RefillApiKey, RefillMeter, UsageRequest};
use oneloop_protocol::verify::RateLimitConfig;
use oneloop_protocol::{
    Amount, CreateApiKey, Reason, RotateApiKey, Secret, TeamId, Verdict, Verification,
    VerifyRequest,
};

use crate::world::{World, asking, refusal};

/// A meter of the world's workspace.
async fn meter(world: &World, external_id: &str, credits: u64, more: CreateMeter) {
    let body = CreateMeter {
        external_meter_id: external_id.to_owned(),
        workspace_id: world.workspace.id.clone(),
        total_credits: Some(credits.into()),
        ..more
    };
    world.engine.create_meter(&world.actor, &body).await.expect("a meter");
}

fn plain(world: &World) -> CreateMeter {
    CreateMeter {
        external_meter_id: String::new(),
        workspace_id: world.workspace.id.clone(),
        total_credits: None,
        allow_overages: None,
        spend_cap: None,
    }
}

async fn key_on(world: &World, external_id: &str) -> Secret {
    let external_meter_id = Some(external_id.to_owned());
    world.create(&CreateApiKey { external_meter_id, ..world.body() }).await.key
}

async fn counted(world: &World, allowed: u64) -> oneloop_protocol::IssuedApiKey {
    let total_usage_allowed = Some(allowed);
    world.create(&CreateApiKey { total_usage_allowed, ..world.body() }).await
}

/// A verification that uses `usage`.
fn using(key: &Secret, usage: u64) -> VerifyRequest {
    let billing = UsageRequest { usage: Some(usage.into()), ..UsageRequest::default() };
    VerifyRequest { billing: Some(billing), ..asking(key, &[]) }
}

async fn verify(engine: &Engine, team: &TeamId, request: &VerifyRequest) -> Verification {
    engine.verify(team, request).await.expect("the database answers")
}

async fn used(world: &World, external_id: &str) -> Amount {
    let engine = &world.engine;
    let meter = engine.get_meter(&world.team, &world.workspace.id, external_id).await;
    meter.expect("reads").expect("there").used_credits
}

/// How many of `requests` passed.
async fn passed(engines: &[Engine], team: &TeamId, request: &VerifyRequest, times: usize) -> usize {
    let request = Arc::new(request.clone());
    let tasks: Vec<_> = (0..times)
        .map(|at| {
            let (engine, team) = (engines[at % engines.len()].clone(), team.clone());
            let request = Arc::clone(&request);
            tokio::spawn(async move { verify(&engine, &team, &request).await.status })
        })
        .collect();
    let mut passed = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            Verdict::Valid => passed += 1,
            Verdict::UsageLimited => {}
            other => panic!("{other:?}"),
        }
    }
    passed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_at_the_same_time_on_a_meter_of_50_exactly_50_pass() {
    let world = World::new().await;
    meter(&world, "m", 50, plain(&world)).await;
    let key = key_on(&world, "m").await;
    let engines = [world.engine.clone()];
    assert_eq!(passed(&engines, &world.team, &using(&key, 1), 64).await, 50);
    assert_eq!(used(&world, "m").await, 50.into());
    assert_eq!(passed(&engines, &world.team, &using(&key, 1), 64).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_across_three_engines_over_one_database() {
    let world = World::new().await;
    meter(&world, "m", 50, plain(&world)).await;
    let key = key_on(&world, "m").await;
    let counted = counted(&world, 50).await.key;
    let engines =
        [world.engine.clone(), world.another_engine().await, world.another_engine().await];
    assert_eq!(passed(&engines, &world.team, &using(&key, 1), 64).await, 50);
    assert_eq!(passed(&engines, &world.team, &asking(&counted, &[]), 64).await, 50);
    assert_eq!(used(&world, "m").await, 50.into());
}

#[tokio::test]
async fn what_was_charged_survives_a_new_start() {
    let world = World::new().await;
    meter(&world, "m", 3, plain(&world)).await;
    let key = key_on(&world, "m").await;
    assert_eq!(verify(&world.engine, &world.team, &using(&key, 2)).await.status, Verdict::Valid);
    let other = world.another_engine().await;
    let denied = verify(&other, &world.team, &using(&key, 2)).await;
    assert_eq!(denied.status, Verdict::UsageLimited);
    let billing = denied.billing.expect("the meter shows why");
    assert_eq!((billing.total_credits, billing.used_credits), (3.into(), 2.into()));
    let last = verify(&other, &world.team, &using(&key, 1)).await;
    assert_eq!(last.billing.expect("a meter").used_credits, 3.into());
}

#[tokio::test]
async fn only_a_request_that_passes_everything_consumes_anything() {
    let world = World::new().await;
    meter(&world, "m", 1, plain(&world)).await;
    let key = key_on(&world, "m").await;
    let limited = |usage| VerifyRequest {
        rate_limit_config: Some(RateLimitConfig { id: "one".to_owned(), limit: 2 }),
        ..using(&key, usage)
    };
    // Denied by its credit: the rate is whole afterwards.
    for _ in 0..5 {
        let denied = verify(&world.engine, &world.team, &limited(2)).await;
        assert_eq!(denied.status, Verdict::UsageLimited);
        assert_eq!(denied.rate_limit.expect("applies").remaining, 2);
    }
    // Denied by its rate: the credit is whole afterwards.
    for expected in [Verdict::Valid, Verdict::Valid, Verdict::RateLimited, Verdict::RateLimited] {
        assert_eq!(verify(&world.engine, &world.team, &limited(0)).await.status, expected);
    }
    let limited = verify(&world.engine, &world.team, &limited(1)).await;
    assert_eq!((limited.status, limited.billing), (Verdict::RateLimited, None));
    assert_eq!(used(&world, "m").await, Amount::ZERO);
}

#[tokio::test]
async fn every_dialect_charges_the_meter_it_means() {
    let world = World::new().await;
    for name in ["own", "named", "ada"] {
        meter(&world, name, 1_000, plain(&world)).await;
    }
    let bound = key_on(&world, "own").await;
    let unbound = world.key().await.key;
    let request = |id: Option<&str>, flag| UsageRequest {
        id: id.map(str::to_owned),
        use_customer_id_for_billing: flag,
        usage: Some(1.into()),
        usage_name: None,
    };
    for (key, billing, charged) in [
        (&bound, request(None, None), "own"),
        (&bound, request(Some("named"), None), "named"),
        (&bound, request(Some("named"), Some(true)), "named"),
        (&bound, request(Some("named"), Some(false)), "named"),
        (&bound, request(None, Some(true)), "ada"),
        (&bound, request(None, Some(false)), "ada"),
        (&unbound, request(None, None), "ada"),
        (&unbound, request(Some("named"), None), "named"),
    ] {
        let before = used(&world, charged).await;
        let request = VerifyRequest { billing: Some(billing.clone()), ..asking(key, &[]) };
        let answer = verify(&world.engine, &world.team, &request).await;
        assert_eq!(answer.status, Verdict::Valid, "{billing:?}");
        assert_eq!(
            used(&world, charged).await,
            before.plus(1.into()).expect("fits"),
            "{billing:?}"
        );
    }
    // A word that names no meter limits nothing, and is counted.
    let free = VerifyRequest { billing: Some(request(Some("words"), None)), ..asking(&bound, &[]) };
    for _ in 0..3 {
        let answer = verify(&world.engine, &world.team, &free).await;
        assert_eq!((answer.status, answer.billing), (Verdict::Valid, None));
    }
    let days = world.engine.billed_usage(&world.team, "words").await.expect("reads");
    assert_eq!(days.len(), 1);
    assert_eq!(days[0].total_billing_usage, 3.into());
    assert_eq!(
        (days[0].billing_id.as_str(), days[0].billing_usage_name.as_str()),
        ("words", "default")
    );
    assert_eq!(days[0].day, "2025-11-23");
}

#[tokio::test]
async fn a_key_on_a_meter_that_does_not_exist_has_no_credit() {
    let world = World::new().await;
    let key = key_on(&world, "later").await;
    let answer = verify(&world.engine, &world.team, &using(&key, 0)).await;
    assert_eq!((answer.status, answer.billing), (Verdict::Valid, None));
    let denied = verify(&world.engine, &world.team, &using(&key, 1)).await;
    assert_eq!(denied.status, Verdict::UsageLimited);
    meter(&world, "later", 1, plain(&world)).await;
    assert_eq!(verify(&world.engine, &world.team, &using(&key, 1)).await.status, Verdict::Valid);
}

#[tokio::test]
async fn recorded_usage_is_charged_in_full_and_shows_by_day_and_name() {
    let world = World::new().await;
    meter(&world, "m", 10, plain(&world)).await;
    let key = key_on(&world, "m").await;
    let record = |key: &Secret, usage: u64, name: Option<&str>| RecordUsage {
        key: key.clone(),
        usage: Some(usage.into()),
        usage_name: name.map(str::to_owned),
    };
    let engine = &world.engine;
    for (usage, name) in [(7, None), (8, Some("tokens")), (1, Some("tokens")), (0, Some("nothing"))]
    {
        engine.record_usage(&world.actor, &record(&key, usage, name)).await.expect("records");
    }
    assert_eq!(used(&world, "m").await, 16.into());
    assert_eq!(verify(engine, &world.team, &using(&key, 1)).await.status, Verdict::UsageLimited);
    let meter = engine.get_meter(&world.team, &world.workspace.id, "m").await;
    let id = meter.expect("reads").expect("there").id;
    let by_id = engine.billed_usage(&world.team, &id).await.expect("reads");
    let by_name = engine.billed_usage(&world.team, "m").await.expect("reads");
    assert_eq!(by_id, by_name);
    let rows: Vec<_> = by_id
        .iter()
        .map(|row| (row.billing_usage_name.as_str(), row.total_billing_usage))
        .collect();
    assert_eq!(rows, [("default", 7.into()), ("tokens", 9.into())]);
    let unknown = engine.record_usage(&world.actor, &record(&Secret::new("ol_x"), 1, None)).await;
    assert_eq!(refusal(unknown), (Reason::UnknownApiKey, None));
}

/// Whoever verifies a key, does the work and then records it, may do so after the key has become another.
#[tokio::test]
async fn usage_is_recorded_of_any_secret_that_a_key_was_used_with() {
    let world = World::new().await;
    meter(&world, "ada", 100, plain(&world)).await;
    let record =
        |key: &Secret| RecordUsage { key: key.clone(), usage: Some(3.into()), usage_name: None };
    world.slow_key().await;
    let legacy = Secret::new(super::recognise::KEY);
    world.engine.record_usage(&world.actor, &record(&legacy)).await.expect("a migrated key");
    assert_eq!(used(&world, "ada").await, 3.into());

    let issued = world.key().await;
    for _ in 0..2 {
        let (reach, id, body) = (world.reach(), &issued.api_key.id, RotateApiKey::default());
        let rotated = world.engine.rotate_api_key(&world.actor, &reach, id, &body).await;
        rotated.expect("rotates");
        let bearer = Secret::new(format!("Bearer {}", issued.key.expose()));
        world.engine.record_usage(&world.actor, &record(&bearer)).await.expect("an older secret");
    }
    assert_eq!(
        verify(&world.engine, &world.team, &asking(&issued.key, &[])).await.status,
        Verdict::Invalid
    );
    assert_eq!(used(&world, "ada").await, 9.into());
}

#[tokio::test]
async fn a_counter_counts_down_and_is_refilled() {
    let world = World::new().await;
    let issued = counted(&world, 2).await;
    let (engine, team, id) = (&world.engine, &world.team, &issued.api_key.id);
    assert_eq!((issued.api_key.total_usage_left, issued.api_key.limit_usage), (Some(2), true));
    let request = asking(&issued.key, &[]);
    for expected in [Verdict::Valid, Verdict::Valid, Verdict::UsageLimited, Verdict::UsageLimited] {
        assert_eq!(verify(engine, team, &request).await.status, expected);
    }
    let left = engine.get_api_key(&world.reach(), id).await.expect("there").total_usage_left;
    assert_eq!(left, Some(0));
    let refill = |amount: u64| RefillApiKey { amount: amount.into() };
    let key = engine.refill_api_key(&world.actor, &world.reach(), id, &refill(1)).await;
    assert_eq!(key.expect("refills").total_usage_left, Some(1));
    assert_eq!(verify(engine, team, &request).await.status, Verdict::Valid);
    assert_eq!(verify(engine, team, &request).await.status, Verdict::UsageLimited);

    let (actor, reach) = (&world.actor, world.reach());
    let refused = engine.refill_api_key(actor, &reach, id, &refill(0)).await;
    assert_eq!(refusal(refused).0, Reason::OutOfRange);
    let refused = engine.refill_api_key(actor, &reach, id, &refill(1 << 53)).await;
    assert_eq!(refusal(refused), (Reason::OutOfRange, Some("amount".to_owned())));
    let plain = world.key().await.api_key.id;
    let refused = engine.refill_api_key(actor, &reach, &plain, &refill(1)).await;
    assert_eq!(refusal(refused), (Reason::UsageNotLimited, None));
}

#[tokio::test]
async fn a_refill_while_others_spend_loses_nothing() {
    let world = World::new().await;
    meter(&world, "m", 10, plain(&world)).await;
    let key = key_on(&world, "m").await;
    let refill = RefillMeter {
        workspace_id: world.workspace.id.clone(),
        external_meter_id: "m".to_owned(),
        refill: 10.into(),
    };
    let engines = [world.engine.clone()];
    let one = using(&key, 1);
    let spend = passed(&engines, &world.team, &one, 200);
    let refills = async {
        for _ in 0..9 {
            world.engine.refill_meter(&world.actor, &refill).await.expect("refills");
        }
    };
    let (first, ()) = tokio::join!(spend, refills);
    let rest = passed(&engines, &world.team, &using(&key, 1), 200).await;
    assert_eq!(first + rest, 100);
    assert_eq!(used(&world, "m").await, 100.into());
}

#[tokio::test]
async fn amounts_have_38_digits_and_no_more() {
    let world = World::new().await;
    let cap = CreateMeter { allow_overages: Some(true), ..plain(&world) };
    meter(&world, "m", 0, cap).await;
    let key = key_on(&world, "m").await;
    let most = UsageRequest { usage: Some(Amount::MAX), ..UsageRequest::default() };
    let request = VerifyRequest { billing: Some(most), ..asking(&key, &[]) };
    let answer = verify(&world.engine, &world.team, &request).await;
    assert_eq!(answer.billing.expect("a meter").used_credits, Amount::MAX);
    let more = verify(&world.engine, &world.team, &using(&key, 1)).await;
    assert_eq!(more.status, Verdict::UsageLimited);
    let days = world.engine.billed_usage(&world.team, "m").await.expect("reads");
    assert_eq!(days[0].total_billing_usage.to_string(), "9".repeat(38));
    let refill = RefillMeter {
        workspace_id: world.workspace.id.clone(),
        external_meter_id: "m".to_owned(),
        refill: Amount::MAX,
    };
    world.engine.refill_meter(&world.actor, &refill).await.expect("fits");
    let refused = world.engine.refill_meter(&world.actor, &refill).await;
    assert_eq!(refusal(refused), (Reason::OutOfRange, Some("refill".to_owned())));
}
