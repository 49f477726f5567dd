//! Questions.

use async_trait::async_trait;
use oneloop_protocol::Sort;
use sqlx::{query, query_scalar};

use super::transaction::SqliteTransaction;
use super::{audit, credit, idempotency, load, signing_keys, usage};
use crate::audit::AuditEntry;
use crate::audit_chain::AuditLine;
use crate::index::Revision;
use crate::key_entry::TaggedKey;
use crate::pepper::PepperCheck;
use crate::store::columns::{Columns, blob, tag_blob};
use crate::store::from_columns::{all, one};
use crate::store::key_query::{self, Dialect, beside_key};
use crate::store::{
    ApiKeyRow, BilledRow, ChainEnd, Change, IdempotencyRow, KeyFilter, KeyPage, KnownLinkToken,
    MeterRow, MigrationWindowRow, Read, ScopeRow, SdkKeyRow, SigningKeyRow, StoreError, TagHolder,
    TeamRow, UsageRow, WorkspaceRow,
};
use crate::tag::Tag;

/// The key list in SQLite's words.
pub(super) const DIALECT: Dialect = Dialect {
    columns: concat!("*, ", beside_key!()),
    position: "instr",
    perhaps: ("instr(grants, ", ") > 0"),
    allows: "hex(substr(grants, value + 2, 1)) NOT IN ('', '00')",
    each: ("json_each(", ")"),
};

#[async_trait]
impl Read for SqliteTransaction {
    async fn pepper_check(&mut self) -> Result<Option<PepperCheck>, StoreError> {
        let row = query("SELECT pepper_check FROM installation")
            .fetch_optional(self.connection())
            .await?;
        let check = row.map(|row| Columns(&row).bytes("pepper_check")).transpose()?;
        Ok(check.map(PepperCheck::from_bytes))
    }

    async fn revision(&mut self) -> Result<Revision, StoreError> {
        let newest = "SELECT coalesce(max(seq), 0) FROM change_log";
        Ok(query_scalar(newest).fetch_one(self.connection()).await?)
    }

    async fn changes(&mut self, after: Revision, limit: u32) -> Result<Vec<Change>, StoreError> {
        let rows = query(
            "SELECT seq, kind, subject, retired FROM change_log
             WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(self.connection())
        .await?;
        all(rows)
    }

    async fn count_keys(&mut self) -> Result<u64, StoreError> {
        let row = query("SELECT count(*) AS keys FROM api_key").fetch_one(self.connection());
        Ok(Columns(&row.await?).number("keys")?)
    }

    async fn load_keys(
        &mut self,
        sink: &mut (dyn FnMut(TaggedKey) + Send),
    ) -> Result<(), StoreError> {
        load::keys(self.file(), sink).await
    }

    async fn load_some_keys(&mut self, ids: &[u128]) -> Result<Vec<TaggedKey>, StoreError> {
        load::some(self.connection(), ids).await
    }

    async fn team(&mut self, id: u128) -> Result<Option<TeamRow>, StoreError> {
        let team = query("SELECT * FROM team WHERE id = ?1").bind(blob(id));
        one(team.fetch_optional(self.connection()).await?)
    }

    async fn teams(&mut self) -> Result<Vec<TeamRow>, StoreError> {
        all(query("SELECT * FROM team ORDER BY id").fetch_all(self.connection()).await?)
    }

    async fn sdk_key(&mut self, id: u128) -> Result<Option<SdkKeyRow>, StoreError> {
        let key = query("SELECT * FROM sdk_key WHERE id = ?1").bind(blob(id));
        one(key.fetch_optional(self.connection()).await?)
    }

    async fn sdk_keys(&mut self, team: Option<u128>) -> Result<Vec<SdkKeyRow>, StoreError> {
        let keys = match team {
            Some(team) => {
                query("SELECT * FROM sdk_key WHERE team = ?1 ORDER BY id").bind(blob(team))
            }
            None => query("SELECT * FROM sdk_key ORDER BY id"),
        };
        all(keys.fetch_all(self.connection()).await?)
    }

    async fn workspace(&mut self, id: u128) -> Result<Option<WorkspaceRow>, StoreError> {
        let workspace = query("SELECT * FROM workspace WHERE id = ?1").bind(blob(id));
        one(workspace.fetch_optional(self.connection()).await?)
    }

    async fn workspaces(&mut self, team: Option<u128>) -> Result<Vec<WorkspaceRow>, StoreError> {
        let workspaces = match team {
            Some(team) => {
                query("SELECT * FROM workspace WHERE team = ?1 ORDER BY id").bind(blob(team))
            }
            None => query("SELECT * FROM workspace ORDER BY id"),
        };
        all(workspaces.fetch_all(self.connection()).await?)
    }

    async fn scopes(&mut self, workspace: Option<u128>) -> Result<Vec<ScopeRow>, StoreError> {
        let scopes = match workspace {
            Some(workspace) => query("SELECT * FROM scope WHERE workspace = ?1 ORDER BY number")
                .bind(blob(workspace)),
            None => query("SELECT * FROM scope ORDER BY workspace, number"),
        };
        all(scopes.fetch_all(self.connection()).await?)
    }

    async fn api_key(&mut self, id: u128) -> Result<Option<ApiKeyRow>, StoreError> {
        let key = query(concat!("SELECT *, ", beside_key!(), " FROM api_key WHERE id = ?1"))
            .bind(blob(id));
        let row = key.fetch_optional(self.connection()).await?;
        self.key(row)
    }

    async fn api_keys(
        &mut self,
        filter: &KeyFilter,
        page: &KeyPage,
    ) -> Result<Vec<ApiKeyRow>, StoreError> {
        let mut question = key_query::build!(key_query::select(&DIALECT, filter, page));
        let rows = question.build().fetch_all(self.connection()).await?;
        // What the database compared is what the caller goes on from.
        match page.sort {
            Some(Sort::LastUsed | Sort::LastUsedDescending) => all(rows),
            _ => self.keys(rows),
        }
    }

    async fn count_api_keys(&mut self, filter: &KeyFilter) -> Result<u64, StoreError> {
        let mut question = key_query::build!(key_query::count(&DIALECT, filter));
        let row = question.build().fetch_one(self.connection()).await?;
        Ok(Columns(&row).number("keys")?)
    }

    async fn tag_holder(&mut self, tag: &Tag) -> Result<Option<TagHolder>, StoreError> {
        let key = query(concat!("SELECT *, ", beside_key!(), " FROM api_key WHERE tag = ?1"))
            .bind(tag_blob(tag));
        let row = key.fetch_optional(self.connection()).await?;
        if let Some(key) = self.key(row)? {
            return Ok(Some(TagHolder::Current(Box::new(key))));
        }
        let replaced = query("SELECT api_key FROM replaced_tag WHERE tag = ?1").bind(tag_blob(tag));
        let replaced = replaced.fetch_optional(self.connection()).await?;
        let key = replaced.map(|row| Columns(&row).id("api_key")).transpose()?;
        Ok(key.map(TagHolder::Replaced))
    }

    async fn link_token(&mut self, tag: &Tag) -> Result<Option<KnownLinkToken>, StoreError> {
        let token = query(
            "SELECT *, minted_by IS NULL OR EXISTS (
                 SELECT 1 FROM sdk_key WHERE id = minted_by AND enabled AND NOT deleted
             ) AS minter_works
             FROM link_token WHERE tag = ?1",
        )
        .bind(tag_blob(tag));
        one(token.fetch_optional(self.connection()).await?)
    }

    async fn meter(
        &mut self,
        workspace: u128,
        external_id: &str,
    ) -> Result<Option<MeterRow>, StoreError> {
        credit::meter_of(self.connection(), workspace, external_id).await
    }

    async fn meters_named(
        &mut self,
        team: u128,
        external_id: &str,
    ) -> Result<Vec<MeterRow>, StoreError> {
        credit::meters_named(self.connection(), team, external_id).await
    }

    async fn billed_usage(
        &mut self,
        team: u128,
        billing_ids: &[String],
        since: i64,
    ) -> Result<Vec<BilledRow>, StoreError> {
        credit::billed_usage(self.connection(), team, billing_ids, since).await
    }

    async fn signing_keys(&mut self, team: u128) -> Result<Vec<SigningKeyRow>, StoreError> {
        signing_keys::read(self.connection(), team).await
    }

    async fn idempotent_answer(
        &mut self,
        tag: &[u8; 32],
    ) -> Result<Option<IdempotencyRow>, StoreError> {
        idempotency::read(self.connection(), tag).await
    }

    async fn migration_window(
        &mut self,
        team: u128,
    ) -> Result<Option<MigrationWindowRow>, StoreError> {
        let window = query("SELECT * FROM migration_window WHERE team = ?1").bind(blob(team));
        one(window.fetch_optional(self.connection()).await?)
    }

    async fn usage(
        &mut self,
        key: u128,
        first: i64,
        last: i64,
    ) -> Result<Vec<UsageRow>, StoreError> {
        usage::read(self.connection(), key, first, last).await
    }

    async fn audit_of(
        &mut self,
        subject: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let lines =
            query("SELECT * FROM audit WHERE subject = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3")
                .bind(subject.to_owned())
                .bind(before.unwrap_or(i64::MAX))
                .bind(limit);
        all(lines.fetch_all(self.connection()).await?)
    }

    async fn audit(
        &mut self,
        team: Option<u128>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let lines = match team {
            Some(team) => query("SELECT * FROM audit WHERE team = ?1 ORDER BY seq DESC LIMIT ?2")
                .bind(blob(team))
                .bind(limit),
            None => query("SELECT * FROM audit ORDER BY seq DESC LIMIT ?1").bind(limit),
        };
        all(lines.fetch_all(self.connection()).await?)
    }

    async fn audit_after(&mut self, seq: i64, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        audit::after(self.connection(), seq, limit).await
    }

    async fn audit_end(&mut self) -> Result<ChainEnd, StoreError> {
        audit::end(self.connection()).await
    }
}
