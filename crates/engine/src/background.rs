//! What an open engine does by itself: follow other processes, write last uses and counts, sweep what is over.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::deadline::{LONG, within};
use crate::engine::{Engine, WeakEngine};
use crate::error::chain;
use crate::last_used;
use crate::store::CHANGES_KEPT;

/// The background tasks of one engine. They hold it weakly: dropping the last clone ends them.
#[derive(Debug)]
pub(crate) struct Background {
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Background {
    pub(crate) fn new() -> Self {
        Self { stop: watch::Sender::new(false), tasks: Mutex::default() }
    }

    /// Starts the tasks of `engine`.
    pub(crate) fn start(&self, engine: &Engine) {
        self.spawn(follow(engine.downgrade(), self.stop.subscribe()));
        self.spawn(write_uses(engine.downgrade(), self.stop.subscribe()));
    }

    /// Ends the tasks, and waits until each has finished what it was doing.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks());
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "A background task ended badly");
            }
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks().push(tokio::spawn(task));
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the change log.
async fn follow(engine: WeakEngine, mut stop: watch::Receiver<bool>) {
    let mut failed = false;
    loop {
        let Some((feed, store)) = engine.feed_and_store() else { return };
        let woken = tokio::select! {
            // Also when the sender is gone, and the engine with it.
            _ = stop.changed() => return,
            woken = feed.wait() => woken,
            () = store.hint() => false,
        };
        let Some(engine) = engine.upgrade() else { return };
        let looked = engine.look_for_changes(woken).await;
        match &looked {
            Ok(()) if failed => tracing::info!("Follows the change log again"),
            // Once, not ten times a second.
            Err(error) if !failed => {
                let error = chain(error);
                tracing::warn!(error, "Cannot follow the change log; will retry");
            }
            _ => {}
        }
        failed = looked.is_err();
    }
}

/// Writes last uses and counts of verifications, makes recognised keys native, sweeps rate buckets that are full and
/// overlaps that are over, and lets the store tidy up.
async fn write_uses(engine: WeakEngine, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(last_used::INTERVAL) => {}
        }
        let Some(engine) = engine.upgrade() else { return };
        engine.flush_last_used().await;
        engine.flush_usage().await;
        if timeout(LONG, engine.flush_upgrades()).await.is_err() {
            tracing::warn!("Making recognised keys native takes too long; will retry");
        }
        engine.sweep();
        let store = engine.store();
        let tidied = async {
            store.tidy().await?;
            store.forget_changes(CHANGES_KEPT).await
        };
        if let Err(error) = within(LONG, tidied).await {
            let error = chain(&error);
            tracing::warn!(error, "Cannot tidy the database; will retry");
        }
    }
}
