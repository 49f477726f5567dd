//! What every store must do, whatever database is behind it. One suite, run for each.
//!
//! A store is given as a way to open the same database again and again: several stores over one database
//! are several processes over it.

mod change_log;
mod creates;
mod credit;
mod evidence;
mod key_page;
mod loading;
mod migration;
pub(crate) mod plans;
mod signing_keys;

use std::future::Future;

use oneloop_protocol::{Access, Grant, KeyPolicy, LinkTokenPermissions, Rights, Verdict};
use serde_json::json;

use super::{
    ApiKeyRow, LinkTokenRow, MigrationWindowRow, NewAudit, Read, ScopeRow, SdkKeyRow, Store,
    StoreError, Subject, TagHolder, TeamRow, UsageRow, WorkspaceRow, Write,
};
use crate::bounds::Bounds;
use crate::pepper::Pepper;
use crate::tag::Tag;

/// Opens the one database of a test, any number of times.
pub(crate) trait Factory {
    fn open(&self) -> impl Future<Output = Box<dyn Store>>;
}

const TEAM: u128 = 0x11;
const WORKSPACE: u128 = 0x22;

fn pepper() -> Pepper {
    Pepper::from_bytes(&[7; 32])
}

fn tag(byte: u8) -> Tag {
    Tag::from_bytes([byte; 32])
}

fn team() -> TeamRow {
    TeamRow { id: TEAM, name: "Acme".to_owned(), created_at: 1 }
}

fn workspace() -> WorkspaceRow {
    WorkspaceRow {
        id: WORKSPACE,
        team: TEAM,
        name: "Production".to_owned(),
        default_key_prefix: None,
        default_allowed_ips: Vec::new(),
        default_rate_limit: None,
        default_expiration: None,
        created_at: 2,
        updated_at: 2,
        revision: 0,
    }
}

fn scope(number: u16, representation: &str) -> ScopeRow {
    ScopeRow {
        id: 0x30 + u128::from(number),
        workspace: WORKSPACE,
        number,
        name: "Ünïcode 🔑".to_owned(),
        representation: representation.to_owned(),
        description: None,
        created_at: 3,
        updated_at: 3,
    }
}

fn key(id: u8, customer_id: &str) -> ApiKeyRow {
    ApiKeyRow {
        id: u128::from(id),
        team: TEAM,
        workspace: WORKSPACE,
        customer_id: customer_id.to_owned(),
        name: "it's \"quoted\"".to_owned(),
        prefix: Some("ol".to_owned()),
        masked_key: "ol_****abcd".to_owned(),
        tag: tag(id),
        recipe: None,
        previous_tag: None,
        previous_until: None,
        previous_masked_key: None,
        previous_last_used_at: None,
        grants: [(0, Access::READ), (300, Access::ALL)].into_iter().collect(),
        metadata: [("plan".to_owned(), "pro 🔑".to_owned())].into(),
        external_meter_id: Some("meter".to_owned()),
        meter: None,
        usage_left: None,
        enabled: true,
        deleted: false,
        migrated: false,
        expires_at: Some(9_999),
        created_at: 4,
        updated_at: 4,
        last_used_at: None,
        revision: 0,
    }
}

/// A key of ada's whose first secret still works, if another one is put in its place.
fn overlapping(id: u8) -> ApiKeyRow {
    ApiKeyRow {
        previous_tag: Some(tag(id)),
        previous_until: Some(50),
        previous_masked_key: Some("ol_****1111".to_owned()),
        ..key(id, "ada")
    }
}

fn line(action: &'static str) -> NewAudit {
    NewAudit {
        at: 5,
        team: Some(TEAM),
        who: "operator".to_owned(),
        action,
        subject: "it".to_owned(),
        address: Some("203.0.113.7".to_owned()),
        request_id: None,
        detail: json!({ "name": "Ünïcode" }),
    }
}

/// A database with a team, a workspace and two scopes.
async fn populated(factory: &impl Factory) -> Box<dyn Store> {
    let store = factory.open().await;
    let mut write = store.write().await.expect("begins");
    write.insert_team(&team()).await.expect("inserts");
    write.insert_workspace(&workspace()).await.expect("inserts");
    write.insert_scope(&scope(0, "deployments")).await.expect("inserts");
    write.insert_scope(&scope(300, "metrics")).await.expect("inserts");
    write.commit(&[], &pepper()).await.expect("commits");
    store
}

async fn insert(store: &dyn Store, keys: &[ApiKeyRow]) -> i64 {
    let mut write = store.write().await.expect("begins");
    let first = write.insert_api_keys(keys).await.expect("inserts");
    write.commit(&[], &pepper()).await.expect("commits");
    first
}

async fn read(store: &dyn Store) -> Box<dyn Read> {
    store.read().await.expect("begins")
}

/// Everything below, one after the other, each on a new database.
pub(crate) async fn run<F: Factory>(new: impl Fn() -> F) {
    rows_come_back_as_they_went_in(&new()).await;
    a_transaction_that_is_dropped_leaves_nothing(&new()).await;
    the_change_log_counts_in_the_order_of_commits(&new()).await;
    change_log::run(&new).await;
    creates::run(&new).await;
    a_taken_value_is_a_duplicate(&new()).await;
    a_snapshot_does_not_move(&new()).await;
    writers_wait_for_each_other(&new()).await;
    news_is_noticed_across_stores(&new()).await;
    a_rotation_keeps_every_replaced_tag(&new()).await;
    an_edit_and_a_use_do_not_undo_each_other(&new()).await;
    many_uses_at_once_are_kept(&new()).await;
    key_page::run(&new).await;
    migration::run(&new).await;
    link_tokens_are_revoked_and_purged(&new()).await;
    an_overlap_ends_with_its_tag_retired(&new()).await;
    evidence::run(&new).await;
    credit::run(&new).await;
    signing_keys::run(&new).await;
    loading::hands_out_every_key_once(&new()).await;
    a_closed_store_is_unavailable(&new()).await;
}

async fn rows_come_back_as_they_went_in(factory: &impl Factory) {
    let store = populated(factory).await;
    assert!(read(&*store).await.pepper_check().await.expect("reads").is_none());
    let mut write = store.write().await.expect("begins");
    write.insert_installation(&pepper().check(), 1).await.expect("inserts");
    let mut sdk_key = SdkKeyRow {
        id: 0x41,
        team: TEAM,
        name: "backend".to_owned(),
        tag: tag(0x41),
        masked_key: "olsdk_****abcd".to_owned(),
        rights: Rights::ALL,
        enabled: true,
        deleted: false,
        created_at: 4,
        updated_at: 4,
        revision: 0,
    };
    sdk_key.revision = write.insert_sdk_key(&sdk_key).await.expect("inserts");
    let mut row = key(0x51, "ada");
    row.revision = write.insert_api_keys(&[row.clone()]).await.expect("inserts");
    let window = MigrationWindowRow {
        team: TEAM,
        sources: vec!["203.0.113.0/24".parse().expect("v4"), "::1/128".parse().expect("v6")],
        opens_at: 10,
        closes_at: 20,
    };
    write.put_migration_window(&window).await.expect("puts");
    write.commit(&[line("first"), line("second")], &pepper()).await.expect("commits");

    let mut read = read(&*store).await;
    let check = read.pepper_check().await.expect("reads").expect("there");
    assert!(pepper().belongs_to(&check));
    assert_eq!(read.teams().await.expect("reads"), [team()]);
    assert_eq!(read.team(TEAM).await.expect("reads"), Some(team()));
    assert_eq!(read.team(0x99).await.expect("reads"), None);
    assert_eq!(read.sdk_keys(Some(TEAM)).await.expect("reads"), [sdk_key.clone()]);
    assert_eq!(read.sdk_key(0x41).await.expect("reads"), Some(sdk_key));
    assert_eq!(read.api_key(0x51).await.expect("reads"), Some(row));
    let scopes = read.scopes(Some(WORKSPACE)).await.expect("reads");
    assert_eq!(scopes, [scope(0, "deployments"), scope(300, "metrics")]);
    assert_eq!(read.migration_window(TEAM).await.expect("reads"), Some(window));
    let lines = read.audit(Some(TEAM), 10).await.expect("reads");
    let actions: Vec<_> = lines.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["second", "first"]);
    assert_eq!(lines[0].detail, json!({ "name": "Ünïcode" }));
    let stored = read.workspace(WORKSPACE).await.expect("reads").expect("there");
    assert!(stored.revision > 0, "a scope moves its workspace's revision");
    assert_eq!(WorkspaceRow { revision: 0, ..stored }, workspace());
}

async fn a_transaction_that_is_dropped_leaves_nothing(factory: &impl Factory) {
    let store = populated(factory).await;
    let before = read(&*store).await.revision().await.expect("reads");
    let mut write = store.write().await.expect("begins");
    write.insert_api_keys(&[key(1, "ada")]).await.expect("inserts");
    drop(write);
    let mut read = read(&*store).await;
    assert_eq!(read.api_key(1).await.expect("reads"), None);
    assert_eq!(read.revision().await.expect("reads"), before);
    drop(read);
    let first = insert(&*store, &[key(2, "ada")]).await;
    assert_eq!(first, before + 1, "no number is skipped");
}

async fn the_change_log_counts_in_the_order_of_commits(factory: &impl Factory) {
    let store = populated(factory).await;
    let start = read(&*store).await.revision().await.expect("reads");
    let many: Vec<_> = (1..=250).map(|id| key(id, "ada")).collect();
    let first = insert(&*store, &many).await;
    assert_eq!(first, start + 1);
    let mut write = store.write().await.expect("begins");
    let edited = ApiKeyRow { enabled: false, ..key(7, "ada") };
    let revision = write.update_api_key(&edited).await.expect("updates");
    let written = write.commit(&[], &pepper()).await.expect("commits").expect("lines");
    assert_eq!((*written.start(), *written.end()), (revision, revision));
    assert_eq!(revision, start + 251);

    let mut read = read(&*store).await;
    let changes = read.changes(start, 1_000).await.expect("reads");
    let revisions: Vec<_> = changes.iter().map(|change| change.revision).collect();
    assert_eq!(revisions, (start + 1..=start + 251).collect::<Vec<_>>());
    assert_eq!(changes[0].subject, Subject::ApiKey(1));
    assert_eq!(changes[250].subject, Subject::ApiKey(7));
    assert_eq!(read.changes(start, 3).await.expect("reads").len(), 3);
    assert_eq!(read.changes(start + 251, 3).await.expect("reads").len(), 0);
    for (at, id) in [(0, 1), (249, 250)] {
        let row = read.api_key(id).await.expect("reads").expect("there");
        assert_eq!(row.revision, first + at);
    }
}

async fn a_taken_value_is_a_duplicate(factory: &impl Factory) {
    let store = populated(factory).await;
    insert(&*store, &[key(1, "ada")]).await;
    let mut write = store.write().await.expect("begins");
    let same_tag = ApiKeyRow { tag: tag(1), ..key(2, "bob") };
    let refused = write.insert_api_keys(&[same_tag]).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(write);
    let mut write = store.write().await.expect("begins");
    let refused = write.insert_scope(&scope(1, "deployments")).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
}

async fn a_snapshot_does_not_move(factory: &impl Factory) {
    let store = populated(factory).await;
    let mut before = read(&*store).await;
    assert_eq!(before.count_keys().await.expect("reads"), 0);
    insert(&*store, &[key(1, "ada")]).await;
    assert_eq!(before.count_keys().await.expect("reads"), 0, "the same state as before");
    assert_eq!(read(&*store).await.count_keys().await.expect("reads"), 1);
}

async fn writers_wait_for_each_other(factory: &impl Factory) {
    let (one, other) = (populated(factory).await, factory.open().await);
    let mut write = one.write().await.expect("begins");
    write.insert_api_keys(&[key(1, "ada")]).await.expect("inserts");
    let second = tokio::spawn(async move {
        let mut write: Box<dyn Write> = other.write().await.expect("waits, then begins");
        let seen = write.api_key(1).await.expect("reads");
        (seen.is_some(), write.commit(&[], &pepper()).await.is_ok())
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!second.is_finished(), "waits for the first");
    write.commit(&[], &pepper()).await.expect("commits");
    assert_eq!(second.await.expect("ends"), (true, true), "and then sees what it wrote");
}

async fn news_is_noticed_across_stores(factory: &impl Factory) {
    let (one, other) = (populated(factory).await, factory.open().await);
    other.has_news().await.expect("answers");
    insert(&*one, &[key(1, "ada")]).await;
    assert!(other.has_news().await.expect("answers"));
}

async fn a_rotation_keeps_every_replaced_tag(factory: &impl Factory) {
    let store = populated(factory).await;
    insert(&*store, &[key(1, "ada")]).await;
    let start = read(&*store).await.revision().await.expect("reads");
    let mut row = ApiKeyRow { tag: tag(2), ..overlapping(1) };
    let mut write = store.write().await.expect("begins");
    row.revision = write.rotate_api_key(&row, &tag(1), &[]).await.expect("rotates");
    write.commit(&[], &pepper()).await.expect("commits");
    // Of what was never replaced, nothing is noted.
    store.note_replaced_uses(&[(tag(1), 40), (tag(2), 45)]).await.expect("notes");
    store.note_replaced_uses(&[(tag(1), 30)]).await.expect("notes");
    row.previous_last_used_at = Some(40);
    let current = TagHolder::Current(Box::new(row.clone()));
    let mut snapshot = read(&*store).await;
    let held = snapshot.tag_holder(&tag(1)).await.expect("reads");
    assert_eq!(held, Some(TagHolder::Replaced(1)));
    assert_eq!(snapshot.tag_holder(&tag(2)).await.expect("reads"), Some(current));
    assert_eq!(snapshot.tag_holder(&tag(9)).await.expect("reads"), None);
    drop(snapshot);

    (row.tag, row.previous_tag, row.previous_until) = (tag(3), None, None);
    (row.previous_masked_key, row.previous_last_used_at) = (None, None);
    let mut write = store.write().await.expect("begins");
    row.revision = write.rotate_api_key(&row, &tag(2), &[tag(1), tag(2)]).await.expect("rotates");
    write.commit(&[], &pepper()).await.expect("commits");
    // Too late: that secret is of no key any more, and its use is of no other.
    store.note_replaced_uses(&[(tag(1), 48)]).await.expect("notes");
    let mut snapshot = read(&*store).await;
    for old in [tag(1), tag(2)] {
        let held = snapshot.tag_holder(&old).await.expect("reads");
        assert_eq!(held, Some(TagHolder::Replaced(1)));
    }
    assert_eq!(snapshot.api_key(1).await.expect("reads"), Some(row));
    let changes = snapshot.changes(start, 10).await.expect("reads");
    let retired: Vec<_> = changes.iter().filter_map(|change| change.retired).collect();
    assert_eq!(retired, [tag(1), tag(2)]);
}

async fn an_edit_and_a_use_do_not_undo_each_other(factory: &impl Factory) {
    let store = populated(factory).await;
    insert(&*store, &[key(1, "ada"), key(2, "ada")]).await;
    store.note_uses(&[(1, 70), (2, 80), (99, 90)]).await.expect("notes");
    store.note_uses(&[(1, 60)]).await.expect("notes");
    let mut write = store.write().await.expect("begins");
    let edited = ApiKeyRow { name: "new".to_owned(), updated_at: 75, ..key(1, "ada") };
    assert_eq!(edited.last_used_at, None, "a row read before the use");
    write.update_api_key(&edited).await.expect("updates");
    write.commit(&[], &pepper()).await.expect("commits");
    let mut read = read(&*store).await;
    let row = read.api_key(1).await.expect("reads").expect("there");
    assert_eq!((row.last_used_at, row.updated_at, row.name.as_str()), (Some(70), 75, "new"));
    let row = read.api_key(2).await.expect("reads").expect("there");
    assert_eq!((row.last_used_at, row.updated_at), (Some(80), 4));
}

/// More at once than a store writes where they belong, by a process that dies.
async fn many_uses_at_once_are_kept(factory: &impl Factory) {
    let store = populated(factory).await;
    insert(&*store, &[key(1, "ada"), key(2, "ada")]).await;
    let flood = |at| (1..=2_000_u128).map(|id| (id, at)).collect::<Vec<_>>();
    let count = |key, count| UsageRow {
        key,
        day: 500,
        route: String::new(),
        verdict: Verdict::Valid,
        count,
    };
    let counts: Vec<_> = (1..=2_000).map(|key| count(key, 2)).collect();
    for at in [70, 60] {
        store.note_uses(&flood(at)).await.expect("notes");
        store.note_usage(&counts).await.expect("notes");
    }
    store.note_uses(&[(2, 80)]).await.expect("notes a few");
    store.note_usage(&[count(2, 1)]).await.expect("notes a few");
    let rotated = ApiKeyRow { tag: tag(9), ..overlapping(2) };
    let mut write = store.write().await.expect("begins");
    write.rotate_api_key(&rotated, &tag(2), &[]).await.expect("rotates");
    write.commit(&[], &pepper()).await.expect("commits");
    let secrets = (0..1_000_u32).map(|at| {
        let mut bytes = [2; 32];
        bytes[..4].copy_from_slice(&at.to_be_bytes());
        Tag::from_bytes(bytes)
    });
    let secrets: Vec<_> = secrets.chain([tag(2)]).map(|tag| (tag, 90)).collect();
    store.note_replaced_uses(&secrets).await.expect("notes");
    let other = factory.open().await;
    for store in [&*store, &*other] {
        let mut read = read(store).await;
        for (id, at, counted) in [(1, 70, 4), (2, 80, 5)] {
            let row = read.api_key(id).await.expect("reads").expect("there");
            assert_eq!(row.last_used_at, Some(at));
            assert_eq!(row.previous_last_used_at, (id == 2).then_some(90));
            let usage = read.usage(id, 500, 500).await.expect("reads");
            assert_eq!(usage, [count(id, counted)]);
        }
    }
    // Nothing is counted twice, whoever tidies up first.
    store.close().await;
    other.close().await;
    let store = factory.open().await;
    let mut read = read(&*store).await;
    assert_eq!(read.usage(2, 500, 500).await.expect("reads"), [count(2, 5)]);
    assert_eq!(read.usage(2_000, 500, 500).await.expect("reads"), [count(2_000, 4)]);
}

async fn link_tokens_are_revoked_and_purged(factory: &impl Factory) {
    let store = populated(factory).await;
    let bounds = Bounds {
        grantable_scopes: Some(vec![Grant::new("deployments", Access::READ)]),
        key_policy: KeyPolicy { max_overlap_seconds: Some(60), ..KeyPolicy::default() },
    };
    let token = |id: u8, customer_id: &str, expires_at| LinkTokenRow {
        id: u128::from(id),
        team: TEAM,
        workspace: WORKSPACE,
        customer_id: customer_id.to_owned(),
        tag: tag(id),
        permissions: LinkTokenPermissions::DEFAULT,
        origins: vec!["https://app.example.com".to_owned()],
        external_billing_id: None,
        bounds: bounds.clone(),
        minted_by: None,
        created_at: 1,
        expires_at,
        revoked_at: None,
    };
    let tokens = [token(1, "ada", 10), token(2, "ada", 100), token(3, "bob", 100)];
    let mut write = store.write().await.expect("begins");
    for token in &tokens {
        write.insert_link_token(token).await.expect("inserts");
    }
    assert_eq!(write.revoke_link_tokens(WORKSPACE, "ada", 50).await.expect("revokes"), 1);
    assert_eq!(write.revoke_link_tokens(WORKSPACE, "ada", 60).await.expect("none left"), 0);
    assert!(!write.revoke_link_token(2, 60).await.expect("revoked already"));
    assert!(write.revoke_link_token(3, 60).await.expect("revokes"));
    assert!(!write.revoke_link_token(3, 61).await.expect("once"));
    write.purge_link_tokens(20).await.expect("purges");
    write.commit(&[], &pepper()).await.expect("commits");
    let mut read = read(&*store).await;
    assert_eq!(read.link_token(&tag(1)).await.expect("reads"), None, "purged");
    let revoked = LinkTokenRow { revoked_at: Some(50), ..tokens[1].clone() };
    let found = read.link_token(&tag(2)).await.expect("reads").expect("it is remembered");
    assert_eq!((found.token, found.minter_works), (revoked, true));
    let revoked = LinkTokenRow { revoked_at: Some(60), ..tokens[2].clone() };
    let found = read.link_token(&tag(3)).await.expect("reads").expect("it is remembered");
    assert_eq!((found.token, found.minter_works), (revoked, true));
}

async fn a_closed_store_is_unavailable(factory: &impl Factory) {
    let store = populated(factory).await;
    store.close().await;
    assert!(matches!(store.read().await.err(), Some(StoreError::Unavailable(_))));
    assert!(matches!(store.write().await.err(), Some(StoreError::Unavailable(_))));
    assert!(matches!(store.has_news().await, Err(StoreError::Unavailable(_))));
    let added = store.add_keys_behind(0, &[key(1, "ada")], &[line("created")], &pepper()).await;
    assert!(matches!(added, Err(StoreError::Unavailable(_))), "{added:?}");
}

async fn an_overlap_ends_with_its_tag_retired(factory: &impl Factory) {
    let store = populated(factory).await;
    let overlapping =
        ApiKeyRow { previous_tag: Some(tag(9)), previous_until: Some(100), ..key(1, "ada") };
    let first = insert(&*store, std::slice::from_ref(&overlapping)).await;
    let ended = ApiKeyRow { previous_tag: None, previous_until: None, ..overlapping };
    let mut write = store.write().await.expect("begins");
    let revision = write.end_overlap(&ended, &tag(9)).await.expect("ends");
    write.commit(&[], &pepper()).await.expect("commits");
    assert_eq!(revision, first + 1);
    let mut read = read(&*store).await;
    assert_eq!(read.api_key(1).await.expect("reads"), Some(ApiKeyRow { revision, ..ended }));
    let changes = read.changes(first, 10).await.expect("reads");
    let changes: Vec<_> =
        changes.iter().map(|change| (change.revision, change.subject, change.retired)).collect();
    let subject = Subject::ApiKey(1);
    assert_eq!(changes, [(revision, subject, None), (revision + 1, subject, Some(tag(9)))]);
}
