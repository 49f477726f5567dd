//! Migration jobs: chunks, policies, replay, comparison, undoing.

use std::time::Duration;

use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::migration::{
    ChunkAnswer, Conflict, CreateMigration, FinishMigration, Hex32, Migration, MigrationRow,
    MigrationState, RollBackMigration, RowAnswer, RowOutcome,
};
use oneloop_protocol::{
    Access, ApiKeyId, MigrationId, PatchApiKey, Reason, RotateApiKey, Secret, Verdict,
};
use serde_json::json;

use crate::world::{World, listed, new_team, operator_for, refusal};

pub(crate) fn key(number: u64) -> Secret {
    Secret::new(format!("legacy-secret-number-{number:08}"))
}

pub(crate) fn row(number: u64) -> MigrationRow {
    let digest = Hex32(*KeyDigest::of(key(number).expose()).as_bytes());
    let row = json!({
        "row": number,
        "digest": digest,
        "name": format!("key {number}"),
        "customerId": format!("customer-{}", number % 3),
        "scopes": { "deployments": "read", "metrics": "create+delete" },
        "createdAt": 1_600_000_000_000_i64 + i64::try_from(number).expect("small"),
        "metadata": { "origin": "legacy" },
    });
    serde_json::from_value(row).expect("a row")
}

pub(crate) fn rows(numbers: std::ops::RangeInclusive<u64>) -> Vec<MigrationRow> {
    numbers.map(row).collect()
}

/// What is sent, and what recognises it.
pub(crate) fn body(rows: &[MigrationRow]) -> Hex32 {
    Hex32::sha256(&serde_json::to_vec(rows).expect("serialises"))
}

impl World {
    pub(crate) async fn job(&self, plan: u8, rows: u64, conflict: Conflict) -> Migration {
        self.job_with(plan, rows, conflict, None, None).await
    }

    pub(crate) async fn job_with(
        &self,
        plan: u8,
        rows: u64,
        conflict: Conflict,
        recipe: Option<&str>,
        locator: Option<&str>,
    ) -> Migration {
        let body = CreateMigration {
            workspace_id: self.workspace.id.clone(),
            plan_digest: Hex32([plan; 32]),
            rows,
            conflict,
            recipe: recipe.map(str::to_owned),
            locator: locator.map(str::to_owned),
            proof_waived_by: None,
        };
        self.engine.create_migration(&self.actor, &body).await.expect("a job")
    }

    pub(crate) async fn send(
        &self,
        id: &MigrationId,
        chunk: u32,
        rows: Vec<MigrationRow>,
    ) -> ChunkAnswer {
        let digest = body(&rows);
        let sent = self.engine.import_chunk(&self.actor, id, chunk, digest, rows).await;
        sent.expect("takes the chunk")
    }

    pub(crate) async fn undo(&self, id: &MigrationId, force: bool) -> (Migration, Vec<RowAnswer>) {
        let mut rows = Vec::new();
        loop {
            let body = RollBackMigration { force };
            let step =
                self.engine.roll_back_migration(&self.actor, id, body).await.expect("undoes");
            rows.extend(step.rows);
            if step.migration.state == MigrationState::RolledBack {
                return (step.migration, rows);
            }
        }
    }
}

pub(crate) fn outcomes(answer: &ChunkAnswer) -> Vec<RowOutcome> {
    answer.rows.iter().map(|row| row.outcome).collect()
}

pub(crate) fn id_of(answer: &ChunkAnswer, at: usize) -> ApiKeyId {
    answer.rows[at].id.clone().expect("a key")
}

#[tokio::test]
async fn a_job_brings_keys_along_and_finishes_when_nothing_is_missing() {
    let world = World::new().await;
    let job = world.job(1, 5, Conflict::Skip).await;
    let first = world.send(&job.id, 1, rows(1..=3)).await;
    assert_eq!(outcomes(&first), [RowOutcome::Created; 3]);
    assert_eq!((first.counts.rows, first.counts.created, first.replayed), (3, 3, false));
    for number in 1..=3 {
        let verified = world.verify(&key(number));
        assert_eq!(verified.status, Verdict::Valid);
        assert_eq!(verified.metadata["origin"], "legacy");
        let scopes: Vec<_> = verified
            .scopes
            .iter()
            .map(|scope| (scope.representation.as_str(), scope.access()))
            .collect();
        assert_eq!(
            scopes,
            [("deployments", Access::READ), ("metrics", Access::CREATE.union(Access::DELETE))]
        );
    }
    assert_eq!(world.verdict(&key(4)), Verdict::Invalid);

    let early = FinishMigration { chunks: 1, rows: 3 };
    let refused = world.engine.finish_migration(&world.actor, &job.id, early).await;
    assert_eq!(refusal(refused), (Reason::MigrationIncomplete, None), "the plan has five rows");
    world.send(&job.id, 2, rows(4..=5)).await;
    let all = FinishMigration { chunks: 2, rows: 5 };
    let done = world.engine.finish_migration(&world.actor, &job.id, all).await.expect("finishes");
    assert_eq!(done.state, MigrationState::Finished);
    let more = rows(6..=6);
    let refused = world.engine.import_chunk(&world.actor, &job.id, 3, body(&more), more).await;
    assert_eq!(refusal(refused), (Reason::MigrationClosed, None));
    assert_eq!(listed(&world.engine, &world.reach(), true).await.len(), 5);
}

#[tokio::test]
async fn a_job_is_found_again_by_its_plan_and_a_chunk_by_its_number() {
    let world = World::new().await;
    let job = world.job(1, 4, Conflict::Skip).await;
    let first = world.send(&job.id, 1, rows(1..=2)).await;
    let again = world.send(&job.id, 1, rows(1..=2)).await;
    assert_eq!(again.rows, first.rows);
    assert!(again.replayed && !first.replayed);
    assert_eq!(again.counts, first.counts, "counted once");

    let found = world.job(1, 4, Conflict::Skip).await;
    assert_eq!((found.id.clone(), found.chunks), (job.id.clone(), 1));
    assert_ne!(world.job(2, 4, Conflict::Skip).await.id, job.id, "another plan");

    let other = rows(3..=4);
    let differs =
        world.engine.import_chunk(&world.actor, &job.id, 1, body(&other), other.clone()).await;
    assert_eq!(refusal(differs), (Reason::ChunkDiffers, None));
    let gap = world.engine.import_chunk(&world.actor, &job.id, 3, body(&other), other).await;
    assert_eq!(refusal(gap), (Reason::ChunkOutOfOrder, Some("chunk".to_owned())));
    assert_eq!(listed(&world.engine, &world.reach(), true).await.len(), 2);
}

#[tokio::test]
async fn the_same_row_of_another_job_is_unchanged_and_never_a_second_key() {
    let world = World::new().await;
    let one = world.job(1, 2, Conflict::Fail).await;
    let first = world.send(&one.id, 1, rows(1..=2)).await;
    let two = world.job(2, 3, Conflict::Fail).await;
    let second = world.send(&two.id, 1, vec![row(2), row(1), row(3)]).await;
    use RowOutcome::{Created, Unchanged};
    assert_eq!(outcomes(&second), [Unchanged, Unchanged, Created]);
    assert_eq!(id_of(&second, 0), id_of(&first, 1));
    assert_eq!(listed(&world.engine, &world.reach(), true).await.len(), 3);
}

#[tokio::test]
async fn each_policy_does_what_it_says_with_a_key_that_differs() {
    for conflict in [Conflict::Skip, Conflict::Update, Conflict::Fail] {
        let world = World::new().await;
        let one = world.job(1, 2, Conflict::Skip).await;
        world.send(&one.id, 1, rows(1..=2)).await;
        let two = world.job(2, 2, conflict).await;
        let mut changed = rows(1..=2);
        changed[0].name = "renamed".to_owned();
        changed[0].enabled = false;
        let answer = world.send(&two.id, 1, changed).await;
        let fields: Vec<_> = answer.rows[0].diff.iter().map(|diff| diff.field.as_str()).collect();
        assert_eq!(fields, ["name", "enabled"], "{conflict}");
        assert_eq!(answer.rows[1].outcome, RowOutcome::Unchanged);
        let (outcome, committed, verdict) = match conflict {
            Conflict::Skip => (RowOutcome::Conflict, true, Verdict::Valid),
            Conflict::Update => (RowOutcome::Updated, true, Verdict::Disabled),
            Conflict::Fail => (RowOutcome::ConflictFails, false, Verdict::Valid),
        };
        assert_eq!((answer.rows[0].outcome, answer.committed), (outcome, committed));
        assert_eq!(world.verdict(&key(1)), verdict, "{conflict}");
        let job = world.engine.migration(&world.team, &two.id).await.expect("there");
        assert_eq!(job.chunks, u32::from(committed), "a chunk that fails leaves nothing behind");
    }
}

#[tokio::test]
async fn a_stopped_job_goes_on_under_another_policy() {
    let world = World::new().await;
    let one = world.job(1, 1, Conflict::Skip).await;
    world.send(&one.id, 1, rows(1..=1)).await;
    let mut changed = rows(1..=1);
    changed[0].name = "renamed".to_owned();
    let two = world.job(2, 1, Conflict::Fail).await;
    assert!(!world.send(&two.id, 1, changed.clone()).await.committed);
    let same = world.job(2, 1, Conflict::Skip).await;
    assert_eq!((same.id.clone(), same.conflict), (two.id, Conflict::Skip));
    assert!(world.send(&same.id, 1, changed).await.committed);
}

#[tokio::test]
async fn what_was_decided_here_is_not_undone_by_an_import() {
    let world = World::new().await;
    let one = world.job(1, 3, Conflict::Update).await;
    let first = world.send(&one.id, 1, rows(1..=3)).await;
    let (engine, actor, reach) = (&world.engine, &world.actor, world.reach());
    engine.delete_api_key(actor, &reach, &id_of(&first, 0)).await.expect("deletes");
    let rotate = RotateApiKey::default();
    engine.rotate_api_key(actor, &reach, &id_of(&first, 1), &rotate).await.expect("rotates");
    let minted = world.key().await;
    let two = world.job(2, 4, Conflict::Update).await;
    let mut again = rows(1..=4);
    again[3].digest = Some(Hex32(*KeyDigest::of(minted.key.expose()).as_bytes()));
    let answer = world.send(&two.id, 1, again).await;
    use RowOutcome::{DeletedHere, MintedHere, RotatedHere, Unchanged};
    assert_eq!(outcomes(&answer), [DeletedHere, RotatedHere, Unchanged, MintedHere]);
    assert_eq!(answer.counts.refused, 3);
    assert_eq!(world.verdict(&key(1)), Verdict::Deleted);
    assert_eq!(world.verdict(&key(2)), Verdict::Invalid);
}

#[tokio::test]
async fn a_bad_row_is_named_and_the_others_are_taken() {
    let world = World::new().await;
    let job = world.job(1, 5, Conflict::Skip).await;
    let mut bad = rows(1..=5);
    bad[0].name = String::new();
    bad[1].scopes.insert("nowhere".to_owned(), "read".parse().expect("a word"));
    bad[2].digest = None;
    bad[3].digest = bad[4].digest;
    let answer = world.send(&job.id, 1, bad).await;
    use RowOutcome::{Created, DuplicateInInput, Invalid};
    assert_eq!(outcomes(&answer), [Invalid, Invalid, Invalid, Created, DuplicateInInput]);
    let said: Vec<_> = answer.rows[..3]
        .iter()
        .map(|row| (row.field.as_deref().expect("a field"), row.reason.as_deref().expect("why")))
        .collect();
    assert_eq!(
        said,
        [("name", "name_empty"), ("scopes.nowhere", "unknown_scope"), ("digest", "missing_field")]
    );
    let stored = world.engine.migration_chunk(&world.team, &job.id, 1).await.expect("there");
    assert_eq!(stored.rows, answer.rows, "a report says what was answered");
}

#[tokio::test]
async fn a_paused_job_takes_nothing_until_it_is_resumed() {
    let world = World::new().await;
    let job = world.job(1, 2, Conflict::Skip).await;
    world.engine.pause_migration(&world.actor, &job.id).await.expect("pauses");
    let sent = rows(1..=2);
    let refused =
        world.engine.import_chunk(&world.actor, &job.id, 1, body(&sent), sent.clone()).await;
    assert_eq!(refusal(refused), (Reason::MigrationPaused, None));
    world.engine.resume_migration(&world.actor, &job.id).await.expect("resumes");
    assert!(world.send(&job.id, 1, sent).await.committed);
}

#[tokio::test]
async fn undoing_removes_what_the_job_made_and_nothing_else() {
    let world = World::new().await;
    let kept = world.job(1, 2, Conflict::Skip).await;
    world.send(&kept.id, 1, rows(1..=2)).await;
    let minted = world.key().await;
    let job = world.job(2, 4, Conflict::Skip).await;
    world.send(&job.id, 1, rows(2..=3)).await;
    world.send(&job.id, 2, rows(4..=5)).await;

    let (undone, said) = world.undo(&job.id, false).await;
    assert_eq!((undone.counts.removed, undone.counts.kept), (3, 0));
    assert!(said.is_empty());
    for (number, verdict) in [
        (1, Verdict::Valid),
        (2, Verdict::Valid),
        (3, Verdict::Invalid),
        (4, Verdict::Invalid),
        (5, Verdict::Invalid),
    ] {
        assert_eq!(world.verdict(&key(number)), verdict, "key {number}");
    }
    assert_eq!(world.verdict(&minted.key), Verdict::Valid);
    assert_eq!(listed(&world.engine, &world.reach(), true).await.len(), 3, "no trace is left");

    // And what was undone can be done again, by a job of its own.
    let again = world.job(2, 4, Conflict::Skip).await;
    assert_ne!(again.id, job.id);
    let answer = world.send(&again.id, 1, rows(2..=5)).await;
    assert_eq!((answer.counts.created, answer.counts.unchanged), (3, 1));
    assert_eq!(world.verdict(&key(5)), Verdict::Valid);
}

#[tokio::test]
async fn undoing_restores_what_the_job_changed() {
    let world = World::new().await;
    let one = world.job(1, 2, Conflict::Skip).await;
    world.send(&one.id, 1, rows(1..=2)).await;
    let before = listed(&world.engine, &world.reach(), true).await;
    world.clock.advance(Duration::from_secs(5));
    let two = world.job(2, 2, Conflict::Update).await;
    let mut changed = rows(1..=2);
    changed[0].name = "renamed".to_owned();
    changed[0].enabled = false;
    changed[0].scopes.clear();
    changed[0].metadata.clear();
    world.send(&two.id, 1, changed).await;
    assert_eq!(world.verdict(&key(1)), Verdict::Disabled);

    let (undone, _) = world.undo(&two.id, false).await;
    assert_eq!((undone.counts.restored, undone.counts.removed), (1, 0));
    assert_eq!(listed(&world.engine, &world.reach(), true).await, before);
    assert_eq!(world.verify(&key(1)).metadata["origin"], "legacy");

    // The job before it sees its own keys, as it made them.
    let (undone, said) = world.undo(&one.id, false).await;
    assert_eq!((undone.counts.removed, said.len()), (2, 0));
    assert!(listed(&world.engine, &world.reach(), true).await.is_empty());
}

#[tokio::test]
async fn another_engine_follows_chunks_and_their_undoing() {
    let world = World::new().await;
    let other = world.another_engine().await;
    let seen = async |number: u64, wanted: Verdict| {
        let deadline = std::time::Instant::now() + Duration::from_secs(5);
        loop {
            let request = crate::world::asking(&key(number), &[]);
            let found = crate::world::verified(&other, &world.team, &request).status;
            if found == wanted {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{found:?} instead of {wanted:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let job = world.job(1, 2_000, Conflict::Skip).await;
    world.send(&job.id, 1, rows(1..=2_000)).await;
    seen(1, Verdict::Valid).await;
    seen(2_000, Verdict::Valid).await;
    world.undo(&job.id, false).await;
    seen(1, Verdict::Invalid).await;
    seen(2_000, Verdict::Invalid).await;
    other.close().await;
}

#[tokio::test]
async fn jobs_survive_a_restart() {
    let world = World::new().await;
    let job = world.job(1, 4, Conflict::Skip).await;
    let first = world.send(&job.id, 1, rows(1..=2)).await;
    let reopened = world.another_engine().await;
    let found = reopened.migration(&world.team, &job.id).await.expect("there");
    assert_eq!((found.chunks, found.counts), (1, first.counts));
    let rest = rows(3..=4);
    let digest = body(&rest);
    let sent =
        reopened.import_chunk(&world.actor, &job.id, 2, digest, rest).await.expect("goes on");
    assert_eq!(sent.counts.created, 4);
    reopened.close().await;
}

#[tokio::test]
async fn both_sides_have_one_digest_until_somebody_changes_something() {
    let world = World::new().await;
    let job = world.job(1, 4, Conflict::Skip).await;
    let (one, two) = (rows(1..=2), rows(3..=4));
    let sent = world.send(&job.id, 1, one.clone()).await;
    world.send(&job.id, 2, two.clone()).await;
    let all = FinishMigration { chunks: 2, rows: 4 };
    world.engine.finish_migration(&world.actor, &job.id, all).await.expect("finishes");
    let (engine, actor) = (&world.engine, &world.actor);
    let compare = async |chunk, rows| engine.compare_chunk(actor, &job.id, chunk, rows).await;

    let early = compare(2, two.clone()).await;
    assert_eq!(refusal(early).0, Reason::ChunkOutOfOrder);
    compare(1, one.clone()).await.expect("compares");
    let sides = compare(2, two.clone()).await.expect("compares");
    assert_eq!(sides.source.digest, sides.target.digest);
    assert_eq!((sides.target.same, sides.target.different, sides.target.missing), (4, 0, 0));
    let report = engine.migration_report(&world.team, &job.id).await.expect("reports");
    assert!(report.report.reconciled);

    world.clock.advance(Duration::from_secs(5));
    let rename = PatchApiKey { name: Some("other".to_owned()), ..PatchApiKey::default() };
    let id = id_of(&sent, 0);
    engine.patch_api_key(actor, &world.reach(), &id, &rename).await.expect("edits");
    let mut unknown = two;
    unknown[1] = row(99);
    let first = compare(1, one).await.expect("compares");
    assert_eq!(first.differences.len(), 1);
    assert_eq!(first.differences[0].diff[0].field, "name");
    let sides = compare(2, unknown).await.expect("compares");
    assert_ne!(sides.source.digest, sides.target.digest);
    assert_eq!((sides.target.same, sides.target.different, sides.target.missing), (2, 1, 1));
    let report = engine.migration_report(&world.team, &job.id).await.expect("reports");
    assert!(!report.report.reconciled);
}

#[tokio::test]
async fn a_report_is_signed_and_a_changed_one_is_not() {
    use data_encoding::BASE64URL_NOPAD;
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};

    let world = World::new().await;
    let job = world.job(1, 1, Conflict::Skip).await;
    let signed = world.engine.migration_report(&world.team, &job.id).await.expect("reports");
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).expect("base 64");
    let key: [u8; 32] = decode(&signed.public_key.x).try_into().expect("32 bytes");
    let key = VerifyingKey::from_bytes(&key).expect("a point");
    let (message, signature) = signed.jws.rsplit_once('.').expect("three parts");
    let signature = Signature::from_slice(&decode(signature)).expect("64 bytes");
    key.verify(message.as_bytes(), &signature).expect("is signed");
    let (_, payload) = message.split_once('.').expect("two parts");
    let report: oneloop_protocol::migration::MigrationReport =
        serde_json::from_slice(&decode(payload)).expect("a report");
    assert_eq!(report, signed.report);
    assert!(key.verify(format!("{message}x").as_bytes(), &signature).is_err());
}

#[tokio::test]
async fn another_teams_job_does_not_exist() {
    let world = World::new().await;
    let job = world.job(1, 1, Conflict::Skip).await;
    let rival = new_team(&world.engine, "Rival").await;
    let actor = operator_for(&rival);
    let engine = &world.engine;
    let unknown = (Reason::UnknownMigration, None);
    assert_eq!(refusal(engine.migration(&rival, &job.id).await), unknown);
    assert_eq!(refusal(engine.pause_migration(&actor, &job.id).await), unknown);
    assert_eq!(refusal(engine.migration_report(&rival, &job.id).await), unknown);
    let sent = rows(1..=1);
    let refused = engine.import_chunk(&actor, &job.id, 1, body(&sent), sent).await;
    assert_eq!(refusal(refused), unknown);
    let undone = engine.roll_back_migration(&actor, &job.id, RollBackMigration::default()).await;
    assert_eq!(refusal(undone), unknown);
    assert!(engine.list_migrations(&rival).await.expect("lists").is_empty());
}

#[tokio::test]
async fn every_step_stands_in_the_audit_and_no_digest_does() {
    let world = World::new().await;
    let job = world.job(1, 1, Conflict::Skip).await;
    let sent = rows(1..=1);
    let digest = sent[0].digest.expect("native").to_string();
    world.send(&job.id, 1, sent).await;
    world.undo(&job.id, false).await;
    let lines = world.engine.list_audit(Some(&world.team), 100).await.expect("lists");
    let of_job: Vec<_> = lines.iter().filter(|line| line.subject == job.id.as_str()).collect();
    let actions: Vec<_> = of_job.iter().rev().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["migration.created", "migration.chunk", "migration.rolled_back"]);
    assert!(of_job.iter().all(|line| !line.detail.to_string().contains(&digest)));
}
