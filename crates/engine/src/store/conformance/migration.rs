//! Migration jobs, and keys under another service's recipe.

use oneloop_protocol::ApiKeyId;
use oneloop_protocol::migration::{
    Conflict, MigrationCounts, MigrationState, RowAnswer, RowOutcome,
};

use super::{Factory, TEAM, WORKSPACE, key, pepper, populated, read, tag};
use crate::store::{
    ApiKeyRow, ChunkRow, Entry, KeyImage, Ledger, LegacyKeyRow, MigrationRow, RecipeRow, Store,
    Subject, TagHolder,
};

pub(super) async fn run<F: Factory>(new: &impl Fn() -> F) {
    a_job_comes_back_as_it_was_written(&new()).await;
    a_chunk_is_one_line_of_the_change_log(&new()).await;
    many_tags_are_looked_up_at_once(&new()).await;
    keys_are_replaced_and_removed(&new()).await;
    a_locator_leads_to_few_stored_values(&new()).await;
}

fn job() -> MigrationRow {
    MigrationRow {
        number: 0,
        id: 0x77,
        team: TEAM,
        workspace: WORKSPACE,
        plan_digest: [3; 32],
        state: MigrationState::Importing,
        conflict: Conflict::Update,
        recipe: None,
        planned_rows: 1 << 40,
        chunks: 0,
        undone_chunks: 0,
        counts: MigrationCounts::default(),
        comparison: None,
        created_by: "sk_1".to_owned(),
        proof_waived_by: Some("Ada".to_owned()),
        created_at: 5,
        updated_at: 5,
    }
}

fn recipe(number: u32, locator: Option<&str>) -> RecipeRow {
    RecipeRow {
        team: TEAM,
        number,
        recipe: "algorithm = \"bcrypt\"".to_owned(),
        locator: locator.map(str::to_owned),
        created_at: 6,
    }
}

async fn with_job(factory: &impl Factory) -> (Box<dyn Store>, MigrationRow) {
    let store = populated(factory).await;
    let mut write = store.write().await.expect("begins");
    let number = write.insert_migration(&job()).await.expect("inserts");
    write.commit(&[], &pepper()).await.expect("commits");
    (store, MigrationRow { number, ..job() })
}

async fn a_job_comes_back_as_it_was_written(factory: &impl Factory) {
    let (store, mut row) = with_job(factory).await;
    assert!(row.number > 0);
    assert_eq!(read(&*store).await.migration(0x77).await.expect("reads"), Some(row.clone()));
    row.state = MigrationState::RolledBack;
    row.conflict = Conflict::Skip;
    (row.chunks, row.undone_chunks, row.updated_at) = (9, 8, 7);
    row.counts.created = 1 << 40;
    let mut write = store.write().await.expect("begins");
    write.update_migration(&row).await.expect("updates");
    let second = MigrationRow { id: 0x78, recipe: Some(2), proof_waived_by: None, ..job() };
    let number = write.insert_migration(&second).await.expect("inserts");
    write.commit(&[], &pepper()).await.expect("commits");
    let mut snapshot = read(&*store).await;
    let newest = MigrationRow { number, ..second };
    assert_eq!(snapshot.migrations(TEAM).await.expect("reads"), [newest, row]);
    assert!(snapshot.migrations(0x99).await.expect("reads").is_empty());
    assert_eq!(snapshot.migration(0x99).await.expect("reads"), None);
}

async fn a_chunk_is_one_line_of_the_change_log(factory: &impl Factory) {
    let (store, job) = with_job(factory).await;
    let start = read(&*store).await.revision().await.expect("reads");
    let keys = [key(1, "ada"), key(2, "bob")];
    let mut write = store.write().await.expect("begins");
    let revision = write.insert_chunk_keys(job.id, &keys, &[]).await.expect("inserts");
    let mut ledger = Ledger::default();
    ledger.push(Entry { row: 4, outcome: RowOutcome::Created, key: Some(1) });
    ledger.push(Entry { row: 5, outcome: RowOutcome::Unchanged, key: Some(9) });
    ledger.push(Entry { row: 6, outcome: RowOutcome::Created, key: Some(2) });
    let mut chunk = ChunkRow {
        migration: job.number,
        number: 1,
        digest: [8; 32],
        ledger,
        details: vec![RowAnswer::plain(7, RowOutcome::Invalid, Some(ApiKeyId::from_bits(1)))],
        before: vec![KeyImage::of(&keys[0])],
        revision: Some(revision),
        at: 50,
        undone: false,
    };
    write.insert_migration_chunk(&chunk).await.expect("inserts");
    write.commit(&[], &pepper()).await.expect("commits");

    let mut snapshot = read(&*store).await;
    let changes = snapshot.changes(start, 10).await.expect("reads");
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].subject, Subject::MigrationChunk(job.id));
    assert_eq!(snapshot.chunk_keys(changes[0].revision).await.expect("reads"), [1, 2]);
    assert!(snapshot.chunk_keys(start).await.expect("reads").is_empty());
    for id in [1, 2] {
        let row = snapshot.api_key(id).await.expect("reads").expect("there");
        assert_eq!(row.revision, revision);
    }
    let stored = snapshot.migration_chunk(job.number, 1).await.expect("reads");
    assert_eq!(stored.as_ref(), Some(&chunk));
    assert_eq!(snapshot.migration_chunk(job.number, 2).await.expect("reads"), None);
    drop(snapshot);

    chunk.details.clear();
    chunk.undone = true;
    let mut write = store.write().await.expect("begins");
    write.update_migration_chunk(&chunk).await.expect("updates");
    write.commit(&[], &pepper()).await.expect("commits");
    let stored = read(&*store).await.migration_chunk(job.number, 1).await.expect("reads");
    assert_eq!(stored, Some(chunk));
}

async fn many_tags_are_looked_up_at_once(factory: &impl Factory) {
    let (store, job) = with_job(factory).await;
    let keys = [1, 2, 3].map(|id| ApiKeyRow { recipe: Some(7), ..key(id, "ada") });
    let mut write = store.write().await.expect("begins");
    let revision = write.insert_chunk_keys(job.id, &keys, &[]).await.expect("inserts");
    let rotated = ApiKeyRow { tag: tag(22), ..key(2, "ada") };
    write.rotate_api_key(&rotated, &tag(2), &[]).await.expect("rotates");
    let native = ApiKeyRow { tag: tag(33), masked_key: "****abcd".to_owned(), ..key(3, "ada") };
    let upgraded = write.upgrade_api_key(&native, &tag(3)).await.expect("upgrades");
    write.commit(&[], &pepper()).await.expect("commits");

    let mut snapshot = read(&*store).await;
    for (id, recipe) in [(1, Some(7)), (2, None), (3, None)] {
        let row = snapshot.api_key(id).await.expect("reads").expect("there");
        assert_eq!(row.recipe, recipe, "a key that was rotated or became native has none");
    }
    let asked = [tag(1), tag(2), tag(22), tag(3), tag(33), tag(99)];
    let mut held: Vec<_> = snapshot
        .tag_holders(&asked)
        .await
        .expect("reads")
        .into_iter()
        .map(|(tag, holder)| {
            (
                tag,
                match holder {
                    TagHolder::Current(key) => Some(key.id),
                    TagHolder::Replaced(_) => None,
                },
            )
        })
        .collect();
    held.sort_unstable();
    let expected = [
        (tag(1), Some(1)),
        (tag(2), None),
        (tag(3), Some(3)),
        (tag(22), Some(2)),
        (tag(33), Some(3)),
    ];
    assert_eq!(held, expected);
    assert!(snapshot.tag_holders(&[]).await.expect("reads").is_empty());
    assert_eq!(snapshot.rotated_keys(&[1, 2, 3, 99]).await.expect("reads"), [2]);
    let row = snapshot.api_key(3).await.expect("reads").expect("there");
    assert_eq!((row.revision, row.masked_key.as_str(), row.updated_at), (upgraded, "****abcd", 4));
    assert!(upgraded > revision);
    let changes = snapshot.changes(upgraded - 1, 10).await.expect("reads");
    assert_eq!(changes[0].retired, Some(tag(3)), "nobody answers to the tag of its row any more");
    let mut some = snapshot.api_keys_by_id(&[3, 1, 99]).await.expect("reads");
    some.sort_by_key(|key| key.id);
    assert_eq!(some.iter().map(|key| key.id).collect::<Vec<_>>(), [1, 3]);
}

async fn keys_are_replaced_and_removed(factory: &impl Factory) {
    let (store, job) = with_job(factory).await;
    let mut write = store.write().await.expect("begins");
    let keys = [key(1, "ada"), key(2, "ada")];
    write.insert_chunk_keys(job.id, &keys, &[]).await.expect("inserts");
    let changed = ApiKeyRow {
        name: "ÉMILE".to_owned(),
        customer_id: "bob".to_owned(),
        metadata: Default::default(),
        enabled: false,
        deleted: true,
        expires_at: None,
        prefix: None,
        external_meter_id: None,
        created_at: 1,
        updated_at: 77,
        ..key(1, "ada")
    };
    let revision = write.replace_api_keys(std::slice::from_ref(&changed)).await.expect("replaces");
    write.commit(&[], &pepper()).await.expect("commits");
    let row = read(&*store).await.api_key(1).await.expect("reads").expect("there");
    assert_eq!(row, ApiKeyRow { revision, ..changed });

    // A counter begins, runs on from where verifications have brought it, and ends.
    for (wanted, stored) in [(Some(7), Some(7)), (Some(3), Some(7)), (None, None)] {
        let row = ApiKeyRow { usage_left: wanted, ..row.clone() };
        let mut write = store.write().await.expect("begins");
        write.replace_api_keys(&[row]).await.expect("replaces");
        write.commit(&[], &pepper()).await.expect("commits");
        let row = read(&*store).await.api_key(1).await.expect("reads").expect("there");
        assert_eq!(row.usage_left, stored);
    }

    let start = read(&*store).await.revision().await.expect("reads");
    let mut write = store.write().await.expect("begins");
    write.remove_api_keys(&[row]).await.expect("removes");
    write.commit(&[], &pepper()).await.expect("commits");
    let mut snapshot = read(&*store).await;
    assert_eq!(snapshot.api_key(1).await.expect("reads"), None);
    assert_eq!(snapshot.count_keys().await.expect("reads"), 1);
    let changes = snapshot.changes(start, 10).await.expect("reads");
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].subject, changes[0].retired), (Subject::ApiKey(1), Some(tag(1))));
}

async fn a_locator_leads_to_few_stored_values(factory: &impl Factory) {
    let (store, job) = with_job(factory).await;
    let mut write = store.write().await.expect("begins");
    write.insert_recipe(&recipe(1, Some("first:4"))).await.expect("inserts");
    write.insert_recipe(&recipe(2, None)).await.expect("inserts");
    let legacy = |id: u8, locator: u8| LegacyKeyRow {
        api_key: u128::from(id),
        team: TEAM,
        recipe: 1,
        locator: [locator; 32],
        sealed: vec![id; 40],
    };
    let rows = [legacy(1, 5), legacy(2, 5), legacy(3, 6)];
    let keys = [key(1, "ada"), key(2, "ada"), key(3, "ada")];
    write.insert_chunk_keys(job.id, &keys, &rows).await.expect("inserts");
    write.commit(&[], &pepper()).await.expect("commits");
    let mut snapshot = read(&*store).await;
    assert!(!snapshot.has_keys_under(TEAM, 9).await.expect("reads"));
    assert!(!snapshot.has_keys_under(0x99, 1).await.expect("reads"));
    let found = snapshot.legacy_candidates(TEAM, 1, &[5; 32], 8).await.expect("reads");
    assert_eq!(found, rows[..2]);
    assert_eq!(snapshot.legacy_candidates(TEAM, 1, &[5; 32], 1).await.expect("reads").len(), 1);
    assert!(snapshot.legacy_candidates(TEAM, 2, &[5; 32], 8).await.expect("reads").is_empty());
    assert!(snapshot.legacy_candidates(0x99, 1, &[5; 32], 8).await.expect("reads").is_empty());
    let mut of_keys = snapshot.legacy_keys(&[3, 1, 99]).await.expect("reads");
    of_keys.sort_by_key(|row| row.api_key);
    assert_eq!(of_keys, [rows[0].clone(), rows[2].clone()]);
    let both = [recipe(1, Some("first:4")), recipe(2, None)];
    assert_eq!(snapshot.recipes(Some(TEAM)).await.expect("reads"), both);
    assert_eq!(snapshot.recipes(None).await.expect("reads"), both);
    assert!(snapshot.recipes(Some(0x99)).await.expect("reads").is_empty());
    drop(snapshot);

    // Neither a key that became native nor one that is gone leaves its stored value behind.
    let mut write = store.write().await.expect("begins");
    let native = ApiKeyRow { tag: tag(11), ..key(1, "ada") };
    write.upgrade_api_key(&native, &tag(1)).await.expect("upgrades");
    write.remove_api_keys(&[native, key(3, "ada")]).await.expect("removes");
    write.commit(&[], &pepper()).await.expect("commits");
    let mut snapshot = read(&*store).await;
    let found = snapshot.legacy_candidates(TEAM, 1, &[5; 32], 8).await.expect("reads");
    assert_eq!(found, rows[1..2]);
    assert!(snapshot.legacy_candidates(TEAM, 1, &[6; 32], 8).await.expect("reads").is_empty());
    assert!(snapshot.tag_holders(&[tag(1), tag(11)]).await.expect("reads").is_empty());
}
