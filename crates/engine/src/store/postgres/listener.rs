//! NOTIFY of other nodes, so that a change is followed in milliseconds instead of at the next look. A hint only:
//! while this connection is broken, or behind a pooler that has no LISTEN, nothing is lost but those milliseconds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::connections;

/// The channel on which writers say that they have committed.
pub(super) const CHANNEL: &str = "oneloop_changes";

/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_secs(1);

/// A connection that listens, in a task of its own: whoever waits for word may stop waiting at any moment.
pub(super) struct Listener {
    pool: PgPool,
    heard: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Listener {
    pub(super) fn start(options: &PgConnectOptions) -> Self {
        let (pool, heard) = (connections::listener(options), Arc::new(Notify::new()));
        let task = tokio::spawn(listen(pool.clone(), Arc::clone(&heard)));
        Self { pool, heard, task: Mutex::new(Some(task)) }
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
async fn listen(pool: PgPool, heard: Arc<Notify>) {
    loop {
        if let Ok(mut listener) = PgListener::connect_with(&pool).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            heard.notify_one();
            while listener.try_recv().await.is_ok() {
                heard.notify_one();
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}
