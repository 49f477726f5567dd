//! No secret is ever written down: planted, used in every way, and searched for.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use oneloop_engine::Actor;
use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::{CreateLinkToken, Rights, RotateApiKey, Secret};

use crate::world::{World, asking, verified};

/// Where the log goes.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Uses every way a secret can come in or go out, and returns them all.
async fn use_every_secret(world: &World) -> Vec<Secret> {
    let (engine, actor) = (&world.engine, &world.actor);
    let created = world.key().await;
    let id = &created.api_key.id;
    let overlap = RotateApiKey { overlap_seconds: Some(60) };
    let rotated = engine.rotate_api_key(actor, &world.reach(), id, &overlap).await;
    let rotated = rotated.expect("rotates");
    let legacy = Secret::new("canary-in-the-coal-mine");
    let row = world.legacy(legacy.expose());
    engine.migrate_api_key(actor, &row).await.expect("migrates");
    let differs = oneloop_protocol::MigrateApiKey { name: "other".to_owned(), ..row };
    engine.migrate_api_key(actor, &differs).await.expect_err("exists, different");
    let body = CreateLinkToken::new(world.workspace.id.clone(), "ada");
    let token = engine.create_link_token(actor, &body).await.expect("mints").token;
    let sdk_key = engine.create_sdk_key(&Actor::operator(), &world.team, "ci", Rights::ALL).await;
    let sdk_key = sdk_key.expect("an SDK key").key;
    let unknown = Secret::new("canary-that-nobody-knows");
    engine.authenticate_link_token(token.expose()).await.expect("works");
    engine.authenticate_link_token(unknown.expose()).await.expect_err("unknown");
    engine.authenticate_sdk_key(sdk_key.expose()).expect("works");
    assert!(engine.authenticate_sdk_key(unknown.expose()).is_none());
    let secrets = vec![created.key, rotated.key, legacy, token, sdk_key, unknown];
    for secret in &secrets {
        let request = asking(secret, &[]);
        let answer = format!("{request:?} {:?}", verified(engine, &world.team, &request));
        assert!(!answer.contains(secret.expose()), "in Debug");
    }
    secrets
}

#[tokio::test]
async fn no_secret_and_no_digest_is_in_any_file_or_log_line() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // Global, so that background tasks and every other test of this binary are heard as well.
    tracing::subscriber::set_global_default(subscriber).expect("the only one to set it");

    let world = World::new().await;
    let secrets = use_every_secret(&world).await;
    let mut places = vec![("log".to_owned(), captured.bytes())];
    for moment in ["open", "closed"] {
        if moment == "closed" {
            world.engine.close().await;
        }
        for (name, bytes) in world.place.contents().await {
            places.push((format!("{name} ({moment})"), bytes));
        }
    }
    let (_, log) = &places[0];
    assert!(contains(log, b"Rotated API key"), "the log was captured");
    let found = |moment: &str| {
        let here = |(name, bytes): &(String, Vec<u8>)| {
            name.ends_with(moment) && contains(bytes, b"api_key.rotated")
        };
        places.iter().any(here)
    };
    assert!(found("(open)") && found("(closed)"), "the search finds what is there");

    for (name, bytes) in &places {
        for (at, secret) in secrets.iter().enumerate() {
            let digest = KeyDigest::of(secret.expose());
            let found = contains(bytes, secret.expose().as_bytes())
                || contains(bytes, digest.as_bytes())
                || contains(bytes, hex(digest.as_bytes()).as_bytes());
            assert!(!found, "secret {at} or its digest is in {name}");
        }
    }
}
