//! Charges: every verification that spends waits until what it spent is on disk, together with all others that wait.

use crate::deadline::{SHORT, within};
use crate::engine::Engine;
use crate::error::{EngineError, chain};
use crate::gathering::Gathering;
use crate::ledger::{Charge, Charged};

/// Charges in one transaction: so many that no load fills it, so few that it stays short.
const BATCH: usize = 1_024;

/// Charges that wait to be committed. The answer's error is the text for the log.
pub(crate) type Charges = Gathering<Charge, Result<Charged, String>>;

impl Engine {
    /// Charges, and waits until that is on disk.
    ///
    /// # Errors
    ///
    /// [`EngineError::Unavailable`] if the database does not answer. Whether the charge was made is then not known;
    /// the customer may have paid for a request that was not let through, never the other way round.
    pub(crate) async fn charge(&self, charge: Charge) -> Result<Charged, EngineError> {
        let place = self.charges().join(charge);
        if place.must_start {
            tokio::spawn(commit(self.clone()));
        }
        match place.answer.await {
            Ok(Ok(charged)) => Ok(charged),
            Ok(Err(error)) => Err(EngineError::Unavailable(error.into())),
            Err(_gone) => Err(EngineError::Unavailable("the charge was given up".into())),
        }
    }
}

/// Commits batches until nothing waits.
async fn commit(engine: Engine) {
    let mut serving = engine.charges().serving();
    while let Some((charges, answers)) = serving.next(BATCH) {
        match within(SHORT, engine.store().charge(&charges)).await {
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
