//! When keys were last used: noted in memory by verify, written in batches (decisions, "lastUsedAt"). The uses
//! that are counted with the key are handed on to `usage.rs` on the way.
//!
//! At most [`INTERVAL`] of uses is lost in a crash, and none at a proper end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oneloop_protocol::UnixMillis;

use crate::deadline::{LONG, within};
use crate::engine::Engine;
use crate::error::chain;
use crate::key_entry::{KeyEntry, Live, PreviousSecret};
use crate::store::StoreError;
use crate::usage;

/// How often uses are written. The promise is one second; half of it leaves room for a slow disk.
pub(crate) const INTERVAL: Duration = Duration::from_millis(500);

/// Uses written at once: what a busy server collects in one interval, and no more memory than that.
const BATCH: usize = 50_000;

/// Keys, and replaced secrets of theirs, whose last use is not on disk yet.
#[derive(Debug, Default)]
pub(crate) struct LastUsed {
    keys: Mutex<Vec<(u128, Arc<Live>)>>,
    previous: Mutex<Vec<Arc<PreviousSecret>>>,
}

fn lock<T>(waiting: &Mutex<T>) -> MutexGuard<'_, T> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LastUsed {
    /// Notes a use, by the key's current secret or by the `previous` one. The lists are touched on the first use
    /// after a write only, so keys in steady use cost two atomic operations.
    pub(crate) fn note(
        &self,
        key: &KeyEntry,
        previous: Option<&Arc<PreviousSecret>>,
        now: UnixMillis,
    ) {
        let live = key.live();
        if live.touch(now) {
            lock(&self.keys).push((key.id, Arc::clone(live)));
        }
        if let Some(previous) = previous.filter(|previous| previous.live.touch(now)) {
            lock(&self.previous).push(Arc::clone(previous));
        }
    }
}

impl Engine {
    /// Writes every use noted so far. What cannot be written waits for the next time.
    pub(crate) async fn flush_last_used(&self) {
        let LastUsed { keys, previous } = self.last_used();
        let waiting = std::mem::take(&mut *lock(keys));
        for batch in waiting.chunks(BATCH) {
            let (mut uses, mut counts) = (Vec::with_capacity(batch.len()), Vec::new());
            for (id, live) in batch {
                let at = live.take_last_used();
                uses.push((*id, at));
                counts.extend(usage::uses(*id, at, live.take_uses()));
            }
            self.usage().add_rows(counts);
            if let Err(error) = within(LONG, self.store().note_uses(&uses)).await {
                will_retry(uses.len(), &error);
                let again = batch.iter().filter(|(_, live)| live.touch(UnixMillis::MIN));
                lock(keys).extend(again.cloned());
            }
        }
        let waiting = std::mem::take(&mut *lock(previous));
        for batch in waiting.chunks(BATCH) {
            let of = |it: &Arc<PreviousSecret>| (it.tag, it.live.take_last_used());
            let uses: Vec<_> = batch.iter().map(of).collect();
            if let Err(error) = within(LONG, self.store().note_replaced_uses(&uses)).await {
                will_retry(uses.len(), &error);
                let again = batch.iter().filter(|it| it.live.touch(UnixMillis::MIN));
                lock(previous).extend(again.cloned());
            }
        }
    }
}

fn will_retry(keys: usize, error: &StoreError) {
    let error = chain(error);
    tracing::warn!(keys, error, "Cannot write when {keys} keys were last used; will retry");
}
