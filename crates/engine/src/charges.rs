//! Group commit of charges: every verification that spends waits until what it spent is on disk, and all that wait
//! at the same time share one transaction.
//!
//! While one batch is being committed the next one gathers, so the number of commits follows the disk and not the
//! load. A batch runs in a task of its own: a client that hangs up neither undoes its charge half-way nor keeps
//! others waiting.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::error::{EngineError, chain};
use crate::ledger::{Charge, Charged};

/// Charges in one transaction: so many that no load fills it, so few that it stays short.
const BATCH: usize = 1_024;

/// Charges that wait to be committed.
#[derive(Debug, Default)]
pub(crate) struct Charges {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether a task is at work that will see what waits.
    committing: bool,
}

/// One charge, and who waits for it. The answer's error is the text for the log.
#[derive(Debug)]
struct Waiting {
    charge: Charge,
    answer: oneshot::Sender<Result<Charged, String>>,
}

impl Charges {
    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch; `None` when nothing waits, and the task ends.
    fn next(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue();
        if queue.waiting.is_empty() {
            queue.committing = false;
            return None;
        }
        let rest = queue.waiting.len().min(BATCH);
        let rest = queue.waiting.split_off(rest);
        Some(std::mem::replace(&mut queue.waiting, rest))
    }
}

/// Lets the queue be served again if its task ends before it is empty, by a bug: those that wait are told by
/// their channel, and the next one starts a new task.
struct Serving<'e>(&'e Charges);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        if std::mem::take(&mut queue.committing) {
            queue.waiting.clear();
        }
    }
}

impl Engine {
    /// Charges, and waits until that is on disk.
    ///
    /// # Errors
    ///
    /// [`EngineError::Unavailable`] if the database does not answer. Whether the charge was made is then not known;
    /// the customer may have paid for a request that was not let through, never the other way round.
    pub(crate) async fn charge(&self, charge: Charge) -> Result<Charged, EngineError> {
        let (answer, charged) = oneshot::channel();
        let must_start = {
            let mut queue = self.charges().queue();
            queue.waiting.push(Waiting { charge, answer });
            !std::mem::replace(&mut queue.committing, true)
        };
        if must_start {
            tokio::spawn(commit(self.clone()));
        }
        match charged.await {
            Ok(Ok(charged)) => Ok(charged),
            Ok(Err(error)) => Err(EngineError::Unavailable(error.into())),
            Err(_gone) => Err(EngineError::Unavailable("the charge was given up".into())),
        }
    }
}

/// Commits batches until nothing waits.
async fn commit(engine: Engine) {
    let _serving = Serving(engine.charges());
    while let Some(batch) = engine.charges().next() {
        let (charges, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.charge, waiting.answer)).unzip();
        match engine.store().charge(&charges).await {
            Ok(charged) => {
                for (answer, charged) in answers.into_iter().zip(charged) {
                    // Ignored: the client may have hung up. It is charged all the same.
                    let _ = answer.send(Ok(charged));
                }
            }
            Err(error) => {
                let error = chain(&error);
                tracing::error!(error, charges = charges.len(), "Cannot charge");
                for answer in answers {
                    // Ignored: as above.
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }
}
