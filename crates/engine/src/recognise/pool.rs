//! The threads in which slow hashes are tried, and the line in front of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::EngineError;

/// Keys that may wait for a thread. With a hash of 50 ms those at the end of a longer line would give up waiting anyway.
const WAITING: usize = 128;

/// One thread for every second core: slow hashes must not starve verification.
#[derive(Debug)]
pub(super) struct Pool {
    threads: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Pool {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads: Arc::new(Semaphore::new((cores / 2).max(1))), waiting: AtomicUsize::new(0) }
    }
}

/// A place in the line, given up when dropped: whoever waits may hang up.
struct Place<'p>(&'p AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    /// The right to use one of the threads, until it is dropped.
    ///
    /// # Errors
    ///
    /// [`EngineError::Busy`] at once if the line is full, and after `patience` if no thread came free.
    pub(super) async fn enter(
        &self,
        patience: Duration,
    ) -> Result<OwnedSemaphorePermit, EngineError> {
        let busy = || {
            EngineError::Busy("too many keys are being tried against slow hashes; try again soon")
        };
        if let Ok(thread) = Arc::clone(&self.threads).try_acquire_owned() {
            return Ok(thread);
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _place = Place(&self.waiting);
        if before >= WAITING {
            return Err(busy());
        }
        let thread = Arc::clone(&self.threads).acquire_owned();
        let thread = tokio::time::timeout(patience, thread).await.map_err(|_| busy())?;
        thread.map_err(EngineError::internal)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_full_line_is_said_at_once_and_a_place_in_it_comes_free() {
        let pool = Pool::default();
        let mut inside = Vec::new();
        while let Ok(thread) = pool.enter(Duration::ZERO).await {
            inside.push(thread);
        }
        let mut line: Vec<_> = (0..WAITING).map(|_| Box::pin(pool.enter(LONG))).collect();
        poll_fn(|context| {
            assert!(line.iter_mut().all(|waits| waits.as_mut().poll(context).is_pending()));
            Poll::Ready(())
        })
        .await;
        assert!(
            matches!(pool.enter(LONG).await, Err(EngineError::Busy(_))),
            "nobody waits a minute"
        );

        // One hangs up, and another comes in behind the rest.
        drop(line.pop());
        let mut late = pin!(pool.enter(LONG));
        poll_fn(|context| {
            assert!(late.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(line);
        inside.pop();
        assert!(late.await.is_ok());
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
    }
}
