//! NOTIFY of other nodes, so that a change is followed in milliseconds instead of at the next look. A hint only:
//! while this connection is broken, or behind a pooler that has no LISTEN, nothing is lost but those milliseconds.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::connections;
use crate::entropy;

/// The channel on which writers say that they have committed.
pub(super) const CHANNEL: &str = "oneloop_changes";

/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_secs(1);

/// A connection that listens, in a task of its own: whoever waits for word may stop waiting at any moment.
pub(super) struct Listener {
    pool: PgPool,
    heard: Arc<Notify>,
    /// What this node says of commits that it need not be told of.
    own_word: Arc<str>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Listener {
    /// Starts listening.
    ///
    /// # Errors
    ///
    /// If the operating system has no randomness, by which this node's word differs from those of all others.
    pub(super) fn start(options: &PgConnectOptions) -> io::Result<Self> {
        let (pool, heard) = (connections::listener(options), Arc::new(Notify::new()));
        let mut word = [0; 16];
        entropy::fill(&mut word)?;
        let own_word: Arc<str> = format!("{:032x}", u128::from_be_bytes(word)).into();
        let task = tokio::spawn(listen(pool.clone(), Arc::clone(&heard), Arc::clone(&own_word)));
        Ok(Self { pool, heard, own_word, task: Mutex::new(Some(task)) })
    }

    /// The payload of a notification that is for the other nodes only: what was committed is in this node's memory
    /// already, and asking for it would only get in the way of what it commits next.
    pub(super) fn own_word(&self) -> &str {
        &self.own_word
    }

    /// Waits for word.
    pub(super) async fn hint(&self) {
        self.heard.notified().await;
    }

    pub(super) async fn close(&self) {
        if let Some(task) = self.end() {
            // Ignored: that it was aborted is what was asked for.
            let _ = task.await;
        }
        self.pool.close().await;
    }

    fn end(&self) -> Option<JoinHandle<()>> {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        task.inspect(JoinHandle::abort)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.end();
    }
}

/// Passes on what is heard, for ever. A connection that is made anew counts as word: something may have been
/// missed.
async fn listen(pool: PgPool, heard: Arc<Notify>, own_word: Arc<str>) {
    loop {
        if let Ok(mut listener) = PgListener::connect_with(&pool).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            heard.notify_one();
            // `None`: the connection was lost, and is made anew.
            while let Ok(said) = listener.try_recv().await {
                if said.is_none_or(|said| said.payload() != &*own_word) {
                    heard.notify_one();
                }
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}
