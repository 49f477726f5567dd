//! Where everything is kept. One trait, one module a database; the choice is made once, at start.
//!
//! The rules of the service live above this line: a store answers questions and writes rows. Both happen
//! in a transaction, so every question of one operation sees one state. Writing goes through [`Write`],
//! where each change of a row also writes its line of the change log, and where committing takes the line
//! for the audit log: neither can be forgotten.

mod columns;
#[cfg(test)]
mod conformance;
mod from_columns;
mod indexed;
mod key_page;
mod key_query;
mod migration;
mod migration_columns;
pub(crate) mod postgres;
mod refusal;
mod row;
pub(crate) mod sqlite;

use std::ops::RangeInclusive;

use async_trait::async_trait;
use oneloop_protocol::UnixMillis;

use crate::audit::AuditEntry;
use crate::audit_chain::{AuditLine, ChainHead};
use crate::error::{Cause, EngineError};
use crate::index::Revision;
use crate::key_entry::TaggedKey;
use crate::ledger::{Charge, Charged};
use crate::pepper::{Pepper, PepperCheck};
use crate::tag::Tag;

pub(crate) use key_page::{KeyFilter, KeyPage, Position, SortValue, TextFilter};
pub(crate) use migration::{
    ChunkRow, ComparisonSums, Entry, KeyImage, Ledger, LegacyKeyRow, MigrationRead, MigrationRow,
    MigrationWrite, RecipeRow,
};
pub(crate) use row::{
    ApiKeyRow, BilledRow, IdempotencyRow, KnownLinkToken, LinkTokenRow, MeterRow,
    MigrationWindowRow, NewAudit, ScopeRow, SdkKeyRow, SigningKeyRow, TagHolder, TeamRow, UsageRow,
    WorkspaceRow,
};

/// What went wrong, as far as the engine can act on it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// A unique value is taken, by someone who was faster.
    #[error("a unique value is taken")]
    Duplicate(#[source] Cause),
    /// Busy, locked, full or gone: trying again makes sense.
    #[error("the database does not answer")]
    Unavailable(#[source] Cause),
    /// Anything else: a bug, or a damaged database.
    #[error("the database refused")]
    Other(#[source] Cause),
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            other => Self::internal(other),
        }
    }
}

/// Days for which counts of verifications are kept; a chart can show as many.
pub(crate) const USAGE_DAYS_KEPT: i64 = 400;

/// Counts that one key can have on one day before further routes are counted together.
pub(crate) const USAGE_ROUTES: u32 = 500;

/// Lines of the change log that are kept. A process looks ten times a second; one that was away for so long that more
/// have come loads everything anew, which at a million keys takes two seconds.
pub(crate) const CHANGES_KEPT: u32 = 100_000;

/// A database.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    /// A snapshot to ask questions of.
    async fn read(&self) -> Result<Box<dyn Read>, StoreError>;

    /// The same, for whoever follows the change log: no other question keeps it waiting.
    async fn read_to_follow(&self) -> Result<Box<dyn Read>, StoreError>;

    /// A transaction to write in, after every other: writers are one at a time. Dropped without a commit,
    /// it leaves nothing behind.
    async fn write(&self) -> Result<Box<dyn Write>, StoreError>;

    /// Adds keys with their lines in the change log and in the audit log, all or none, durable when this returns; but
    /// only if the change log ends at `end`: then all that was decided from that state still holds. Says which
    /// lines are theirs, one by one; `None` if nothing was done, because somebody else has written since.
    async fn add_keys_behind(
        &self,
        end: Revision,
        keys: &[ApiKeyRow],
        audit: &[NewAudit],
        pepper: &Pepper,
    ) -> Result<Written, StoreError>;

    /// Whether a copy into this database has begun and is not finished.
    async fn is_half_copied(&self) -> Result<bool, StoreError>;

    /// Whether anybody may have committed since the last call. Cheap enough to ask ten times a second.
    async fn has_news(&self) -> Result<bool, StoreError>;

    /// Waits until the database itself says that somebody has committed: a hint, which may be missed and
    /// may come without a reason. Never, where a database does not say such things.
    async fn hint(&self);

    /// Notes when keys were last used; never sets a time back. Neither an edit nor audited, so it is
    /// outside [`Write`].
    async fn note_uses(&self, uses: &[(u128, UnixMillis)]) -> Result<(), StoreError>;

    /// Makes sure that a question which goes by last use sees every use that was noted more than a second ago.
    async fn settle_uses(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Notes when secrets that were replaced were last used, likewise.
    async fn note_replaced_uses(&self, uses: &[(Tag, UnixMillis)]) -> Result<(), StoreError>;

    /// Adds to how often keys were verified, and forgets a little of what is older than [`USAGE_DAYS_KEPT`]. Routes
    /// of a key past [`USAGE_ROUTES`] rows a day are counted together. Like [`Store::note_uses`] outside
    /// [`Write`].
    async fn note_usage(&self, counts: &[UsageRow]) -> Result<(), StoreError>;

    /// Applies charges one after the other, all in one transaction, durable when this returns. Each is made in full
    /// or not at all; exact also with several processes at work. Credit is in nobody's memory, so the change log
    /// does not mention it.
    async fn charge(&self, charges: &[Charge]) -> Result<Vec<Charged>, StoreError>;

    /// Forgets a few of the oldest lines of the change log, past the newest `keep`, once there are a tenth more; says how
    /// many. The last line is never forgotten: it says where the log ends. A reader that misses a line sees that,
    /// because numbers have no gaps, and loads everything. Cheap when there is nothing to forget.
    async fn forget_changes(&self, keep: u32) -> Result<u64, StoreError>;

    /// Does what may wait until there is time for it. Called twice a second.
    async fn tidy(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Leaves the files tidy. Nothing works afterwards.
    async fn close(&self);
}

/// Questions. All answers of one `Read` come from one state.
#[async_trait]
pub(crate) trait Read: MigrationRead {
    /// The check value of this database's pepper; `None` in a new database.
    async fn pepper_check(&mut self) -> Result<Option<PepperCheck>, StoreError>;

    /// The end of the change log.
    async fn revision(&mut self) -> Result<Revision, StoreError>;

    /// The change log after `after`, oldest first, at most `limit` lines.
    async fn changes(&mut self, after: Revision, limit: u32) -> Result<Vec<Change>, StoreError>;

    /// How many keys there are.
    async fn count_keys(&mut self) -> Result<u64, StoreError>;

    /// Hands every key to `sink`, as the index holds it. The only answer that may come from a later state than the
    /// others: whoever goes on from [`Read::revision`] meets what is newer once more, and knows it by its revision.
    async fn load_keys(
        &mut self,
        sink: &mut (dyn FnMut(TaggedKey) + Send),
    ) -> Result<(), StoreError>;

    /// These keys, those that there are, as the index holds them, in any order.
    async fn load_some_keys(&mut self, ids: &[u128]) -> Result<Vec<TaggedKey>, StoreError>;

    /// A team.
    async fn team(&mut self, id: u128) -> Result<Option<TeamRow>, StoreError>;

    /// All teams, oldest first.
    async fn teams(&mut self) -> Result<Vec<TeamRow>, StoreError>;

    /// An SDK key.
    async fn sdk_key(&mut self, id: u128) -> Result<Option<SdkKeyRow>, StoreError>;

    /// The SDK keys of one team or of all, oldest first.
    async fn sdk_keys(&mut self, team: Option<u128>) -> Result<Vec<SdkKeyRow>, StoreError>;

    /// A workspace, whoever owns it.
    async fn workspace(&mut self, id: u128) -> Result<Option<WorkspaceRow>, StoreError>;

    /// The workspaces of one team or of all, oldest first.
    async fn workspaces(&mut self, team: Option<u128>) -> Result<Vec<WorkspaceRow>, StoreError>;

    /// The catalogue of one workspace or of all, by workspace and number: oldest first.
    async fn scopes(&mut self, workspace: Option<u128>) -> Result<Vec<ScopeRow>, StoreError>;

    /// A key, whoever owns it.
    async fn api_key(&mut self, id: u128) -> Result<Option<ApiKeyRow>, StoreError>;

    /// A stretch of the keys that `filter` finds.
    async fn api_keys(
        &mut self,
        filter: &KeyFilter,
        page: &KeyPage,
    ) -> Result<Vec<ApiKeyRow>, StoreError>;

    /// How many keys `filter` finds.
    async fn count_api_keys(&mut self, filter: &KeyFilter) -> Result<u64, StoreError>;

    /// Who holds, or once held, a secret.
    async fn tag_holder(&mut self, tag: &Tag) -> Result<Option<TagHolder>, StoreError>;

    /// A link token.
    async fn link_token(&mut self, tag: &Tag) -> Result<Option<KnownLinkToken>, StoreError>;

    /// A meter of a workspace.
    async fn meter(
        &mut self,
        workspace: u128,
        external_id: &str,
    ) -> Result<Option<MeterRow>, StoreError>;

    /// The meters of this name in all workspaces of a team, oldest first.
    async fn meters_named(
        &mut self,
        team: u128,
        external_id: &str,
    ) -> Result<Vec<MeterRow>, StoreError>;

    /// What a team used under these ids from day `since` on, by day.
    async fn billed_usage(
        &mut self,
        team: u128,
        billing_ids: &[String],
        since: i64,
    ) -> Result<Vec<BilledRow>, StoreError>;

    /// A team's signing keys, newest first.
    async fn signing_keys(&mut self, team: u128) -> Result<Vec<SigningKeyRow>, StoreError>;

    /// An answer that was kept, perhaps expired.
    async fn idempotent_answer(
        &mut self,
        tag: &[u8; 32],
    ) -> Result<Option<IdempotencyRow>, StoreError>;

    /// A team's migration window, past ones included until they are closed or replaced.
    async fn migration_window(
        &mut self,
        team: u128,
    ) -> Result<Option<MigrationWindowRow>, StoreError>;

    /// How often a key was verified from day `first` to day `last`, by day.
    async fn usage(
        &mut self,
        key: u128,
        first: i64,
        last: i64,
    ) -> Result<Vec<UsageRow>, StoreError>;

    /// The lines of the audit log about one subject, older than line `before`, newest first.
    async fn audit_of(
        &mut self,
        subject: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError>;

    /// The last `limit` lines of the audit log, newest first.
    async fn audit(
        &mut self,
        team: Option<u128>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError>;

    /// The lines of the audit log behind line `seq`, oldest first, as they are stored.
    async fn audit_after(&mut self, seq: i64, limit: u32) -> Result<Vec<AuditLine>, StoreError>;

    /// Where the audit log ends.
    async fn audit_end(&mut self) -> Result<ChainEnd, StoreError>;
}

/// Changes. Each writes its line of the change log, whose number is the answer and becomes the row's
/// revision.
#[async_trait]
pub(crate) trait Write: Read + MigrationWrite {
    /// Makes a new database this pepper's.
    async fn insert_installation(
        &mut self,
        check: &PepperCheck,
        at: UnixMillis,
    ) -> Result<(), StoreError>;

    /// Adds a team.
    async fn insert_team(&mut self, team: &TeamRow) -> Result<Revision, StoreError>;

    /// Adds an SDK key.
    async fn insert_sdk_key(&mut self, key: &SdkKeyRow) -> Result<Revision, StoreError>;

    /// Replaces what may change of an SDK key.
    async fn update_sdk_key(&mut self, key: &SdkKeyRow) -> Result<Revision, StoreError>;

    /// Adds a workspace.
    async fn insert_workspace(&mut self, workspace: &WorkspaceRow) -> Result<Revision, StoreError>;

    /// Replaces what may change of a workspace.
    async fn update_workspace(&mut self, workspace: &WorkspaceRow) -> Result<Revision, StoreError>;

    /// Adds a scope. What changes is its workspace: the revision is the workspace's.
    async fn insert_scope(&mut self, scope: &ScopeRow) -> Result<Revision, StoreError>;

    /// Adds keys, all or none. The answer is the revision of the first; the others follow one by one.
    async fn insert_api_keys(&mut self, keys: &[ApiKeyRow]) -> Result<Revision, StoreError>;

    /// Replaces what may change of a key, its secret apart. When it was last used is not touched: a use
    /// that is written at the same time must not be undone.
    async fn update_api_key(&mut self, key: &ApiKeyRow) -> Result<Revision, StoreError>;

    /// Replaces a key's secret: its tag, mask and overlap. `replaced` is the tag it had until now, whose mask is kept
    /// with it if it overlaps, and `retired` are those it no longer answers to.
    async fn rotate_api_key(
        &mut self,
        key: &ApiKeyRow,
        replaced: &Tag,
        retired: &[Tag],
    ) -> Result<Revision, StoreError>;

    /// Ends a key's overlap: `retired` is the tag it no longer answers to.
    async fn end_overlap(&mut self, key: &ApiKeyRow, retired: &Tag)
    -> Result<Revision, StoreError>;

    /// Adds a signing key. Nobody holds one in memory, so the change log does not mention it.
    async fn insert_signing_key(&mut self, key: &SigningKeyRow) -> Result<(), StoreError>;

    /// Retires a team's signing key and erases its private half; with `revoke`, forgets all retired ones, too.
    async fn retire_signing_keys(
        &mut self,
        team: u128,
        at: UnixMillis,
        revoke: bool,
    ) -> Result<(), StoreError>;

    /// Adds a meter. Like all credit, it is not in the change log.
    async fn insert_meter(&mut self, meter: &MeterRow) -> Result<(), StoreError>;

    /// Replaces a meter's credit. What is used of it is not touched: a charge at the same time must not be undone.
    async fn update_meter(&mut self, meter: &MeterRow) -> Result<(), StoreError>;

    /// Adds to what is left of a key's counter, beside charges at the same time.
    async fn add_usage_left(
        &mut self,
        key: u128,
        amount: u64,
        at: UnixMillis,
    ) -> Result<(), StoreError>;

    /// Keeps an answer, in place of one under the same tag, and forgets a few that expired before `now`. Nobody
    /// can see it but by asking again, so it has no line in the change log.
    async fn put_idempotent_answer(
        &mut self,
        row: &IdempotencyRow,
        now: UnixMillis,
    ) -> Result<(), StoreError>;

    /// Adds a link token.
    async fn insert_link_token(&mut self, token: &LinkTokenRow) -> Result<Revision, StoreError>;

    /// Forgets a few link tokens that expired before `before`. Not a change anybody can see, so it has no
    /// line in the change log.
    async fn purge_link_tokens(&mut self, before: UnixMillis) -> Result<(), StoreError>;

    /// Revokes one link token; `false` if that did not change anything.
    async fn revoke_link_token(&mut self, id: u128, at: UnixMillis) -> Result<bool, StoreError>;

    /// Revokes the live link tokens of a customer, and says how many.
    async fn revoke_link_tokens(
        &mut self,
        workspace: u128,
        customer_id: &str,
        at: UnixMillis,
    ) -> Result<u64, StoreError>;

    /// Sets a team's migration window.
    async fn put_migration_window(
        &mut self,
        window: &MigrationWindowRow,
    ) -> Result<Revision, StoreError>;

    /// Removes a team's migration window; `false` if there was none.
    async fn delete_migration_window(&mut self, team: u128) -> Result<bool, StoreError>;

    /// Ties the oldest lines of the audit log that are not tied yet, `limit` at most; says how many.
    async fn tie_audit(&mut self, limit: u32, pepper: &Pepper) -> Result<u64, StoreError>;

    /// Makes it all durable, with its lines in the audit log, tied with the pepper to those before. On disk when this
    /// returns.
    async fn commit(
        self: Box<Self>,
        audit: &[NewAudit],
        pepper: &Pepper,
    ) -> Result<Written, StoreError>;
}

/// Where the audit log ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChainEnd {
    /// Where its chain ends.
    pub(crate) head: ChainHead,
    /// The last number that a line was given, whether that line is still there or not.
    pub(crate) last: i64,
}

/// The lines of the change log that one transaction wrote.
pub(crate) type Written = Option<RangeInclusive<Revision>>;

/// One line of the change log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    /// Its number. Numbers ascend in the order of commits, without gaps.
    pub(crate) revision: Revision,
    /// What changed.
    pub(crate) subject: Subject,
    /// A secret that stopped working.
    pub(crate) retired: Option<Tag>,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A team.
    Team(u128),
    /// An SDK key.
    SdkKey(u128),
    /// A workspace or its catalogue.
    Workspace(u128),
    /// A key.
    ApiKey(u128),
    /// A link token.
    LinkToken(u128),
    /// The link tokens of a customer of this workspace.
    LinkTokens(u128),
    /// The migration window of this team.
    MigrationWindow(u128),
    /// The keys of one chunk of this migration job: the one with the change's own revision.
    MigrationChunk(u128),
    /// The recipes of this team.
    Recipes(u128),
}

impl Subject {
    /// Whether keys may have come that are known by what another service stored of them.
    pub(crate) fn brings_legacy_keys(self) -> bool {
        matches!(self, Self::MigrationChunk(_) | Self::Recipes(_))
    }

    /// As the change log stores it.
    pub(crate) fn parts(self) -> (i64, u128) {
        match self {
            Self::Team(id) => (1, id),
            Self::SdkKey(id) => (2, id),
            Self::Workspace(id) => (3, id),
            Self::ApiKey(id) => (4, id),
            Self::LinkToken(id) => (5, id),
            Self::LinkTokens(id) => (6, id),
            Self::MigrationWindow(id) => (7, id),
            Self::MigrationChunk(id) => (20, id),
            Self::Recipes(id) => (21, id),
        }
    }

    /// From what the change log stores; `None` for a kind this version does not know.
    pub(crate) fn from_parts(kind: i64, id: u128) -> Option<Self> {
        Some(match kind {
            1 => Self::Team(id),
            2 => Self::SdkKey(id),
            3 => Self::Workspace(id),
            4 => Self::ApiKey(id),
            5 => Self::LinkToken(id),
            6 => Self::LinkTokens(id),
            7 => Self::MigrationWindow(id),
            20 => Self::MigrationChunk(id),
            21 => Self::Recipes(id),
            _ => return None,
        })
    }
}
