//! When keys were last used: noted in memory by verify, written in batches (decisions, "lastUsedAt"). The uses
//! that are counted with the key are handed on to `usage.rs` on the way.
//!
//! At most [`INTERVAL`] of uses is lost in a crash, and none at a proper end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oneloop_protocol::UnixMillis;

use crate::engine::Engine;
use crate::error::chain;
use crate::key_entry::{KeyEntry, Live};
use crate::usage;

/// How often uses are written. The promise is one second; half of it leaves room for a slow disk.
pub(crate) const INTERVAL: Duration = Duration::from_millis(500);

/// Uses written at once: what a busy server collects in one interval, and no more memory than that.
const BATCH: usize = 50_000;

/// Keys whose last use is not on disk yet.
#[derive(Debug, Default)]
pub(crate) struct LastUsed {
    waiting: Mutex<Vec<(u128, Arc<Live>)>>,
}

impl LastUsed {
    /// Notes a use. The list is touched on the first use after a write only, so keys in steady use cost
    /// two atomic operations.
    pub(crate) fn note(&self, key: &KeyEntry, now: UnixMillis) {
        let live = key.live();
        if live.touch(now) {
            self.waiting().push((key.id, Arc::clone(live)));
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(u128, Arc<Live>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Writes every use noted so far. What cannot be written waits for the next time.
    pub(crate) async fn flush_last_used(&self) {
        let waiting = std::mem::take(&mut *self.last_used().waiting());
        for batch in waiting.chunks(BATCH) {
            let (mut uses, mut counts) = (Vec::with_capacity(batch.len()), Vec::new());
            for (id, live) in batch {
                let at = live.take_last_used();
                uses.push((*id, at));
                counts.extend(usage::uses(*id, at, live.take_uses()));
            }
            self.usage().add_rows(counts);
            if let Err(error) = self.store().note_uses(&uses).await {
                let keys = uses.len();
                let error = chain(&error);
                tracing::warn!(
                    keys,
                    error,
                    "Cannot write when {keys} keys were last used; will retry"
                );
                for (id, live) in batch {
                    if live.touch(UnixMillis::MIN) {
                        self.last_used().waiting().push((*id, Arc::clone(live)));
                    }
                }
            }
        }
    }
}
