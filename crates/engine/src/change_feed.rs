//! Changes made by other processes over the same database (the command line while the server runs).
//!
//! Every [`INTERVAL`] one cheap question asks whether anybody committed; only then is the change log read
//! from where this process stopped. Reading and applying happen under the writer lock, see `turn.rs`.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::store::{Change, Read, StoreError, Subject};
use crate::tag::Tag;
use crate::turn::Update;

/// How long a change of another process may go unseen; the promise is 250 ms.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);

/// Without a successful look for this long, the index cannot be called current.
const STALE: Duration = Duration::from_secs(5);

/// Lines of the change log read at once.
const PAGE: u32 = 1_000;

/// The feed's state.
#[derive(Debug)]
pub(crate) struct ChangeFeed {
    nudge: Notify,
    looked: Mutex<Instant>,
}

impl ChangeFeed {
    pub(crate) fn new() -> Self {
        Self { nudge: Notify::new(), looked: Mutex::new(Instant::now()) }
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
    pub(crate) fn is_alive(&self) -> bool {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < STALE
    }

    fn looked(&self) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Engine {
    /// One look: follows the change log if there is news, or if `certainly` so.
    pub(crate) async fn look_for_changes(&self, certainly: bool) -> Result<(), EngineError> {
        if self.store().has_news().await? || certainly {
            self.follow_changes().await?;
        }
        self.change_feed().looked();
        Ok(())
    }

    /// Applies everything in the change log that this process has not seen.
    pub(crate) async fn follow_changes(&self) -> Result<(), EngineError> {
        loop {
            let mut followed = self.writer().lock().await;
            let mut store = self.snapshot().await?;
            let changes = store.changes(followed.0, PAGE).await?;
            let Some(last) = changes.last().map(|change| change.revision) else { return Ok(()) };
            for update in load(store.as_mut(), &changes).await? {
                update.apply(self);
            }
            followed.0 = last;
            tracing::debug!(changes = changes.len(), revision = last, "Followed the change log");
        }
    }
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
