//! Group commit: all that wait for the disk at the same time share one transaction.
//!
//! While one batch is being committed the next one gathers, so the number of commits follows the disk and not the
//! load. A batch runs in a task of its own: a client that hangs up neither undoes its part half-way nor keeps others
//! waiting.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Jobs that wait to be committed, each with somebody who waits for its answer.
#[derive(Debug)]
pub(crate) struct Gathering<J, A>(Mutex<Queue<J, A>>);

#[derive(Debug)]
struct Queue<J, A> {
    waiting: Vec<(J, oneshot::Sender<A>)>,
    /// Whether a task is at work that will see what waits.
    committing: bool,
}

impl<J, A> Default for Gathering<J, A> {
    fn default() -> Self {
        Self(Mutex::new(Queue { waiting: Vec::new(), committing: false }))
    }
}

/// A job's place among those that wait.
pub(crate) struct Place<A> {
    /// Gives the answer. An error says that the task ended without one, by a bug.
    pub(crate) answer: oneshot::Receiver<A>,
    /// Nobody is at work: whoever got this place starts a task that commits until nothing waits.
    pub(crate) must_start: bool,
}

/// Jobs that are committed together, and who waits for each of them.
pub(crate) type Batch<J, A> = (Vec<J>, Vec<oneshot::Sender<A>>);

impl<J, A> Gathering<J, A> {
    fn queue(&self) -> MutexGuard<'_, Queue<J, A>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `job` wait for the next batch.
    pub(crate) fn join(&self, job: J) -> Place<A> {
        let (waits, answer) = oneshot::channel();
        let mut queue = self.queue();
        queue.waiting.push((job, waits));
        Place { answer, must_start: !std::mem::replace(&mut queue.committing, true) }
    }

    /// To be held by the task that commits, which takes its batches from it.
    pub(crate) fn serving(&self) -> Serving<'_, J, A> {
        Serving { gathering: self, done: false }
    }
}

/// The task that commits. If it ends before nothing waits, by a bug, those that wait are told by their channel, and
/// the next one starts a new task.
pub(crate) struct Serving<'g, J, A> {
    gathering: &'g Gathering<J, A>,
    /// Nothing waited any more. Whoever has come since is served by a task of their own, and not to be touched.
    done: bool,
}

impl<J, A> Serving<'_, J, A> {
    /// The next batch, of `most` jobs; `None` when nothing waits, and the task ends.
    pub(crate) fn next(&mut self, most: usize) -> Option<Batch<J, A>> {
        let mut queue = self.gathering.queue();
        if queue.waiting.is_empty() {
            queue.committing = false;
            self.done = true;
            return None;
        }
        let rest = queue.waiting.len().min(most);
        let rest = queue.waiting.split_off(rest);
        Some(std::mem::replace(&mut queue.waiting, rest).into_iter().unzip())
    }
}

impl<J, A> Drop for Serving<'_, J, A> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut queue = self.gathering.queue();
        queue.committing = false;
        queue.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_first_starts_and_a_batch_has_an_end() {
        let gathering = Gathering::<u8, u8>::default();
        let places: Vec<_> = (0..5).map(|job| gathering.join(job)).collect();
        let starts: Vec<_> = places.iter().map(|place| place.must_start).collect();
        assert_eq!(starts, [true, false, false, false, false]);
        let mut batches = Vec::new();
        let mut serving = gathering.serving();
        while let Some((jobs, waiting)) = serving.next(3) {
            for (job, waits) in jobs.iter().zip(waiting) {
                waits.send(job * 2).expect("somebody waits");
            }
            batches.push(jobs);
        }
        assert_eq!(batches, [vec![0, 1, 2], vec![3, 4]]);
        for (job, place) in (0..).zip(places) {
            assert_eq!(place.answer.await, Ok(job * 2));
        }
        assert!(gathering.join(5).must_start, "nobody was at work any more");
    }

    #[tokio::test]
    async fn a_task_that_ends_too_early_tells_who_waits() {
        let gathering = Gathering::<u8, u8>::default();
        let place = gathering.join(1);
        drop(gathering.serving());
        assert!(place.answer.await.is_err());
        assert!(gathering.join(2).must_start);
    }

    #[tokio::test]
    async fn who_comes_while_a_task_that_is_done_goes_away_is_served_by_the_next() {
        let gathering = Gathering::<u8, u8>::default();
        let mut first = gathering.serving();
        assert!(first.next(3).is_none());
        let place = gathering.join(1);
        assert!(place.must_start);
        drop(first);
        let (jobs, waiting) = gathering.serving().next(3).expect("it still waits");
        for (job, waits) in jobs.iter().zip(waiting) {
            waits.send(job * 2).expect("somebody waits");
        }
        assert_eq!(place.answer.await, Ok(2));
    }
}
