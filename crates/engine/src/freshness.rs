//! How old an answer from memory may be, and what happens to a question when it would be older.
//!
//! Every look at the change log that succeeds says: up to here, nothing was missed. A node that cannot look any
//! more (its connection hangs, the network is cut) does not know whether a key was revoked elsewhere. It may go
//! on for a moment; then it must ask the database, or refuse.

use std::time::Duration;

use crate::engine::Engine;
use crate::error::EngineError;

/// When memory is too old to answer from, and what to do then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The longest that a key which was revoked on another node may still be accepted by one that is cut off from
    /// the database; 5 seconds by default. A node that is connected knows within a quarter of a second.
    pub stale_after: Duration,
    /// What happens to a question after that.
    pub when_stale: WhenStale,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { stale_after: Duration::from_secs(5), when_stale: WhenStale::ReadThrough }
    }
}

/// What happens to a question when memory is too old to answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenStale {
    /// It waits until the database has said what changed, and is refused if the database does not answer.
    ReadThrough,
    /// It is refused at once, until this node follows the others again.
    Refuse,
}

/// How long a question waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

impl Engine {
    /// Makes sure that memory is current enough to answer from.
    ///
    /// # Errors
    ///
    /// [`EngineError::Unavailable`] if it is not and, with [`WhenStale::ReadThrough`], cannot be made so.
    pub async fn ensure_current(&self) -> Result<(), EngineError> {
        if self.is_current() {
            return Ok(());
        }
        self.catch_up().await
    }

    /// Whether memory is current enough, without waiting for it to become so.
    pub fn is_current(&self) -> bool {
        self.change_feed().is_current()
    }

    /// The rare way: of many questions that arrive together, the first follows the change log for all.
    #[cold]
    fn catch_up(&self) -> impl Future<Output = Result<(), EngineError>> + Send {
        let engine = self.clone();
        async move {
            let stale = || EngineError::Unavailable("the change log has not been followed".into());
            if engine.freshness().when_stale == WhenStale::Refuse {
                return Err(stale());
            }
            let _alone = engine.change_feed().catching_up().await;
            if engine.change_feed().is_current() {
                return Ok(());
            }
            match tokio::time::timeout(PATIENCE, engine.look_for_changes(true)).await {
                Ok(followed) => followed,
                Err(_) => Err(stale()),
            }
        }
    }
}
