//! One change at a time: commit, then apply to the index, then answer.
//!
//! A [`Turn`] holds the engine's writer lock from its first question to the last entry it applies, so the
//! index sees changes in the order of their commits. A turn that is dropped half-way (the client hung up)
//! leaves either nothing, or a committed change that the change feed applies within its interval.

use std::ops::RangeInclusive;

use oneloop_protocol::UnixMillis;
use tokio::sync::MutexGuard;

use crate::actor::Actor;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::index::{Found, Revision, SdkKeyEntry, WorkspaceEntry};
use crate::key_entry::TaggedKey;
use crate::store::{
    ApiKeyRow, NewAudit, Read, RecipeRow, ScopeRow, SdkKeyRow, WorkspaceRow, Write,
};
use crate::tag::Tag;

/// After so many rows other tasks have their turn: a fraction of a millisecond.
pub(crate) const ROWS_BETWEEN_OTHERS: usize = 250;

/// How far the index has followed the change log. Guarded by the writer lock.
#[derive(Debug, Default)]
pub(crate) struct Followed(pub(crate) Revision);

impl Followed {
    /// Goes past lines of the change log that this engine wrote itself and has applied.
    pub(crate) fn past(&mut self, lines: &RangeInclusive<Revision>, engine: &Engine) {
        if *lines.start() == self.0 + 1 {
            // Nobody else wrote in between: the feed need not look at these again.
            self.0 = *lines.end();
        } else {
            engine.change_feed().look_now();
        }
    }
}

/// Something for the index to take over.
pub(crate) enum Update {
    /// A key, and the secrets it stopped answering to.
    Key(TaggedKey, Vec<Tag>),
    /// Many keys, none of which stopped answering to anything.
    Keys(Vec<TaggedKey>),
    /// A key that is there no more, and what it answered to.
    Gone(u128, Vec<Tag>),
    /// The recipes of a team.
    Recipes(u128, Vec<RecipeRow>),
    /// A workspace with its catalogue.
    Workspace(WorkspaceEntry),
    /// An SDK key.
    SdkKey(Tag, SdkKeyEntry),
}

/// The right to change something.
pub(crate) struct Turn<'e> {
    engine: &'e Engine,
    followed: MutexGuard<'e, Followed>,
    pub(crate) store: Box<dyn Write>,
    _place: MutexGuard<'e, ()>,
}

impl Engine {
    /// Waits for this engine's turn to write: first behind this process's own, then for the database, which
    /// another node may have for a while. Only then for the index, so that this engine goes on following the change
    /// log meanwhile.
    pub(crate) async fn turn(&self) -> Result<Turn<'_>, EngineError> {
        let place = self.queue().lock().await;
        let store = self.store().write().await?;
        let followed = self.writer().lock().await;
        Ok(Turn { engine: self, followed, store, _place: place })
    }

    /// A line for the audit log.
    pub(crate) fn audit_line(
        &self,
        actor: &Actor,
        team: Option<u128>,
        action: &'static str,
        subject: impl ToString,
        detail: serde_json::Value,
    ) -> NewAudit {
        NewAudit {
            at: self.now(),
            team,
            who: actor.who.to_string(),
            action,
            subject: subject.to_string(),
            address: actor.address.map(|address| address.to_string()),
            request_id: actor.request_id.as_deref().map(printable),
            detail,
        }
    }

    /// A snapshot to answer a question from.
    pub(crate) async fn snapshot(&self) -> Result<Box<dyn Read>, EngineError> {
        Ok(self.store().read().await?)
    }
}

impl Turn<'_> {
    /// Commits, and brings the index up to date.
    pub(crate) async fn commit(
        self,
        audit: &[NewAudit],
        updates: Vec<Update>,
    ) -> Result<(), EngineError> {
        let Self { engine, mut followed, store, _place } = self;
        let written = store.commit(audit, engine.pepper()).await?;
        for update in updates {
            match update {
                Update::Keys(keys) => {
                    let mut keys = keys.into_iter().peekable();
                    while keys.peek().is_some() {
                        let some = keys.by_ref().take(ROWS_BETWEEN_OTHERS).collect();
                        Update::Keys(some).apply(engine);
                        tokio::task::yield_now().await;
                    }
                }
                update => update.apply(engine),
            }
        }
        match written {
            Some(lines) => followed.past(&lines, engine),
            None => engine.change_feed().look_now(),
        }
        Ok(())
    }

    /// What time it is.
    pub(crate) fn now(&self) -> UnixMillis {
        self.engine.now()
    }

    /// A line for the audit log.
    pub(crate) fn audit(
        &self,
        actor: &Actor,
        team: Option<u128>,
        action: &'static str,
        subject: impl ToString,
        detail: serde_json::Value,
    ) -> NewAudit {
        self.engine.audit_line(actor, team, action, subject, detail)
    }
}

/// A request id may be the client's own words: at most 128 visible ASCII characters of it are kept.
fn printable(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(128).collect()
}

impl Update {
    pub(crate) fn apply(self, engine: &Engine) {
        let index = engine.index();
        match self {
            Self::Key(key, retired) => index.put_key(key, &retired),
            Self::Keys(keys) => {
                keys.into_iter().for_each(|key| index.put_key(key, &[]));
                engine.recognition().forget_wrong();
            }
            Self::Gone(id, tags) => index.remove_key(id, &tags),
            Self::Recipes(team, rows) => engine.put_recipes(team, &rows),
            Self::Workspace(entry) => index.put_workspace(entry),
            Self::SdkKey(tag, entry) => index.put_sdk_key(tag, entry),
        }
    }

    /// Like [`Update::apply`], whatever revision is there, and noted in `found`.
    pub(crate) fn replace(self, engine: &Engine, found: &mut Found) {
        let index = engine.index();
        match self {
            Self::Key(key, _) => index.replace_key(key, found),
            Self::Keys(keys) => keys.into_iter().for_each(|key| index.replace_key(key, found)),
            Self::Gone(id, tags) => index.remove_key(id, &tags),
            Self::Recipes(team, rows) => engine.put_recipes(team, &rows),
            Self::Workspace(entry) => index.replace_workspace(entry, found),
            Self::SdkKey(tag, entry) => index.replace_sdk_key(tag, entry, found),
        }
    }

    pub(crate) fn key(row: ApiKeyRow, retired: Vec<Tag>) -> Self {
        Self::Key(row.into_indexed(), retired)
    }

    pub(crate) fn keys(rows: impl IntoIterator<Item = ApiKeyRow>) -> Self {
        Self::Keys(rows.into_iter().map(ApiKeyRow::into_indexed).collect())
    }

    pub(crate) fn gone(row: ApiKeyRow) -> Self {
        Self::Gone(row.id, [Some(row.tag), row.previous_tag].into_iter().flatten().collect())
    }

    pub(crate) fn recipes(team: u128, rows: &[RecipeRow]) -> Self {
        Self::Recipes(team, rows.to_vec())
    }

    pub(crate) fn workspace(row: &WorkspaceRow, catalogue: &[ScopeRow]) -> Self {
        Self::Workspace(row.indexed(catalogue))
    }

    pub(crate) fn sdk_key(row: &SdkKeyRow) -> Self {
        Self::SdkKey(row.tag, row.indexed())
    }
}
