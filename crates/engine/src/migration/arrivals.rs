//! Chunks under way: one that arrives while those before it are being taken waits for them.
//!
//! So a sender may have several chunks on their way at once, and reading one overlaps with writing another. Chunks
//! that do not arrive at all are not waited for: then the answer is `chunk_out_of_order`, as ever.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The chunks that this process is taking, by job and number, and how often each.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    under_way: Mutex<BTreeMap<(u128, u32), usize>>,
    /// One of them is through, taken or not.
    left: Notify,
}

/// A chunk is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    arrivals: &'a Arrivals,
    chunk: (u128, u32),
}

impl Arrivals {
    /// Chunk `number` of `job` has come.
    pub(super) fn note(&self, job: u128, number: u32) -> Arrival<'_> {
        let chunk = (job, number);
        *self.lock().entry(chunk).or_default() += 1;
        Arrival { arrivals: self, chunk }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(u128, u32), usize>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival<'_> {
    /// Waits until no earlier chunk of the job is under way. Earlier ones never wait for later ones.
    pub(super) async fn turn(&self) {
        let (job, _) = self.chunk;
        loop {
            let mut left = pin!(self.arrivals.left.notified());
            // From here on nothing that leaves is missed.
            left.as_mut().enable();
            if self.arrivals.lock().range((job, 0)..self.chunk).next().is_none() {
                return;
            }
            left.await;
        }
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut under_way = self.arrivals.lock();
        if let Some(times) = under_way.get_mut(&self.chunk) {
            *times -= 1;
            if *times == 0 {
                under_way.remove(&self.chunk);
            }
        }
        drop(under_way);
        self.arrivals.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn waits(arrival: &Arrival<'_>) -> bool {
        tokio::time::timeout(Duration::from_millis(20), arrival.turn()).await.is_err()
    }

    #[tokio::test]
    async fn a_chunk_waits_for_those_before_it_of_its_own_job() {
        let arrivals = Arrivals::default();
        let (third, second) = (arrivals.note(1, 3), arrivals.note(1, 2));
        let (again, other) = (arrivals.note(1, 2), arrivals.note(2, 7));
        assert!(!waits(&second).await && !waits(&other).await);
        assert!(waits(&third).await);
        drop(second);
        assert!(waits(&third).await, "it was sent twice");
        let (_, ()) = tokio::join!(third.turn(), async { drop(again) });
        drop((third, other));
        assert!(arrivals.lock().is_empty(), "nothing stays behind");
    }
}
