//! Changes made by other processes over the same database (the command line while the server runs).
//!
//! Every [`INTERVAL`] one cheap question asks whether anybody committed; only then is the change log read
//! from where this process stopped. Reading and applying happen under the writer lock, see `turn.rs`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::store::{Change, Read, StoreError, Subject};
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
            for change in &changes {
                if let Some(update) = load(store.as_mut(), change).await? {
                    update.apply(self);
                }
            }
            followed.0 = last;
            tracing::debug!(changes = changes.len(), revision = last, "Followed the change log");
        }
    }
}

/// What the index must take over for one change; `None` for what it does not hold.
async fn load(store: &mut dyn Read, change: &Change) -> Result<Option<Update>, StoreError> {
    let retired = change.retired.into_iter().collect();
    Ok(match change.subject {
        Subject::ApiKey(id) => store.load_key(id).await?.map(|key| Update::Key(key, retired)),
        Subject::Workspace(id) => match store.workspace(id).await? {
            Some(row) => Some(Update::workspace(&row, &store.scopes(Some(id)).await?)),
            None => None,
        },
        Subject::SdkKey(id) => store.sdk_key(id).await?.map(|row| Update::sdk_key(&row)),
        Subject::Team(_)
        | Subject::LinkToken(_)
        | Subject::LinkTokens(_)
        | Subject::MigrationWindow(_) => None,
    })
}
