//! The connections of a node, all made anew when the server has vanished.
//!
//! A server that vanishes (a power cut, an address that moved) closes no connection, and whoever waits for its answer waits
//! until the system gives the connection up: a quarter of an hour. That includes sqlx, which asks each connection
//! once more, without a limit, before it takes it back. So a pool can lose places, and one that has lost all of them
//! gives nobody a connection any more. What a pool has lost cannot be told from outside; so as soon as one connection
//! is found to be dead, or none is to be had, all pools are left behind, and new ones take their place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPool};

use super::connections;
use crate::store::StoreError;

/// Between two renewals because no connection was to be had: that may also be because all are in use.
const RENEWAL: Duration = Duration::from_secs(30);

/// The pools of a node, one for each kind of work, so that none waits for another. Copies are of the same pools.
#[derive(Clone)]
pub(super) struct Made {
    /// A connection of these was found to be dead.
    dead: Arc<AtomicBool>,
    since: Instant,
    pub(super) writers: PgPool,
    pub(super) creators: PgPool,
    pub(super) readers: PgPool,
    /// For whoever follows the change log: questions that take long must not keep it waiting.
    pub(super) follower: PgPool,
}

impl Made {
    fn new(options: &PgConnectOptions) -> Self {
        let dead = Arc::default();
        Self {
            since: Instant::now(),
            writers: connections::writers(options, &dead),
            creators: connections::creators(options, &dead),
            readers: connections::readers(options, &dead),
            follower: connections::follower(options, &dead),
            dead,
        }
    }
}

/// The pools that a node uses now.
pub(super) struct Pools {
    options: PgConnectOptions,
    made: Mutex<Made>,
}

impl Pools {
    /// Nothing is connected yet.
    pub(super) fn new(options: &PgConnectOptions) -> Self {
        Self { options: options.clone(), made: Mutex::new(Made::new(options)) }
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is used now. Who still uses what was before goes on with it.
    pub(super) fn get(&self) -> Made {
        let mut made = self.made();
        if made.dead.load(Ordering::Relaxed) {
            tracing::warn!("The database does not answer on its connections; connecting anew");
            *made = Made::new(&self.options);
        }
        made.clone()
    }

    /// Takes note of an answer that says that no connection was to be had.
    pub(super) fn noticed<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Unavailable(cause)) = &answer
            && let Some(sqlx::Error::PoolTimedOut) = cause.downcast_ref()
        {
            let made = self.made();
            if made.since.elapsed() >= RENEWAL {
                made.dead.store(true, Ordering::Relaxed);
            }
        }
        answer
    }

    /// Closes them in good order.
    pub(super) async fn close(&self) {
        let Made { writers, creators, readers, follower, .. } = self.get();
        tokio::join!(writers.close(), creators.close(), readers.close(), follower.close());
    }
}
