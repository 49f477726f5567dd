//! An installation that moves from a file to a server, and back.

use std::collections::BTreeMap;
use std::time::Duration;

use oneloop_engine::{
    Actor, AuditState, Copied, CopyError, CopyOptions, Database, Engine, EngineOptions,
    MigrationWindow, Once, OpenError, copy,
};
use oneloop_protocol::jwt::{CreateJwt, JwtStatus, VerifyJwt};
use oneloop_protocol::link_token::CreateLinkToken;
use oneloop_protocol::meter::{CreateMeter, UsageRequest};
use oneloop_protocol::migration::{Conflict, Hex32, MigrationRow};
use oneloop_protocol::rights::Rights;
use oneloop_protocol::{
    Access, CreateApiKey, RotateApiKey, Secret, TeamId, Verdict, VerifyRequest,
};

use crate::it::recognise;
use crate::place::Place;
use crate::server_place::Place as Server;
use crate::world::{START, World, asking, verified};

/// Few, so that an interruption finds something to interrupt.
const BATCH: usize = 3;

/// What must be the same wherever the installation is.
struct Known {
    team: TeamId,
    valid: Vec<Secret>,
    refused: Vec<(Secret, Verdict)>,
    jwt: Secret,
    sdk_key: Secret,
}

/// A world with something in every table, closed.
async fn everything() -> (World, Known) {
    let world = World::new().await;
    let (engine, reach, team) = (world.engine.clone(), world.reach(), world.team.clone());
    let actor = world.actor.clone();
    let meter = CreateMeter {
        external_meter_id: "tokens".to_owned(),
        workspace_id: world.workspace.id.clone(),
        // More digits than SQLite's integers hold.
        total_credits: Some("12345678901234567890123456789012345678".parse().expect("digits")),
        allow_overages: Some(false),
        spend_cap: None,
    };
    engine.create_meter(&actor, &meter).await.expect("a meter");
    let mut valid = Vec::new();
    for number in 0..10 {
        let body = CreateApiKey {
            name: format!("Schlüssel {number} 🔑"),
            customer_id: format!("customer-{}", number % 3),
            external_meter_id: (number == 3).then(|| "tokens".to_owned()),
            total_usage_allowed: (number == 4).then_some(5),
            metadata: Some([("région".to_owned(), "\u{1F5FA} nord".to_owned())].into()),
            ..world.body()
        };
        valid.push(world.create(&body).await.key);
    }
    let billing = UsageRequest { usage: Some(7_u64.into()), ..UsageRequest::default() };
    let spends = VerifyRequest { billing: Some(billing), ..asking(&valid[3], &[]) };
    assert_eq!(engine.verify(&team, &spends).await.expect("charges").status, Verdict::Valid);
    let route = Some("/v1/things".to_owned());
    verified(&engine, &team, &VerifyRequest { route, ..asking(&valid[0], &[]) });

    let (rotated, deleted) = (world.key().await, world.key().await);
    let overlap = RotateApiKey { overlap_seconds: Some(3_600) };
    for _ in 0..2 {
        let id = &rotated.api_key.id;
        valid.push(engine.rotate_api_key(&actor, &reach, id, &overlap).await.expect("rotates").key);
    }
    // What is known of the old secret comes along.
    verified(&engine, &team, &asking(&valid[valid.len() - 2], &[]));
    engine.delete_api_key(&actor, &reach, &deleted.api_key.id).await.expect("deletes");
    let refused = vec![(rotated.key, Verdict::Invalid), (deleted.key, Verdict::Deleted)];

    let once = Actor { once: Some(Once::new("once").expect("a name")), ..actor.clone() };
    engine.create_api_key(&once, &world.body()).await.expect("a key");
    let link = CreateLinkToken {
        customer_id: "ada".to_owned(),
        workspace_id: world.workspace.id.clone(),
        external_billing_id: None,
        permissions: None,
        origins: Vec::new(),
        grantable_scopes: None,
        key_policy: None,
        ttl_seconds: None,
    };
    engine.create_link_token(&actor, &link).await.expect("a link token");
    let sdk_key =
        engine.create_sdk_key(&Actor::operator(), &team, "ci", Rights::ALL).await.expect("a key");
    let sources = vec!["203.0.113.7/32".parse().expect("a block")];
    let window = MigrationWindow { sources, opens_at: START + 1, closes_at: START + 3_600_000 };
    engine.open_migration_window(&Actor::operator(), &team, &window).await.expect("a window");
    let token = CreateJwt { payload: Default::default(), aud: None, exp: None };
    let jwt = engine.create_jwt(&actor, &token).await.expect("signs").jwt;

    // Keys under another service's recipe: one that became native, one that did not.
    world.slow_key().await;
    let legacy = Secret::new(recognise::KEY);
    let asked = engine.verify(&team, &asking(&legacy, &[])).await.expect("an answer");
    assert_eq!(asked.status, Verdict::Valid);
    let recipe = Some(r#"algorithm = "bcrypt""#);
    let job = world.job_with(2, 1, Conflict::Skip, recipe, Some("first:12")).await;
    let unrecognised = MigrationRow { identity: Some(Hex32([8; 32])), ..recognise::slow() };
    world.send(&job.id, 1, vec![unrecognised]).await;
    valid.push(legacy);

    engine.close().await;
    (world, Known { team, valid, refused, jwt, sdk_key: sdk_key.key })
}

fn options(place: &Place, server: &Server) -> CopyOptions {
    let (from, to) = (place.options().database, server.options().database);
    CopyOptions { batch_rows: BATCH, ..CopyOptions::new(from, to) }
}

async fn copied(options: &CopyOptions) -> Copied {
    copy(options, &mut |_| {}).await.expect("copies")
}

fn differing(copied: &Copied) -> Vec<&str> {
    let tables = copied.tables.iter().filter(|table| !table.is_equal());
    tables.map(|table| table.name.as_str()).collect()
}

/// Begins a copy, and drops it at the batch of this number. Whether it was there to be dropped.
async fn interrupted(options: &CopyOptions, at: usize) -> bool {
    let (reached, mut at_batch) = tokio::sync::mpsc::unbounded_channel();
    let mut batches = 0;
    let mut count = |step: oneloop_engine::CopyStep| {
        batches += 1;
        if batches == at && !step.comparing {
            reached.send(()).expect("somebody waits");
        }
    };
    tokio::select! {
        biased;
        Some(()) = at_batch.recv() => true,
        copied = copy(options, &mut count) => {
            assert!(copied.expect("copies").is_equal());
            false
        }
    }
}

/// Whether an engine over `options` knows all that is known. The world's engine from then on.
async fn knows(world: &mut World, options: EngineOptions, known: &Known) {
    let clock = world.clock.clone();
    let engine = Engine::open(EngineOptions { clock, ..options }).await.expect("opens");
    // Some of them cost credit, or a look into the database.
    let says = async |key: &Secret, scopes: &[(&str, Access)]| {
        engine.verify(&known.team, &asking(key, scopes)).await.expect("an answer")
    };
    for key in &known.valid {
        assert_eq!(says(key, &[]).await.status, Verdict::Valid);
    }
    let deployments = [("deployments", Access::READ)];
    let first = says(&known.valid[0], &deployments).await;
    assert_eq!(
        (first.status, first.metadata["région"].as_str()),
        (Verdict::Valid, "\u{1F5FA} nord")
    );
    for (key, verdict) in &known.refused {
        assert_eq!(says(key, &[]).await.status, *verdict);
    }
    assert!(engine.authenticate_sdk_key(known.sdk_key.expose()).is_some());
    let jwt = VerifyJwt { jwt: known.jwt.clone(), ..VerifyJwt::default() };
    let jwt = engine.verify_jwt(&known.team, &jwt).await.expect("an answer");
    assert_eq!(jwt.status, JwtStatus::Valid);
    let meter = engine.get_meter(&known.team, &world.workspace.id, "tokens").await;
    assert_eq!(meter.expect("reads").expect("there").used_credits, 7_u64.into());
    let audit = engine.verify_audit(None).await.expect("looks");
    assert!(matches!(audit, AuditState::Intact(_)), "{audit:?}");
    // And goes on: new keys, new lines in both logs, a new job.
    world.engine = engine;
    let key = world.key().await;
    assert_eq!(world.verdict(&key.key), Verdict::Valid);
    world.job(9, 1, Conflict::Skip).await;
    world.engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_copy_goes_on_and_holds_the_same_and_so_does_its_way_back() {
    let (mut world, known) = everything().await;
    let server = Server::new().await;
    let there = options(&world.place, &server);

    let mut interruptions = 0;
    while interrupted(&there, 3).await {
        interruptions += 1;
        let half = Engine::open(server.options()).await.expect_err("no engine on half a copy");
        assert!(matches!(half, OpenError::HalfCopied { .. }), "{half:?}");
        assert!(interruptions < 100, "gets on");
    }
    assert!(interruptions > 5, "{interruptions}");
    std::fs::copy(world.place.pepper(), server.pepper()).expect("the same pepper");

    // Back to a file that is new, before anybody has changed anything.
    let home = Place::new().await;
    let (from, to) = (server.options().database, home.options().database);
    let back = CopyOptions { batch_rows: BATCH, ..CopyOptions::new(from, to) };
    while interrupted(&back, 7).await {}
    let nowhere = Server::new().await;
    let (again, first) = (copied(&options(&home, &nowhere)).await, rows(&world.place).await);
    assert!(again.is_equal(), "{:?}", differing(&again));
    for table in &again.tables {
        assert!(
            table.from.rows > 0,
            "the test's installation has nothing in `{}`: add it",
            table.name
        );
    }
    assert_eq!(rows(&home).await, first, "there and back again");

    std::fs::copy(world.place.pepper(), home.pepper()).expect("the same pepper");
    knows(&mut world, server.options(), &known).await;
    knows(&mut world, home.options(), &known).await;
}

/// The digests of a file's tables.
async fn rows(place: &Place) -> BTreeMap<String, String> {
    let compared = copied(&options(place, &Server::new().await)).await;
    compared.tables.into_iter().map(|table| (table.name, table.from.sha256)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_broken_in_the_target_is_found() {
    let (world, _) = everything().await;
    let server = Server::new().await;
    let there = options(&world.place, &server);
    assert!(interrupted(&there, 20).await, "still under way");
    server.execute("UPDATE team SET name = 'Acne'").await.expect("damages");
    for attempt in 0..2 {
        let copied = copied(&there).await;
        assert_eq!(differing(&copied), ["team"], "{attempt}");
        assert!(Engine::open(server.options()).await.is_err(), "and stays unusable");
    }
    server.execute("UPDATE team SET name = 'Acme'").await.expect("mends");
    assert!(copied(&there).await.is_equal());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_refused_where_it_would_lose_or_mix_something() {
    let (world, _) = everything().await;
    let server = Server::new().await;
    let there = options(&world.place, &server);
    let refused =
        async |options: &CopyOptions| copy(options, &mut |_| {}).await.expect_err("is refused");

    let same = CopyOptions::new(there.from.clone(), there.from.clone());
    assert!(matches!(refused(&same).await, CopyError::SameKind));
    let nowhere: Database =
        format!("sqlite:{}/nowhere.db", world.place.directory().display()).parse().expect("a URL");
    let absent = CopyOptions { from: nowhere, ..there.clone() };
    assert!(matches!(refused(&absent).await, CopyError::NoInstallation { .. }));
    assert!(!world.place.directory().join("nowhere.db").exists(), "asking makes nothing");

    // A server runs on the source.
    let running = world.another_engine().await;
    assert!(matches!(refused(&there).await, CopyError::InUse { .. }));
    running.close().await;

    // Half of another installation.
    assert!(interrupted(&there, 2).await);
    let (other, _) = everything().await;
    let mixed = CopyOptions { from: other.place.options().database, ..there.clone() };
    assert!(matches!(refused(&mixed).await, CopyError::OtherCopy { .. }));

    // The same one, later.
    let later = world.another_engine().await;
    later.create_api_key(&world.actor, &world.body()).await.expect("a key");
    later.close().await;
    assert!(matches!(refused(&there).await, CopyError::SourceChanged { .. }));

    // A whole installation.
    let full = Server::new().await;
    let theirs = CopyOptions { to: full.options().database, ..there.clone() };
    let engine = Engine::open(full.options()).await.expect("opens");
    let occupied = refused(&theirs).await;
    assert!(
        matches!(&occupied, CopyError::NotEmpty { table, .. } if table == "installation"),
        "{occupied:?}"
    );

    // And a server that a copy back would read from while it runs.
    let home = Place::new().await;
    let back = CopyOptions::new(full.options().database, home.options().database);
    assert!(matches!(refused(&back).await, CopyError::InUse { .. }));
    engine.close().await;
    tokio::time::timeout(Duration::from_secs(20), copied(&back)).await.expect("goes on");
}
