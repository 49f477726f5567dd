//! Changes. Each writes its line of the change log first, because its number is the row's revision.

use async_trait::async_trait;
use oneloop_protocol::UnixMillis;
use oneloop_protocol::key_list::fold;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Postgres, query};

use super::transaction::PostgresTransaction;
use super::{credit, idempotency, link_tokens, signing_keys};
use crate::index::Revision;
use crate::pepper::{Pepper, PepperCheck};
use crate::store::columns::{blob, counter, json, metadata_json, tag_blob};
use crate::store::{
    ApiKeyRow, IdempotencyRow, LinkTokenRow, MeterRow, MigrationWindowRow, NewAudit, ScopeRow,
    SdkKeyRow, SigningKeyRow, StoreError, Subject, TeamRow, WorkspaceRow, Write, Written,
};
use crate::tag::Tag;

/// The columns of a key, in the order in which statements are given them.
macro_rules! key_columns {
    () => {
        "id, team, workspace, customer_id, name, prefix, masked_key, tag, previous_tag,
         previous_until, grants, metadata, external_meter_id, enabled, deleted, migrated, expires_at,
         created_at, updated_at, last_used_at, name_folded, usage_left, recipe, revision"
    };
}
pub(super) use key_columns;

/// Keys in bulk: an array for each column, as [`bind_keys`] binds them.
macro_rules! key_arrays {
    () => {
        concat!(
            "unnest(
                 $2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::text[], $7::text[],
                 $8::text[], $9::bytea[], $10::bytea[], $11::bigint[], $12::bytea[], $13::text[],
                 $14::text[], $15::boolean[], $16::boolean[], $17::boolean[], $18::bigint[],
                 $19::bigint[], $20::bigint[], $21::bigint[], $22::text[], $23::bigint[],
                 $24::bigint[], $1::bigint[]
             ) AS key (",
            super::write::key_columns!(),
            ")"
        )
    };
}
pub(super) use key_arrays;

const INSERT_API_KEYS: &str = concat!(
    "INSERT INTO api_key (",
    key_columns!(),
    ") SELECT ",
    key_columns!(),
    " FROM ",
    key_arrays!()
);

pub(super) type Bound<'q> = Query<'q, Postgres, PgArguments>;

/// Binds keys, each with the revision that it was given, as the first parameters of a statement.
pub(super) fn bind_keys<'q>(
    statement: Bound<'q>,
    keys: &[ApiKeyRow],
    revisions: &[Revision],
) -> Bound<'q> {
    statement
        .bind(revisions.to_vec())
        .bind(column(keys, |key| blob(key.id)))
        .bind(column(keys, |key| blob(key.team)))
        .bind(column(keys, |key| blob(key.workspace)))
        .bind(column(keys, |key| key.customer_id.clone()))
        .bind(column(keys, |key| key.name.clone()))
        .bind(column(keys, |key| key.prefix.clone()))
        .bind(column(keys, |key| key.masked_key.clone()))
        .bind(column(keys, |key| tag_blob(&key.tag)))
        .bind(column(keys, |key| key.previous_tag.as_ref().map(tag_blob)))
        .bind(column(keys, |key| key.previous_until))
        .bind(column(keys, |key| key.grants.as_bytes().to_vec()))
        .bind(column(keys, |key| metadata_json(&key.metadata)))
        .bind(column(keys, |key| key.external_meter_id.clone()))
        .bind(column(keys, |key| key.enabled))
        .bind(column(keys, |key| key.deleted))
        .bind(column(keys, |key| key.migrated))
        .bind(column(keys, |key| key.expires_at))
        .bind(column(keys, |key| key.created_at))
        .bind(column(keys, |key| key.updated_at))
        .bind(column(keys, |key| key.last_used_at))
        .bind(column(keys, |key| fold(&key.name).into_owned()))
        .bind(column(keys, counter))
        .bind(column(keys, |key| key.recipe.map(i64::from)))
}

/// One column of many rows.
pub(super) fn column<R, T>(rows: &[R], of: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

impl PostgresTransaction {
    /// Writes lines of the change log, and says the number of the first.
    pub(super) async fn log(
        &mut self,
        lines: &[(Subject, Option<Tag>)],
    ) -> Result<Revision, StoreError> {
        let first = self.next_changes(lines.len());
        query(
            "INSERT INTO change_log (seq, kind, subject, retired)
             SELECT $1 + at - 1, kind, subject, retired
             FROM unnest($2::bigint[], $3::bytea[], $4::bytea[])
                  WITH ORDINALITY AS line (kind, subject, retired, at)",
        )
        .bind(first)
        .bind(column(lines, |(subject, _)| subject.parts().0))
        .bind(column(lines, |(subject, _)| blob(subject.parts().1)))
        .bind(column(lines, |(_, tag)| tag.as_ref().map(tag_blob)))
        .execute(self.connection())
        .await?;
        Ok(first)
    }

    pub(super) async fn log_one(&mut self, subject: Subject) -> Result<Revision, StoreError> {
        self.log(&[(subject, None)]).await
    }

    /// Adds keys, each with the revision that it was given.
    pub(super) async fn insert_key_rows(
        &mut self,
        keys: &[ApiKeyRow],
        revisions: &[Revision],
    ) -> Result<(), StoreError> {
        bind_keys(query(INSERT_API_KEYS), keys, revisions).execute(self.connection()).await?;
        Ok(())
    }
}

#[async_trait]
impl Write for PostgresTransaction {
    async fn insert_installation(
        &mut self,
        check: &PepperCheck,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        query("INSERT INTO installation (one, pepper_check, created_at) VALUES (1, $1, $2)")
            .bind(check.as_bytes().to_vec())
            .bind(at)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    async fn insert_team(&mut self, team: &TeamRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::Team(team.id)).await?;
        query("INSERT INTO team (id, name, created_at) VALUES ($1, $2, $3)")
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
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(blob(key.id))
        .bind(blob(key.team))
        .bind(&key.name)
        .bind(tag_blob(&key.tag))
        .bind(&key.masked_key)
        .bind(i64::from(key.rights.bits()))
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
            "UPDATE sdk_key SET enabled = $2, deleted = $3, updated_at = $4, revision = $5
             WHERE id = $1",
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
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(blob(workspace.id))
        .bind(blob(workspace.team))
        .bind(&workspace.name)
        .bind(&workspace.default_key_prefix)
        .bind(json(&workspace.default_allowed_ips))
        .bind(workspace.default_rate_limit.map(i64::from))
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
             SET default_key_prefix = $2, default_allowed_ips = $3, default_rate_limit = $4,
                 default_expiration = $5, updated_at = $6, revision = $7
             WHERE id = $1",
        )
        .bind(blob(workspace.id))
        .bind(&workspace.default_key_prefix)
        .bind(json(&workspace.default_allowed_ips))
        .bind(workspace.default_rate_limit.map(i64::from))
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
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(blob(scope.workspace))
        .bind(i64::from(scope.number))
        .bind(blob(scope.id))
        .bind(&scope.name)
        .bind(&scope.representation)
        .bind(&scope.description)
        .bind(scope.created_at)
        .bind(scope.updated_at)
        .execute(self.connection())
        .await?;
        // The index holds a workspace with its catalogue, under one revision.
        query("UPDATE workspace SET revision = $2 WHERE id = $1")
            .bind(blob(scope.workspace))
            .bind(revision)
            .execute(self.connection())
            .await?;
        Ok(revision)
    }

    async fn insert_api_keys(&mut self, keys: &[ApiKeyRow]) -> Result<Revision, StoreError> {
        let lines: Vec<_> = keys.iter().map(|key| (Subject::ApiKey(key.id), None)).collect();
        let first = self.log(&lines).await?;
        let revisions: Vec<_> = (first..).take(keys.len()).collect();
        self.insert_key_rows(keys, &revisions).await?;
        Ok(first)
    }

    async fn update_api_key(&mut self, key: &ApiKeyRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::ApiKey(key.id)).await?;
        query(
            "UPDATE api_key
             SET name = $2, grants = $3, enabled = $4, deleted = $5, updated_at = $6, revision = $7,
                 name_folded = $8
             WHERE id = $1",
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
        query("INSERT INTO replaced_tag (tag, api_key, masked_key) VALUES ($1, $2, $3)")
            .bind(tag_blob(replaced))
            .bind(blob(key.id))
            .bind(&key.previous_masked_key)
            .execute(self.connection())
            .await?;
        query(
            "UPDATE api_key
             SET tag = $2, recipe = NULL, previous_tag = $3, previous_until = $4, masked_key = $5, prefix = $6,
                 updated_at = $7, revision = $8
             WHERE id = $1",
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
             SET previous_tag = NULL, previous_until = NULL, updated_at = $2, revision = $3
             WHERE id = $1",
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
        query("UPDATE api_key SET usage_left = usage_left + $2, updated_at = $3 WHERE id = $1")
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
        link_tokens::insert(self.connection(), token).await?;
        Ok(revision)
    }

    async fn purge_link_tokens(&mut self, before: UnixMillis) -> Result<(), StoreError> {
        link_tokens::purge(self.connection(), before).await
    }

    async fn revoke_link_tokens(
        &mut self,
        workspace: u128,
        customer_id: &str,
        at: UnixMillis,
    ) -> Result<u64, StoreError> {
        let revoked = query(
            "UPDATE link_token SET revoked_at = $3
             WHERE workspace = $1 AND customer_id = $2 AND revoked_at IS NULL AND expires_at > $3",
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

    async fn revoke_link_token(&mut self, id: u128, at: UnixMillis) -> Result<bool, StoreError> {
        let revoke = query(
            "UPDATE link_token SET revoked_at = $2
             WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
        )
        .bind(blob(id))
        .bind(at);
        let revoked = revoke.execute(self.connection()).await?.rows_affected() > 0;
        if revoked {
            self.log_one(Subject::LinkToken(id)).await?;
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
             VALUES ($1, $2, $3, $4)
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
        let delete = query("DELETE FROM migration_window WHERE team = $1").bind(blob(team));
        let there = delete.execute(self.connection()).await?.rows_affected() > 0;
        if there {
            self.log_one(Subject::MigrationWindow(team)).await?;
        }
        Ok(there)
    }

    async fn tie_audit(&mut self, limit: u32, pepper: &Pepper) -> Result<u64, StoreError> {
        self.tie_rest(limit, pepper).await
    }

    async fn commit(
        mut self: Box<Self>,
        audit: &[NewAudit],
        pepper: &Pepper,
    ) -> Result<Written, StoreError> {
        self.add_audit(audit, pepper).await?;
        self.finish().await
    }
}
