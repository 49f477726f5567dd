//! Keys that are still known under another service's recipe. The values are those of `oneloop-recipe`'s tests,
//! made with Python's hashlib and bcrypt.

use std::time::{Duration, Instant};

use oneloop_engine::{Engine, EngineError};
use oneloop_protocol::migration::{Conflict, Hex32, MigrationRow, RowOutcome};
use oneloop_protocol::{Reason, RotateApiKey, Secret, Verdict, VerifyRequest};
use serde_json::{Value, json};

use crate::world::{World, asking, new_team, refusal, verified};

pub(crate) const KEY: &str = "ak_live_Zk3v9QpLm2Xw8RtYb5NcJd7H";
const SHA1: &str = "8e1f99074fde3ecb6b237492f68f01a9bb4eb3f8";
const BCRYPT: &[u8] = b"$2b$04$RJb4UWb/1EjBFqUY6j5q5eVbrSKEiKYFT/0jyNCqH/U7k5eg7oTLC";

fn row(more: Value) -> MigrationRow {
    let mut row = json!({
        "row": 1,
        "identity": Hex32([9; 32]),
        "name": "legacy",
        "customerId": "ada",
    });
    for (field, value) in more.as_object().expect("an object") {
        row[field] = value.clone();
    }
    serde_json::from_value(row).expect("a row")
}

pub(crate) fn slow() -> MigrationRow {
    let stored = data_encoding::BASE64.encode(BCRYPT);
    row(json!({ "stored": stored, "locator": "ak_live_Zk3v" }))
}

impl World {
    pub(crate) async fn slow_key(&self) {
        let recipe = Some(r#"algorithm = "bcrypt""#);
        let job = self.job_with(1, 1, Conflict::Skip, recipe, Some("first:12")).await;
        let answer = self.send(&job.id, 1, vec![slow()]).await;
        assert_eq!(answer.rows[0].outcome, RowOutcome::Created, "{:?}", answer.rows);
    }

    async fn slow_key_again(&self) {
        let recipe = Some(r#"algorithm = "bcrypt""#);
        let job = self.job_with(2, 1, Conflict::Skip, recipe, Some("first:12")).await;
        let other = MigrationRow { identity: Some(Hex32([8; 32])), ..slow() };
        let answer = self.send(&job.id, 1, vec![other]).await;
        assert_eq!(answer.rows[0].outcome, RowOutcome::Created, "{:?}", answer.rows);
    }

    async fn asked(&self, key: &str) -> Verdict {
        let request = asking(&Secret::new(key), &[]);
        self.engine.verify(&self.team, &request).await.expect("an answer").status
    }

    /// The verdict of an engine that is asked for nothing but memory.
    fn asked_of_memory(&self, key: &str) -> Verdict {
        verified(&self.engine, &self.team, &asking(&Secret::new(key), &[])).status
    }
}

#[tokio::test]
async fn a_fast_digest_is_looked_up_and_becomes_native() {
    let world = World::new().await;
    let recipe = Some(r#"algorithm = "sha1""#);
    let job = world.job_with(1, 1, Conflict::Skip, recipe, None).await;
    let sent = || row(json!({ "recipeDigest": SHA1 }));
    world.send(&job.id, 1, vec![sent()]).await;
    assert_eq!(world.asked_of_memory(KEY), Verdict::Valid, "at once, and without asking anybody");
    assert_eq!(world.asked(&KEY.replace('Z', "z")).await, Verdict::Invalid);

    // Closing makes native what was recognised. A later engine does not need the recipe for it.
    world.engine.close().await;
    let later = world.another_engine().await;
    assert_eq!(
        verified(&later, &world.team, &asking(&Secret::new(KEY), &[])).status,
        Verdict::Valid
    );
    let listed = crate::world::listed(&later, &world.reach(), false).await;
    assert_eq!(listed[0].masked_key, "****Jd7H", "now that the key was seen");

    // The same row again is the same key, also now.
    let reopened = World { engine: later, ..world };
    let again = reopened.job_with(2, 1, Conflict::Fail, recipe, None).await;
    let answer = reopened.send(&again.id, 1, vec![sent()]).await;
    assert_eq!(answer.rows[0].outcome, RowOutcome::Unchanged);
}

#[tokio::test]
async fn what_one_recipe_makes_of_a_key_is_not_what_another_makes() {
    let world = World::new().await;
    let of_part = Some(r#"algorithm = "sha1", part = "after-last:_""#);
    let job = world.job_with(1, 1, Conflict::Skip, of_part, None).await;
    world.send(&job.id, 1, vec![row(json!({ "recipeDigest": SHA1 }))]).await;
    let whole = Some(r#"algorithm = "sha1""#);
    world.job_with(2, 1, Conflict::Skip, whole, None).await;
    assert_eq!(world.asked(KEY).await, Verdict::Invalid, "the digest is of another part");
}

#[tokio::test]
async fn a_slow_hash_is_tried_once_and_native_afterwards() {
    let world = World::new().await;
    world.slow_key().await;
    assert_eq!(world.asked("ak_live_Zk3v9QpLm2Xw8RtYb5NcJd7X").await, Verdict::Invalid);
    assert_eq!(world.asked("another_key_with_no_locator").await, Verdict::Invalid);
    assert_eq!(world.asked(KEY).await, Verdict::Valid);
    assert_eq!(world.asked_of_memory(KEY), Verdict::Valid, "nothing is tried any more");

    let recipe = Some(r#"algorithm = "bcrypt""#);
    let again = world.job_with(2, 1, Conflict::Fail, recipe, Some("first:12")).await;
    let answer = world.send(&again.id, 1, vec![slow()]).await;
    assert_eq!(answer.rows[0].outcome, RowOutcome::Unchanged, "the same row is the same key");
}

/// During a migration every node is asked for keys that are about to come.
#[tokio::test]
async fn a_key_that_was_unknown_is_known_on_every_node_once_it_came() {
    let world = World::new().await;
    let other = world.another_engine().await;
    let recipe = Some(r#"algorithm = "bcrypt""#);
    let job = world.job_with(1, 1, Conflict::Skip, recipe, Some("first:12")).await;
    let request = asking(&Secret::new(KEY), &[]);
    let asked =
        async |engine: &Engine| engine.verify(&world.team, &request).await.expect("answers");
    // Long enough for the other one to have heard of the recipe, and so to look for the key and not to find it.
    for _ in 0..10 {
        assert_eq!(asked(&other).await.status, Verdict::Invalid);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.send(&job.id, 1, vec![slow()]).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while asked(&other).await.status != Verdict::Valid {
        assert!(Instant::now() < deadline, "still unknown");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(asked(&world.engine).await.status, Verdict::Valid);
}

/// Whoever migrates hands out new secrets while the old ones go on working: also of keys that were not used yet.
#[tokio::test]
async fn the_old_secret_of_a_key_that_was_never_used_here_overlaps_as_any_other() {
    let world = World::new().await;
    world.slow_key().await;
    let id = crate::world::listed(&world.engine, &world.reach(), false).await[0].id.clone();
    let body = RotateApiKey { overlap_seconds: Some(3_600) };
    let reach = world.reach();
    let rotated = world.engine.rotate_api_key(&world.actor, &reach, &id, &body).await;
    let rotated = rotated.expect("rotates").key;
    // More often than a wrong key may be tried.
    for _ in 0..25 {
        assert_eq!(world.asked(KEY).await, Verdict::Valid);
    }
    assert_eq!(world.asked(rotated.expose()).await, Verdict::Valid);
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!(world.asked(KEY).await, Verdict::Invalid, "its time is over");
    assert_eq!(world.asked(rotated.expose()).await, Verdict::Valid);
}

#[tokio::test]
async fn a_secret_that_was_replaced_before_its_first_use_is_tried_no_more() {
    let world = World::new().await;
    world.slow_key().await;
    let id = crate::world::listed(&world.engine, &world.reach(), false).await[0].id.clone();
    let (reach, body) = (world.reach(), RotateApiKey::default());
    world.engine.rotate_api_key(&world.actor, &reach, &id, &body).await.expect("rotates");
    for _ in 0..25 {
        assert_eq!(world.asked(KEY).await, Verdict::Invalid);
    }
}

/// Where a recipe looks at a part of the key, several texts are the same key. None of them locks the others out.
#[tokio::test]
async fn one_spelling_of_a_key_does_not_take_the_place_of_another() {
    let world = World::new().await;
    let recipe = Some(r#"algorithm = "sha1", part = "after-first:|""#);
    let job = world.job_with(1, 1, Conflict::Skip, recipe, None).await;
    world.send(&job.id, 1, vec![row(json!({ "recipeDigest": SHA1 }))]).await;
    let (stale, right) = (format!("99|{KEY}"), format!("17|{KEY}"));
    for key in [&stale, &right, &stale] {
        assert_eq!(world.asked(key).await, Verdict::Valid);
    }
    world.engine.close().await;
    let later = World { engine: world.another_engine().await, ..world };
    assert_eq!(later.asked(&right).await, Verdict::Valid);

    later.slow_key_again().await;
    assert_eq!(
        later.asked(&format!("{KEY}\0junk")).await,
        Verdict::Valid,
        "what bcrypt sees of it"
    );
    assert_eq!(later.asked(KEY).await, Verdict::Valid);
}

#[tokio::test]
async fn a_key_that_became_native_is_still_the_jobs_to_undo() {
    let world = World::new().await;
    world.slow_key().await;
    assert_eq!(world.asked(KEY).await, Verdict::Valid);
    let job = world.engine.list_migrations(&world.team).await.expect("lists").remove(0);
    let step = world.engine.roll_back_migration(&world.actor, &job.id, Default::default()).await;
    assert_eq!(step.expect("undoes").migration.counts.removed, 1, "recognising is no edit");
    assert_eq!(world.asked(KEY).await, Verdict::Invalid);
}

#[tokio::test]
async fn another_team_does_not_have_the_key() {
    let world = World::new().await;
    world.slow_key().await;
    let rival = new_team(&world.engine, "Rival").await;
    let request: VerifyRequest = asking(&Secret::new(KEY), &[]);
    let answer = world.engine.verify(&rival, &request).await.expect("an answer");
    assert_eq!(answer.status, Verdict::Invalid);
}

#[tokio::test]
async fn a_locator_that_is_hammered_is_unavailable_and_never_a_wrong_answer() {
    let world = World::new().await;
    world.slow_key().await;
    let mut refused = 0;
    for number in 0..40 {
        let request = asking(&Secret::new(format!("ak_live_Zk3v-guess-{number}")), &[]);
        match world.engine.verify(&world.team, &request).await {
            Ok(answer) => assert_eq!(answer.status, Verdict::Invalid),
            Err(EngineError::Busy(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, 20);
    let right = world.engine.verify(&world.team, &asking(&Secret::new(KEY), &[])).await;
    assert!(matches!(right, Err(EngineError::Busy(_))), "to be asked again, not INVALID");
}

#[tokio::test]
async fn a_recipe_that_cannot_be_tried_is_refused_before_anything_is_written() {
    let world = World::new().await;
    let create = async |recipe: &str, locator: Option<&str>| {
        let body = oneloop_protocol::migration::CreateMigration {
            workspace_id: world.workspace.id.clone(),
            plan_digest: Hex32([1; 32]),
            rows: 1,
            conflict: Conflict::Skip,
            recipe: Some(recipe.to_owned()),
            locator: locator.map(str::to_owned),
            proof_waived_by: None,
        };
        refusal(world.engine.create_migration(&world.actor, &body).await)
    };
    let named = |field: &str| Some(field.to_owned());
    let invalid = Reason::RecipeInvalid;
    assert_eq!(create("algorithm = \"rot13\"", None).await, (invalid, named("recipe")));
    assert_eq!(create("algorithm = \"bcrypt\"", None).await, (invalid, named("locator")));
    assert_eq!(create("algorithm = \"bcrypt\"", Some("x")).await, (invalid, named("locator")));
    let hmac = r#"algorithm = "hmac-sha256", hmac-key = "file:/etc/hostname""#;
    assert_eq!(create(hmac, None).await, (Reason::SecretNotConfigured, named("recipe")));
    assert!(world.engine.list_migrations(&world.team).await.expect("lists").is_empty());
}

#[tokio::test]
async fn a_stored_value_and_its_locator_are_in_no_column() {
    let world = World::new().await;
    world.slow_key().await;
    let contents = world.place.contents().await;
    assert!(contents.iter().any(|(_, bytes)| bytes.windows(6).any(|window| window == b"legacy")));
    for (name, bytes) in contents {
        assert!(!bytes.windows(BCRYPT.len()).any(|window| window == BCRYPT), "{name}");
        assert!(!bytes.windows(12).any(|window| window == b"ak_live_Zk3v"), "{name}");
    }
}
