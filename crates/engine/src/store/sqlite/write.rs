//! Changes. Each writes its line of the change log first, because its number is the row's revision.

use async_trait::async_trait;
use oneloop_protocol::UnixMillis;
use oneloop_protocol::key_list::fold;
use sqlx::{QueryBuilder, Sqlite, query};

use super::transaction::SqliteTransaction;
use super::{audit, credit, idempotency, signing_keys};
use crate::index::Revision;
use crate::pepper::{Pepper, PepperCheck};
use crate::store::columns::{blob, json, tag_blob};
use crate::store::{
    ApiKeyRow, IdempotencyRow, LinkTokenRow, MeterRow, MigrationWindowRow, NewAudit, ScopeRow,
    SdkKeyRow, SigningKeyRow, StoreError, Subject, TeamRow, WorkspaceRow, Write, Written,
};
use crate::tag::Tag;

/// Lines of the change log in one INSERT.
const ROWS: usize = 500;

/// How many expired link tokens one minting clears away: more than one, so that they cannot pile up, and
/// few, so that no minting is slow.
const PURGE: u32 = 16;

impl SqliteTransaction {
    /// Writes lines of the change log, and says the number of the first.
    pub(super) async fn log(
        &mut self,
        lines: &[(Subject, Option<Tag>)],
    ) -> Result<Revision, StoreError> {
        let mut first = None;
        for lines in lines.chunks(ROWS) {
            let mut insert =
                QueryBuilder::<Sqlite>::new("INSERT INTO change_log (kind, subject, retired) ");
            insert.push_values(lines, |mut row, (subject, retired)| {
                let (kind, id) = subject.parts();
                row.push_bind(kind).push_bind(blob(id)).push_bind(retired.as_ref().map(tag_blob));
            });
            let last = insert.build().execute(self.connection()).await?.last_insert_rowid();
            // Nobody else writes meanwhile, so the numbers of one statement have no gaps.
            let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
            first.get_or_insert(last - count + 1);
            self.logged(last - count + 1, last);
        }
        first.ok_or_else(|| StoreError::Other("a change without a subject".into()))
    }

    pub(super) async fn log_one(&mut self, subject: Subject) -> Result<Revision, StoreError> {
        self.log(&[(subject, None)]).await
    }
}

#[async_trait]
impl Write for SqliteTransaction {
    async fn insert_installation(
        &mut self,
        check: &PepperCheck,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        query("INSERT INTO installation (one, pepper_check, created_at) VALUES (1, ?1, ?2)")
            .bind(check.as_bytes().to_vec())
            .bind(at)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    async fn insert_team(&mut self, team: &TeamRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::Team(team.id)).await?;
        query("INSERT INTO team (id, name, created_at) VALUES (?1, ?2, ?3)")
            .bind(blob(team.id))
            .bind(&team.name)
            .bind(team.created_at)
            .execute(self.connection())
            .await?;
        Ok(revision)
    }

    async fn insert_sdk_key(&mut self, key: &SdkKeyRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::SdkKey(key.id)).await?;
        query(
            "INSERT INTO sdk_key (id, team, name, tag, masked_key, rights, enabled, deleted,
                                  created_at, updated_at, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )
        .bind(blob(key.id))
        .bind(blob(key.team))
        .bind(&key.name)
        .bind(tag_blob(&key.tag))
        .bind(&key.masked_key)
        .bind(key.rights.bits())
        .bind(key.enabled)
        .bind(key.deleted)
        .bind(key.created_at)
        .bind(key.updated_at)
        .bind(revision)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn update_sdk_key(&mut self, key: &SdkKeyRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::SdkKey(key.id)).await?;
        query(
            "UPDATE sdk_key SET enabled = ?2, deleted = ?3, updated_at = ?4, revision = ?5
             WHERE id = ?1",
        )
        .bind(blob(key.id))
        .bind(key.enabled)
        .bind(key.deleted)
        .bind(key.updated_at)
        .bind(revision)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn insert_workspace(&mut self, workspace: &WorkspaceRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::Workspace(workspace.id)).await?;
        query(
            "INSERT INTO workspace (id, team, name, default_key_prefix, default_allowed_ips,
                                    default_rate_limit, default_expiration, created_at,
                                    updated_at, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .bind(blob(workspace.id))
        .bind(blob(workspace.team))
        .bind(&workspace.name)
        .bind(&workspace.default_key_prefix)
        .bind(json(&workspace.default_allowed_ips))
        .bind(workspace.default_rate_limit)
        .bind(workspace.default_expiration)
        .bind(workspace.created_at)
        .bind(workspace.updated_at)
        .bind(revision)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn update_workspace(&mut self, workspace: &WorkspaceRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::Workspace(workspace.id)).await?;
        query(
            "UPDATE workspace
             SET default_key_prefix = ?2, default_allowed_ips = ?3, default_rate_limit = ?4,
                 default_expiration = ?5, updated_at = ?6, revision = ?7
             WHERE id = ?1",
        )
        .bind(blob(workspace.id))
        .bind(&workspace.default_key_prefix)
        .bind(json(&workspace.default_allowed_ips))
        .bind(workspace.default_rate_limit)
        .bind(workspace.default_expiration)
        .bind(workspace.updated_at)
        .bind(revision)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn insert_scope(&mut self, scope: &ScopeRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::Workspace(scope.workspace)).await?;
        query(
            "INSERT INTO scope (workspace, number, id, name, representation, description,
                                created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(blob(scope.workspace))
        .bind(scope.number)
        .bind(blob(scope.id))
        .bind(&scope.name)
        .bind(&scope.representation)
        .bind(&scope.description)
        .bind(scope.created_at)
        .bind(scope.updated_at)
        .execute(self.connection())
        .await?;
        // The index holds a workspace with its catalogue, under one revision.
        query("UPDATE workspace SET revision = ?2 WHERE id = ?1")
            .bind(blob(scope.workspace))
            .bind(revision)
            .execute(self.connection())
            .await?;
        Ok(revision)
    }

    async fn insert_api_keys(&mut self, keys: &[ApiKeyRow]) -> Result<Revision, StoreError> {
        let lines: Vec<_> = keys.iter().map(|key| (Subject::ApiKey(key.id), None)).collect();
        let first = self.log(&lines).await?;
        let numbered: Vec<_> = (first..).zip(keys).collect();
        self.insert_key_rows(&numbered).await?;
        Ok(first)
    }

    async fn update_api_key(&mut self, key: &ApiKeyRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::ApiKey(key.id)).await?;
        query(
            "UPDATE api_key
             SET name = ?2, grants = ?3, enabled = ?4, deleted = ?5, updated_at = ?6, revision = ?7,
                 name_folded = ?8
             WHERE id = ?1",
        )
        .bind(blob(key.id))
        .bind(&key.name)
        .bind(key.grants.as_bytes().to_vec())
        .bind(key.enabled)
        .bind(key.deleted)
        .bind(key.updated_at)
        .bind(revision)
        .bind(fold(&key.name))
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn rotate_api_key(
        &mut self,
        key: &ApiKeyRow,
        replaced: &Tag,
        retired: &[Tag],
    ) -> Result<Revision, StoreError> {
        let subject = Subject::ApiKey(key.id);
        let revision = self.log_one(subject).await?;
        if !retired.is_empty() {
            let lines: Vec<_> = retired.iter().map(|tag| (subject, Some(*tag))).collect();
            self.log(&lines).await?;
        }
        query("INSERT INTO replaced_tag (tag, api_key, masked_key) VALUES (?1, ?2, ?3)")
            .bind(tag_blob(replaced))
            .bind(blob(key.id))
            .bind(&key.previous_masked_key)
            .execute(self.connection())
            .await?;
        query(
            "UPDATE api_key
             SET tag = ?2, recipe = NULL, previous_tag = ?3, previous_until = ?4, masked_key = ?5, prefix = ?6,
                 updated_at = ?7, revision = ?8
             WHERE id = ?1",
        )
        .bind(blob(key.id))
        .bind(tag_blob(&key.tag))
        .bind(key.previous_tag.as_ref().map(tag_blob))
        .bind(key.previous_until)
        .bind(&key.masked_key)
        .bind(&key.prefix)
        .bind(key.updated_at)
        .bind(revision)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn end_overlap(
        &mut self,
        key: &ApiKeyRow,
        retired: &Tag,
    ) -> Result<Revision, StoreError> {
        let subject = Subject::ApiKey(key.id);
        let revision = self.log(&[(subject, None), (subject, Some(*retired))]).await?;
        query(
            "UPDATE api_key
             SET previous_tag = NULL, previous_until = NULL, updated_at = ?2, revision = ?3
             WHERE id = ?1",
        )
        .bind(blob(key.id))
        .bind(key.updated_at)
        .bind(revision)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn insert_signing_key(&mut self, key: &SigningKeyRow) -> Result<(), StoreError> {
        signing_keys::insert(self.connection(), key).await
    }

    async fn retire_signing_keys(
        &mut self,
        team: u128,
        at: UnixMillis,
        revoke: bool,
    ) -> Result<(), StoreError> {
        signing_keys::retire(self.connection(), team, at, revoke).await
    }

    async fn insert_meter(&mut self, meter: &MeterRow) -> Result<(), StoreError> {
        credit::insert(self.connection(), meter).await
    }

    async fn update_meter(&mut self, meter: &MeterRow) -> Result<(), StoreError> {
        credit::update(self.connection(), meter).await
    }

    async fn add_usage_left(
        &mut self,
        key: u128,
        amount: u64,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        query("UPDATE api_key SET usage_left = usage_left + ?2, updated_at = ?3 WHERE id = ?1")
            .bind(blob(key))
            .bind(i64::try_from(amount).unwrap_or(i64::MAX))
            .bind(at)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    async fn put_idempotent_answer(
        &mut self,
        row: &IdempotencyRow,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        idempotency::put(self.connection(), row, now).await
    }

    async fn insert_link_token(&mut self, token: &LinkTokenRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::LinkToken(token.id)).await?;
        query(
            "INSERT INTO link_token (id, team, workspace, customer_id, tag, permissions, origins,
                                     external_billing_id, created_at, expires_at, revoked_at,
                                     grantable_scopes, key_policy, minted_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )
        .bind(blob(token.id))
        .bind(blob(token.team))
        .bind(blob(token.workspace))
        .bind(&token.customer_id)
        .bind(tag_blob(&token.tag))
        .bind(token.permissions.bits())
        .bind(json(&token.origins))
        .bind(&token.external_billing_id)
        .bind(token.created_at)
        .bind(token.expires_at)
        .bind(token.revoked_at)
        .bind(token.bounds.grantable_scopes.as_ref().map(json))
        .bind(json(&token.bounds.key_policy))
        .bind(token.minted_by.map(blob))
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn purge_link_tokens(&mut self, before: UnixMillis) -> Result<(), StoreError> {
        query(
            "DELETE FROM link_token WHERE id IN
                 (SELECT id FROM link_token WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
        )
        .bind(before)
        .bind(PURGE)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn revoke_link_token(&mut self, id: u128, at: UnixMillis) -> Result<bool, StoreError> {
        let revoke = query(
            "UPDATE link_token SET revoked_at = ?2
             WHERE id = ?1 AND revoked_at IS NULL AND expires_at > ?2",
        )
        .bind(blob(id))
        .bind(at);
        let revoked = revoke.execute(self.connection()).await?.rows_affected() > 0;
        if revoked {
            self.log_one(Subject::LinkToken(id)).await?;
        }
        Ok(revoked)
    }

    async fn revoke_link_tokens(
        &mut self,
        workspace: u128,
        customer_id: &str,
        at: UnixMillis,
    ) -> Result<u64, StoreError> {
        let revoked = query(
            "UPDATE link_token SET revoked_at = ?3
             WHERE workspace = ?1 AND customer_id = ?2 AND revoked_at IS NULL AND expires_at > ?3",
        )
        .bind(blob(workspace))
        .bind(customer_id.to_owned())
        .bind(at)
        .execute(self.connection())
        .await?
        .rows_affected();
        if revoked > 0 {
            self.log_one(Subject::LinkTokens(workspace)).await?;
        }
        Ok(revoked)
    }

    async fn put_migration_window(
        &mut self,
        window: &MigrationWindowRow,
    ) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::MigrationWindow(window.team)).await?;
        let sources: Vec<_> = window.sources.iter().map(ToString::to_string).collect();
        query(
            "INSERT INTO migration_window (team, sources, opens_at, closes_at)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (team) DO UPDATE
             SET sources = excluded.sources, opens_at = excluded.opens_at,
                 closes_at = excluded.closes_at",
        )
        .bind(blob(window.team))
        .bind(json(&sources))
        .bind(window.opens_at)
        .bind(window.closes_at)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn delete_migration_window(&mut self, team: u128) -> Result<bool, StoreError> {
        let delete = query("DELETE FROM migration_window WHERE team = ?1").bind(blob(team));
        let there = delete.execute(self.connection()).await?.rows_affected() > 0;
        if there {
            self.log_one(Subject::MigrationWindow(team)).await?;
        }
        Ok(there)
    }

    async fn tie_audit(&mut self, limit: u32, pepper: &Pepper) -> Result<u64, StoreError> {
        audit::tie(self.connection(), limit, pepper).await
    }

    async fn commit(
        mut self: Box<Self>,
        audit: &[NewAudit],
        pepper: &Pepper,
    ) -> Result<Written, StoreError> {
        audit::insert(self.connection(), audit, pepper).await?;
        self.finish().await
    }
}
