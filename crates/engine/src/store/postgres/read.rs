//! Questions.

use async_trait::async_trait;
use sqlx::{query, query_scalar};

use super::transaction::PostgresTransaction;
use super::{audit, credit, load, signing_keys};
use crate::audit::AuditEntry;
use crate::audit_chain::AuditLine;
use crate::index::Revision;
use crate::key_entry::TaggedKey;
use crate::pepper::PepperCheck;
use crate::store::columns::{Columns, blob, tag_blob};
use crate::store::from_columns::{all, one};
use crate::store::indexed::INDEXED;
use crate::store::key_query::{self, Dialect, beside_key};
use crate::store::{
    ApiKeyRow, BilledRow, ChainEnd, Change, IdempotencyRow, KeyFilter, KeyPage, KnownLinkToken,
    MeterRow, MigrationWindowRow, Read, ScopeRow, SdkKeyRow, SigningKeyRow, StoreError, TagHolder,
    TeamRow, UsageRow, WorkspaceRow,
};
use crate::tag::Tag;

const TEAM: &str = "id, name, created_at";

const SDK_KEY: &str = "id, team, name, tag, masked_key, rights, enabled, deleted, created_at, \
     updated_at, revision";

const WORKSPACE: &str = "id, team, name, default_key_prefix, default_allowed_ips, \
     default_rate_limit, default_expiration, created_at, updated_at, revision";

const SCOPE: &str = "id, workspace, number, name, representation, description, created_at, \
     updated_at";

pub(super) const API_KEY: &str = concat!(
    "id, team, workspace, customer_id, name, prefix, masked_key, tag, recipe, \
     previous_tag, previous_until, grants, metadata, external_meter_id, usage_left, enabled, deleted, migrated, \
     expires_at, created_at, updated_at, last_used_at, revision, ",
    beside_key!()
);

/// The key list in PostgreSQL's words.
pub(super) const DIALECT: Dialect = Dialect {
    columns: API_KEY,
    position: "strpos",
    perhaps: ("position(", " in grants) > 0"),
    allows: "length(grants) >= value + 2 AND get_byte(grants, value + 1) <> 0",
    each: (
        "(SELECT text::int AS value FROM json_array_elements_text((",
        ")::json) AS element (text)) AS start",
    ),
};

const LINK_TOKEN: &str = "id, team, workspace, customer_id, tag, permissions, origins, \
     external_billing_id, grantable_scopes, key_policy, minted_by, created_at, expires_at, revoked_at, \
     minted_by IS NULL OR EXISTS (
         SELECT 1 FROM sdk_key WHERE sdk_key.id = minted_by AND enabled AND NOT deleted
     ) AS minter_works";

const MIGRATION_WINDOW: &str = "team, sources, opens_at, closes_at";

const IDEMPOTENT_ANSWER: &str = "tag, fingerprint, answer, expires_at";

const USAGE: &str = "api_key, day, route, verdict, count";

const AUDIT: &str = "seq, at, team, who, action, subject, address, request_id, detail";

/// A statement over columns that are named by a constant. Safe: made of this file's constants alone.
macro_rules! select {
    ($columns:expr, $rest:literal $(,)?) => {
        sqlx::query(sqlx::AssertSqlSafe(format!(concat!("SELECT {} ", $rest), $columns)))
    };
}
pub(super) use select;

#[async_trait]
impl Read for PostgresTransaction {
    async fn pepper_check(&mut self) -> Result<Option<PepperCheck>, StoreError> {
        let row = query("SELECT pepper_check FROM installation")
            .fetch_optional(self.connection())
            .await?;
        let check = row.map(|row| Columns(&row).bytes("pepper_check")).transpose()?;
        Ok(check.map(PepperCheck::from_bytes))
    }

    async fn revision(&mut self) -> Result<Revision, StoreError> {
        Ok(query_scalar("SELECT change FROM head").fetch_one(self.connection()).await?)
    }

    async fn changes(&mut self, after: Revision, limit: u32) -> Result<Vec<Change>, StoreError> {
        let changes = query(
            "SELECT seq, kind, subject, retired FROM change_log
             WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit));
        all(changes.fetch_all(self.connection()).await?)
    }

    async fn count_keys(&mut self) -> Result<u64, StoreError> {
        let row = query("SELECT count(*) AS keys FROM api_key").fetch_one(self.connection());
        Ok(Columns(&row.await?).number("keys")?)
    }

    async fn load_keys(
        &mut self,
        sink: &mut (dyn FnMut(TaggedKey) + Send),
    ) -> Result<(), StoreError> {
        load::keys(self.connection(), sink).await
    }

    async fn load_some_keys(&mut self, ids: &[u128]) -> Result<Vec<TaggedKey>, StoreError> {
        let ids: Vec<_> = ids.iter().map(|id| blob(*id)).collect();
        let keys = select!(INDEXED, "FROM api_key WHERE id = ANY($1)").bind(ids);
        all(keys.fetch_all(self.connection()).await?)
    }

    async fn team(&mut self, id: u128) -> Result<Option<TeamRow>, StoreError> {
        let team = select!(TEAM, "FROM team WHERE id = $1").bind(blob(id));
        one(team.fetch_optional(self.connection()).await?)
    }

    async fn teams(&mut self) -> Result<Vec<TeamRow>, StoreError> {
        let teams = select!(TEAM, "FROM team ORDER BY id");
        all(teams.fetch_all(self.connection()).await?)
    }

    async fn sdk_key(&mut self, id: u128) -> Result<Option<SdkKeyRow>, StoreError> {
        let key = select!(SDK_KEY, "FROM sdk_key WHERE id = $1").bind(blob(id));
        one(key.fetch_optional(self.connection()).await?)
    }

    async fn sdk_keys(&mut self, team: Option<u128>) -> Result<Vec<SdkKeyRow>, StoreError> {
        let keys = match team {
            Some(team) => {
                select!(SDK_KEY, "FROM sdk_key WHERE team = $1 ORDER BY id").bind(blob(team))
            }
            None => select!(SDK_KEY, "FROM sdk_key ORDER BY id"),
        };
        all(keys.fetch_all(self.connection()).await?)
    }

    async fn workspace(&mut self, id: u128) -> Result<Option<WorkspaceRow>, StoreError> {
        let workspace = select!(WORKSPACE, "FROM workspace WHERE id = $1").bind(blob(id));
        one(workspace.fetch_optional(self.connection()).await?)
    }

    async fn workspaces(&mut self, team: Option<u128>) -> Result<Vec<WorkspaceRow>, StoreError> {
        let workspaces = match team {
            Some(team) => {
                select!(WORKSPACE, "FROM workspace WHERE team = $1 ORDER BY id").bind(blob(team))
            }
            None => select!(WORKSPACE, "FROM workspace ORDER BY id"),
        };
        all(workspaces.fetch_all(self.connection()).await?)
    }

    async fn scopes(&mut self, workspace: Option<u128>) -> Result<Vec<ScopeRow>, StoreError> {
        let scopes = match workspace {
            Some(workspace) => select!(SCOPE, "FROM scope WHERE workspace = $1 ORDER BY number")
                .bind(blob(workspace)),
            None => select!(SCOPE, "FROM scope ORDER BY workspace, number"),
        };
        all(scopes.fetch_all(self.connection()).await?)
    }

    async fn api_key(&mut self, id: u128) -> Result<Option<ApiKeyRow>, StoreError> {
        let key = select!(API_KEY, "FROM api_key WHERE id = $1").bind(blob(id));
        one(key.fetch_optional(self.connection()).await?)
    }

    async fn api_keys(
        &mut self,
        filter: &KeyFilter,
        page: &KeyPage,
    ) -> Result<Vec<ApiKeyRow>, StoreError> {
        let mut question = key_query::build!(key_query::select(&DIALECT, filter, page));
        all(question.build().fetch_all(self.connection()).await?)
    }

    async fn count_api_keys(&mut self, filter: &KeyFilter) -> Result<u64, StoreError> {
        let mut question = key_query::build!(key_query::count(&DIALECT, filter));
        let row = question.build().fetch_one(self.connection()).await?;
        Ok(Columns(&row).number("keys")?)
    }

    async fn tag_holder(&mut self, tag: &Tag) -> Result<Option<TagHolder>, StoreError> {
        let key = select!(API_KEY, "FROM api_key WHERE tag = $1").bind(tag_blob(tag));
        if let Some(key) = one(key.fetch_optional(self.connection()).await?)? {
            return Ok(Some(TagHolder::Current(Box::new(key))));
        }
        let replaced = query("SELECT api_key FROM replaced_tag WHERE tag = $1").bind(tag_blob(tag));
        let replaced = replaced.fetch_optional(self.connection()).await?;
        let key = replaced.map(|row| Columns(&row).id("api_key")).transpose()?;
        Ok(key.map(TagHolder::Replaced))
    }

    async fn link_token(&mut self, tag: &Tag) -> Result<Option<KnownLinkToken>, StoreError> {
        let token = select!(LINK_TOKEN, "FROM link_token WHERE tag = $1").bind(tag_blob(tag));
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
        let answer = select!(IDEMPOTENT_ANSWER, "FROM idempotent_answer WHERE tag = $1");
        one(answer.bind(tag.to_vec()).fetch_optional(self.connection()).await?)
    }

    async fn migration_window(
        &mut self,
        team: u128,
    ) -> Result<Option<MigrationWindowRow>, StoreError> {
        let window =
            select!(MIGRATION_WINDOW, "FROM migration_window WHERE team = $1").bind(blob(team));
        one(window.fetch_optional(self.connection()).await?)
    }

    async fn usage(
        &mut self,
        key: u128,
        first: i64,
        last: i64,
    ) -> Result<Vec<UsageRow>, StoreError> {
        let counts = select!(
            USAGE,
            "FROM key_usage WHERE api_key = $1 AND day BETWEEN $2 AND $3
             ORDER BY day, route, verdict"
        )
        .bind(blob(key))
        .bind(first)
        .bind(last);
        all(counts.fetch_all(self.connection()).await?)
    }

    async fn audit_of(
        &mut self,
        subject: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let lines =
            select!(AUDIT, "FROM audit WHERE subject = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3")
                .bind(subject.to_owned())
                .bind(before.unwrap_or(i64::MAX))
                .bind(i64::from(limit));
        all(lines.fetch_all(self.connection()).await?)
    }

    async fn audit(
        &mut self,
        team: Option<u128>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let lines = match team {
            Some(team) => select!(AUDIT, "FROM audit WHERE team = $1 ORDER BY seq DESC LIMIT $2")
                .bind(blob(team))
                .bind(i64::from(limit)),
            None => select!(AUDIT, "FROM audit ORDER BY seq DESC LIMIT $1").bind(i64::from(limit)),
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
