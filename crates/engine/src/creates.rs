//! Creating keys: decided from memory, written in one statement or transaction together with all others that wait.
//!
//! What a new key depends on, its workspace and the scopes there, is in memory, as it was at a known end of the change
//! log. The store adds the keys only if the log still ends there: then nothing that they depend on has changed, as if
//! it had been read in the same transaction. If somebody else wrote meanwhile, or if anything is refused, a create goes
//! the ordinary way, one at a time and with questions to the database (`keys.rs`), which decides.

use std::sync::Arc;

use oneloop_protocol::{CreateApiKey, IssuedApiKey, UnixMillis};

use crate::actor::Actor;
use crate::deadline::{SHORT, within};
use crate::engine::{Engine, team_bits};
use crate::error::{EngineError, chain};
use crate::gathering::Gathering;
use crate::index::WorkspaceEntry;
use crate::keys::{Draft, Terms};
use crate::store::{ApiKeyRow, NewAudit, StoreError};
use crate::turn::Update;

/// Keys in one transaction: it stays short, and others that write wait for it.
const BATCH: usize = 128;

/// Keys that wait to be committed.
pub(crate) type Creates = Gathering<Create, Created>;

/// A key that was decided on.
pub(crate) struct Create {
    row: ApiKeyRow,
    audit: NewAudit,
    /// What it was decided from.
    workspace: Arc<WorkspaceEntry>,
}

/// What became of a key.
#[derive(Debug)]
pub(crate) enum Created {
    /// It is on disk, and works.
    Stored,
    /// Nothing was done.
    Undecided,
    /// Perhaps it was stored. The text is for the log.
    Failed(String),
}

impl Engine {
    /// Creates a key together with others that wait; `None` if that is for the ordinary way to decide: then nothing was
    /// done.
    ///
    /// # Errors
    ///
    /// [`EngineError::Unavailable`] if the database does not answer. Whether the key was stored is then not known;
    /// nobody has its secret.
    pub(crate) async fn create_with_others(
        &self,
        actor: &Actor,
        body: &CreateApiKey,
        now: UnixMillis,
    ) -> Result<Option<IssuedApiKey>, EngineError> {
        // These ask about what is in nobody's memory: kept answers and meters.
        if actor.once.is_some() || body.external_meter_id.is_some() {
            return Ok(None);
        }
        let team = team_bits(actor.acting_team()?)?;
        let entry = body.workspace_id.bits().and_then(|id| self.index().workspace(id));
        let Some(workspace) = entry.filter(|entry| entry.defaults.team == team) else {
            return Ok(None);
        };
        let terms = Terms { workspace: workspace.id, defaults: &workspace.defaults, meter: None };
        let draft = self.draft_key(actor, body, &terms, &*workspace, now);
        let Ok(Draft { row, audit, answer }) = draft else { return Ok(None) };
        let place = self.creates().join(Create { row, audit, workspace });
        if place.must_start {
            tokio::spawn(commit(self.clone()));
        }
        match place.answer.await {
            Ok(Created::Stored) => Ok(Some(answer)),
            Ok(Created::Undecided) => Ok(None),
            Ok(Created::Failed(error)) => Err(EngineError::Unavailable(error.into())),
            Err(_gone) => Err(EngineError::Unavailable("the API key was given up".into())),
        }
    }

    /// Stores those whose workspace is still as it was when they were decided on; says which.
    async fn store_together(&self, creates: Vec<Create>) -> Result<Vec<bool>, StoreError> {
        let _place = self.queue().lock().await;
        let (end, current) = {
            let followed = self.writer().lock().await;
            let is_current = |create: &Create| {
                let known = self.index().workspace(create.workspace.id);
                known.is_some_and(|known| known.revision == create.workspace.revision)
            };
            (followed.0, creates.iter().map(is_current).collect::<Vec<_>>())
        };
        let (mut keys, mut audit) = (Vec::new(), Vec::new());
        for (create, _) in creates.into_iter().zip(&current).filter(|(_, current)| **current) {
            keys.push(create.row);
            audit.push(create.audit);
        }
        let none = vec![false; current.len()];
        if keys.is_empty() {
            return Ok(none);
        }
        // Not held meanwhile: another node may keep this one waiting, which must go on following it.
        let store = self.store();
        let written =
            within(SHORT, store.add_keys_behind(end, &keys, &audit, self.pepper())).await?;
        let Some(lines) = written else { return Ok(none) };
        let updates = lines.clone().zip(keys).map(|(revision, key)| {
            let key = ApiKeyRow { revision, ..key };
            Update::key(key, Vec::new())
        });
        let mut followed = self.writer().lock().await;
        if followed.0 >= end {
            updates.for_each(|update| update.apply(self));
        }
        followed.past(&lines, self);
        Ok(current)
    }
}

/// Commits batches until nothing waits.
async fn commit(engine: Engine) {
    let mut serving = engine.creates().serving();
    while let Some((creates, answers)) = serving.next(BATCH) {
        let outcomes: Vec<_> = match engine.store_together(creates).await {
            Ok(stored) => stored
                .into_iter()
                .map(|stored| if stored { Created::Stored } else { Created::Undecided })
                .collect(),
            Err(StoreError::Unavailable(error)) => {
                let error = chain(&*error);
                tracing::error!(error, keys = answers.len(), "Cannot create API keys");
                answers.iter().map(|_| Created::Failed(error.clone())).collect()
            }
            // The database refused one of them, and so all: each is to hear what it says about itself.
            Err(_refused) => answers.iter().map(|_| Created::Undecided).collect(),
        };
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Ignored: the client may have hung up. The key is there all the same, and nobody has its secret.
            let _ = answer.send(outcome);
        }
    }
}
