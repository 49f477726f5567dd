//! Changes made by other processes over the same database: other nodes, the command line while the server runs.
//!
//! Every [`INTERVAL`] one cheap question asks whether anybody committed; only then is the change log read
//! from where this process stopped. Reading and applying happen under the writer lock, see `turn.rs`.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard, Notify};

use crate::deadline::{LONG, SHORT, within};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::index::Revision;
use crate::store::{Change, Read, StoreError, Subject};
use crate::tag::Tag;
use crate::turn::Update;

/// How long a change of another process may go unseen; the promise is 250 ms.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);

/// Lines of the change log read at once.
const PAGE: u32 = 1_000;

/// The feed's state.
#[derive(Debug)]
pub(crate) struct ChangeFeed {
    nudge: Notify,
    /// Memory is not current without a successful look for this long.
    stale_after: Duration,
    opened: Instant,
    /// When the last successful look began, in nanoseconds after `opened`: what was committed before is known.
    looked: AtomicU64,
    /// How often there was news.
    heard: AtomicU64,
    /// Which of it was followed to its end. An attempt that fails or is given up leaves it behind; one that overlaps
    /// with another never takes the other's news for its own.
    followed: AtomicU64,
    catching_up: Mutex<()>,
}

impl ChangeFeed {
    pub(crate) fn new(stale_after: Duration) -> Self {
        Self {
            nudge: Notify::new(),
            stale_after,
            opened: Instant::now(),
            looked: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            followed: AtomicU64::new(0),
            catching_up: Mutex::new(()),
        }
    }

    /// Wakes the feed: somebody else has written.
    pub(crate) fn look_now(&self) {
        self.nudge.notify_one();
    }

    /// Waits for the interval, or to be woken. `true` if it was woken.
    pub(crate) async fn wait(&self) -> bool {
        tokio::time::timeout(INTERVAL, self.nudge.notified()).await.is_ok()
    }

    /// Whether the feed has looked lately.
    pub(crate) fn is_current(&self) -> bool {
        let looked = Duration::from_nanos(self.looked.load(Ordering::Acquire));
        self.opened.elapsed().saturating_sub(looked) <= self.stale_after
    }

    /// Waits for whoever is catching up already.
    pub(crate) async fn catching_up(&self) -> MutexGuard<'_, ()> {
        self.catching_up.lock().await
    }

    fn hear(&self) {
        self.heard.fetch_add(1, Ordering::AcqRel);
    }

    /// The latest news, if it was not followed yet.
    fn unfollowed(&self) -> Option<u64> {
        let heard = self.heard.load(Ordering::Acquire);
        (heard != self.followed.load(Ordering::Acquire)).then_some(heard)
    }

    fn followed(&self, news: u64) {
        self.followed.fetch_max(news, Ordering::AcqRel);
    }

    fn looked(&self, began: Instant) {
        let began = began.saturating_duration_since(self.opened).as_nanos();
        self.looked.fetch_max(u64::try_from(began).unwrap_or(u64::MAX), Ordering::AcqRel);
    }
}

impl Engine {
    /// One look: follows the change log if there is news, or if `certainly` so.
    pub(crate) async fn look_for_changes(&self, certainly: bool) -> Result<(), EngineError> {
        let began = Instant::now();
        let feed = self.change_feed();
        if certainly {
            feed.hear();
        }
        // A store says its news once.
        if self.store().has_news().await? {
            feed.hear();
        }
        if let Some(news) = feed.unfollowed() {
            self.follow_changes().await?;
            feed.followed(news);
        }
        feed.looked(began);
        Ok(())
    }

    /// Applies everything in the change log that this process has not seen. A log that does not go on where this
    /// process stopped is another one (a backup was restored, or a standby took over that lacked the last
    /// commits): then everything is loaded anew.
    pub(crate) async fn follow_changes(&self) -> Result<(), EngineError> {
        loop {
            let mut followed = self.writer().lock().await;
            let mut store = within(SHORT, self.store().read_to_follow()).await?;
            let head = within(SHORT, store.revision()).await?;
            let changes = within(SHORT, store.changes(followed.0, PAGE)).await?;
            if !goes_on(followed.0, head, &changes) {
                let seen = followed.0;
                tracing::warn!(seen, head, "The change log does not go on at {seen}; loading all");
                self.reload(store.as_mut(), &mut followed).await?;
                return Ok(());
            }
            let Some(last) = changes.last().map(|change| change.revision) else { return Ok(()) };
            // A chunk of a migration alone is ten thousand keys.
            let is_many = |change: &Change| matches!(change.subject, Subject::MigrationChunk(_));
            let limit = if changes.iter().any(is_many) { LONG } else { SHORT };
            for update in within(limit, load(store.as_mut(), &changes)).await? {
                update.apply(self);
            }
            if changes.iter().any(|change| change.subject.brings_legacy_keys()) {
                self.recognition().forget_wrong();
            }
            followed.0 = last;
            tracing::debug!(changes = changes.len(), revision = last, "Followed the change log");
        }
    }
}

/// Whether `changes` are those that follow `seen`, one by one, in a log that ends at `head`.
fn goes_on(seen: Revision, head: Revision, changes: &[Change]) -> bool {
    let counted = (seen + 1..).zip(changes).all(|(number, change)| change.revision == number);
    counted && (seen == head || (seen < head && !changes.is_empty()))
}

/// What the index must take over for these changes. Each row is read once, however often it changed, and keys
/// all at once: behind a large import the next revocation would wait for every one of them.
async fn load(store: &mut dyn Read, changes: &[Change]) -> Result<Vec<Update>, StoreError> {
    let mut retired: HashMap<u128, Vec<Tag>> = HashMap::new();
    let (mut workspaces, mut sdk_keys) = (BTreeSet::new(), BTreeSet::new());
    let mut recipes = BTreeSet::new();
    for change in changes {
        match change.subject {
            Subject::ApiKey(id) => retired.entry(id).or_default().extend(change.retired),
            Subject::Workspace(id) => drop(workspaces.insert(id)),
            Subject::SdkKey(id) => drop(sdk_keys.insert(id)),
            Subject::MigrationChunk(_) => {
                for id in store.chunk_keys(change.revision).await? {
                    retired.entry(id).or_default();
                }
            }
            Subject::Recipes(team) => drop(recipes.insert(team)),
            Subject::Team(_)
            | Subject::LinkToken(_)
            | Subject::LinkTokens(_)
            | Subject::MigrationWindow(_) => {}
        }
    }
    let mut updates = Vec::with_capacity(workspaces.len() + sdk_keys.len() + retired.len());
    // Workspaces first: a key means nothing without its own.
    for id in workspaces {
        if let Some(row) = store.workspace(id).await? {
            updates.push(Update::workspace(&row, &store.scopes(Some(id)).await?));
        }
    }
    for id in sdk_keys {
        updates.extend(store.sdk_key(id).await?.map(|row| Update::sdk_key(&row)));
    }
    for team in recipes {
        updates.push(Update::recipes(team, &store.recipes(Some(team)).await?));
    }
    let ids: Vec<_> = retired.keys().copied().collect();
    for key in store.load_some_keys(&ids).await? {
        let retired = retired.remove(&key.entry.id).unwrap_or_default();
        updates.push(Update::Key(key, retired));
    }
    // What is left is there no more: a migration that was undone.
    updates.extend(retired.into_iter().map(|(id, tags)| Update::Gone(id, tags)));
    Ok(updates)
}

#[cfg(test)]
mod tests {
    use oneloop_protocol::Rights;

    use super::*;
    use crate::actor::Actor;
    use crate::options::{Database, EngineOptions};

    /// Ten million keys take longer to read than memory may go without a look.
    #[tokio::test]
    async fn whoever_has_opened_a_database_has_looked() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let database = Database::Sqlite(directory.path().join("one.db"));
        let engine = Engine::open(EngineOptions::new(database)).await.expect("opens");
        assert_ne!(engine.change_feed().looked.load(Ordering::Acquire), 0);
    }

    /// More was written, and forgotten again, than a process saw while it was away.
    #[tokio::test]
    async fn who_was_away_for_longer_than_the_log_goes_back_loads_everything() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let database = Database::Sqlite(directory.path().join("one.db"));
        let open =
            async || Engine::open(EngineOptions::new(database.clone())).await.expect("opens");
        let (here, away) = (open().await, open().await);
        let operator = Actor::operator();
        let team = here.create_team(&operator, "Acme").await.expect("a team").id;
        let issue = async |name: &str| {
            let issued = here.create_sdk_key(&operator, &team, name, Rights::ALL).await;
            issued.expect("an SDK key")
        };
        let revoked = issue("revoked").await;
        let key = revoked.key.expose();
        away.follow_changes().await.expect("follows");
        assert!(away.authenticate_sdk_key(key).is_some());

        // Whoever holds this keeps the other from following.
        let following = away.writer().lock().await;
        here.revoke_sdk_key(&operator, &revoked.sdk_key.id).await.expect("revokes");
        let made = issue("new").await;
        for number in 0..10 {
            issue(&number.to_string()).await;
        }
        assert!(here.store().forget_changes(3).await.expect("forgets") > 8);
        assert!(away.authenticate_sdk_key(key).is_some(), "it has not heard of it");
        drop(following);

        away.follow_changes().await.expect("loads everything");
        assert!(away.authenticate_sdk_key(key).is_none(), "the revocation is not lost");
        assert!(away.authenticate_sdk_key(made.key.expose()).is_some());
        assert_eq!(away.writer().lock().await.0, here.writer().lock().await.0);
    }

    /// One look ends after another has heard more, and that other one is given up.
    #[test]
    fn news_that_is_heard_while_other_news_is_followed_stays_to_be_followed() {
        let feed = ChangeFeed::new(Duration::from_secs(5));
        assert_eq!(feed.unfollowed(), None);
        feed.hear();
        let first = feed.unfollowed().expect("news");
        feed.hear();
        let second = feed.unfollowed().expect("more news");
        feed.followed(first);
        assert_eq!(feed.unfollowed(), Some(second));
        feed.followed(second);
        feed.followed(first);
        assert_eq!(feed.unfollowed(), None);
    }

    fn lines(revisions: &[Revision]) -> Vec<Change> {
        let subject = Subject::Team(1);
        revisions
            .iter()
            .map(|revision| Change { revision: *revision, subject, retired: None })
            .collect()
    }

    #[test]
    fn a_log_goes_on_without_gaps_or_not_at_all() {
        for (seen, head, revisions, wanted) in [
            (7, 7, &[][..], true),
            (7, 9, &[8, 9], true),
            (7, 2_000, &[8, 9, 10], true),
            (0, 1, &[1], true),
            (7, 9, &[9], false),
            (7, 10, &[8, 10], false),
            (7, 9, &[], false),
            (7, 6, &[], false),
            (7, 0, &[], false),
        ] {
            assert_eq!(
                goes_on(seen, head, &lines(revisions)),
                wanted,
                "{seen} {head} {revisions:?}"
            );
        }
    }
}
