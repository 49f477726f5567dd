//! Migration jobs. Many keys at once are handed over as one array a column, however many there are.

use std::collections::HashMap;

use async_trait::async_trait;
use oneloop_protocol::key_list::fold;
use oneloop_protocol::migration::{Conflict, MigrationState};
use sqlx::{query, query_scalar};

use super::read::{API_KEY, select};
use super::transaction::PostgresTransaction;
use super::write::column;
use crate::index::Revision;
use crate::store::columns::{Columns, blob, counter, json, metadata_json, tag_blob};
use crate::store::from_columns::{all, one};
use crate::store::migration_columns::{list, ordinal};
use crate::store::{
    ApiKeyRow, ChunkRow, Ledger, LegacyKeyRow, MigrationRead, MigrationRow, MigrationWrite,
    RecipeRow, StoreError, Subject, TagHolder,
};
use crate::tag::Tag;

const MIGRATION: &str = "number, id, team, workspace, plan_digest, state, conflict, recipe, planned_rows, \
     chunks, undone_chunks, counts, comparison, created_by, proof_waived_by, created_at, updated_at";

const CHUNK: &str = "migration, number, digest, ledger, details, before, revision, at, undone";

const RECIPE: &str = "team, number, recipe, locator, created_at";

const LEGACY_KEY: &str = "api_key, team, recipe, locator, sealed";

/// Ids as one array.
fn ids(ids: &[u128]) -> Vec<Vec<u8>> {
    column(ids, |id| blob(*id))
}

#[async_trait]
impl MigrationRead for PostgresTransaction {
    async fn migration(&mut self, id: u128) -> Result<Option<MigrationRow>, StoreError> {
        let job = select!(MIGRATION, "FROM migration WHERE id = $1").bind(blob(id));
        one(job.fetch_optional(self.connection()).await?)
    }

    async fn migrations(&mut self, team: u128) -> Result<Vec<MigrationRow>, StoreError> {
        let jobs = select!(MIGRATION, "FROM migration WHERE team = $1 ORDER BY number DESC")
            .bind(blob(team));
        all(jobs.fetch_all(self.connection()).await?)
    }

    async fn migration_chunk(
        &mut self,
        migration: i64,
        number: u32,
    ) -> Result<Option<ChunkRow>, StoreError> {
        let chunk = select!(CHUNK, "FROM migration_chunk WHERE migration = $1 AND number = $2")
            .bind(migration)
            .bind(i64::from(number));
        one(chunk.fetch_optional(self.connection()).await?)
    }

    async fn chunk_keys(&mut self, revision: Revision) -> Result<Vec<u128>, StoreError> {
        let ledger: Option<Vec<u8>> =
            query_scalar("SELECT ledger FROM migration_chunk WHERE revision = $1")
                .bind(revision)
                .fetch_optional(self.connection())
                .await?;
        Ok(Ledger::from_bytes(ledger.unwrap_or_default()).created())
    }

    async fn tag_holders(&mut self, tags: &[Tag]) -> Result<Vec<(Tag, TagHolder)>, StoreError> {
        let asked: Vec<_> = tags.iter().map(tag_blob).collect();
        // In two steps: with OR between them, neither index would be used.
        let current = select!(API_KEY, "FROM api_key WHERE tag = ANY($1)").bind(&asked);
        let current: Vec<ApiKeyRow> = all(current.fetch_all(self.connection()).await?)?;
        let mut holders: Vec<_> =
            current.into_iter().map(|key| (key.tag, TagHolder::Current(Box::new(key)))).collect();
        let upgraded = query("SELECT tag, api_key FROM upgraded_tag WHERE tag = ANY($1)")
            .bind(&asked)
            .fetch_all(self.connection())
            .await?;
        if !upgraded.is_empty() {
            let of = upgraded.iter().map(|row| Columns(row).id("api_key"));
            let keys = self.api_keys_by_id(&of.collect::<Result<Vec<_>, _>>()?).await?;
            let keys: HashMap<u128, ApiKeyRow> =
                keys.into_iter().map(|key| (key.id, key)).collect();
            for row in &upgraded {
                let columns = Columns(row);
                if let Some(key) = keys.get(&columns.id("api_key")?) {
                    let holder = TagHolder::Current(Box::new(key.clone()));
                    holders.push((columns.tag("tag")?, holder));
                }
            }
        }
        let replaced = query(
            "SELECT asked, api_key FROM unnest($1::bytea[]) AS asked
             JOIN replaced_tag ON replaced_tag.tag = asked",
        )
        .bind(&asked)
        .fetch_all(self.connection())
        .await?;
        for row in &replaced {
            let columns = Columns(row);
            let holder = TagHolder::Replaced(columns.id("api_key")?);
            holders.push((columns.tag("asked")?, holder));
        }
        Ok(holders)
    }

    async fn api_keys_by_id(&mut self, of: &[u128]) -> Result<Vec<ApiKeyRow>, StoreError> {
        let keys = select!(API_KEY, "FROM api_key WHERE id = ANY($1)").bind(ids(of));
        all(keys.fetch_all(self.connection()).await?)
    }

    async fn rotated_keys(&mut self, of: &[u128]) -> Result<Vec<u128>, StoreError> {
        let rows = query("SELECT DISTINCT api_key FROM replaced_tag WHERE api_key = ANY($1)")
            .bind(ids(of))
            .fetch_all(self.connection())
            .await?;
        Ok(rows.iter().map(|row| Columns(row).id("api_key")).collect::<Result<_, _>>()?)
    }

    async fn recipes(&mut self, team: Option<u128>) -> Result<Vec<RecipeRow>, StoreError> {
        let recipes = match team {
            Some(team) => {
                select!(RECIPE, "FROM recipe WHERE team = $1 ORDER BY number").bind(blob(team))
            }
            None => select!(RECIPE, "FROM recipe ORDER BY team, number"),
        };
        all(recipes.fetch_all(self.connection()).await?)
    }

    async fn has_keys_under(&mut self, team: u128, recipe: u32) -> Result<bool, StoreError> {
        let some = query_scalar(
            "SELECT EXISTS (SELECT 1 FROM api_key
                            WHERE team = $1 AND recipe = $2 AND NOT deleted)",
        );
        let some = some.bind(blob(team)).bind(i64::from(recipe));
        Ok(some.fetch_one(self.connection()).await?)
    }

    async fn legacy_keys(&mut self, of: &[u128]) -> Result<Vec<LegacyKeyRow>, StoreError> {
        let keys = select!(LEGACY_KEY, "FROM legacy_key WHERE api_key = ANY($1)").bind(ids(of));
        all(keys.fetch_all(self.connection()).await?)
    }

    async fn legacy_candidates(
        &mut self,
        team: u128,
        recipe: u32,
        locator: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<LegacyKeyRow>, StoreError> {
        let keys = select!(
            LEGACY_KEY,
            "FROM legacy_key WHERE team = $1 AND recipe = $2 AND locator = $3
             ORDER BY api_key LIMIT $4",
        )
        .bind(blob(team))
        .bind(i64::from(recipe))
        .bind(locator.to_vec())
        .bind(i64::from(limit));
        all(keys.fetch_all(self.connection()).await?)
    }
}

impl PostgresTransaction {
    /// Takes keys in the order of their ids, as charges and last uses do, which do not wait for the head: two that
    /// want the same keys then cannot wait for each other.
    async fn lock_keys(&mut self, keys: &[ApiKeyRow]) -> Result<(), StoreError> {
        let locked: Vec<_> = keys.iter().map(|key| key.id).collect();
        query("SELECT 1 FROM api_key WHERE id = ANY($1) ORDER BY id FOR UPDATE")
            .bind(ids(&locked))
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

#[async_trait]
impl MigrationWrite for PostgresTransaction {
    async fn insert_migration(&mut self, migration: &MigrationRow) -> Result<i64, StoreError> {
        let number = query_scalar(
            "INSERT INTO migration (id, team, workspace, plan_digest, state, conflict, recipe,
                                    planned_rows, chunks, undone_chunks, counts, comparison,
                                    created_by, proof_waived_by, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             RETURNING number",
        )
        .bind(blob(migration.id))
        .bind(blob(migration.team))
        .bind(blob(migration.workspace))
        .bind(migration.plan_digest.to_vec())
        .bind(ordinal(MigrationState::ALL, &migration.state))
        .bind(ordinal(Conflict::ALL, &migration.conflict))
        .bind(migration.recipe.map(i64::from))
        .bind(i64::try_from(migration.planned_rows).unwrap_or(i64::MAX))
        .bind(i64::from(migration.chunks))
        .bind(i64::from(migration.undone_chunks))
        .bind(json(&migration.counts))
        .bind(migration.comparison.as_ref().map(json))
        .bind(&migration.created_by)
        .bind(&migration.proof_waived_by)
        .bind(migration.created_at)
        .bind(migration.updated_at)
        .fetch_one(self.connection())
        .await?;
        Ok(number)
    }

    async fn update_migration(&mut self, migration: &MigrationRow) -> Result<(), StoreError> {
        query(
            "UPDATE migration
             SET state = $2, conflict = $3, chunks = $4, undone_chunks = $5, counts = $6,
                 comparison = $7, updated_at = $8
             WHERE number = $1",
        )
        .bind(migration.number)
        .bind(ordinal(MigrationState::ALL, &migration.state))
        .bind(ordinal(Conflict::ALL, &migration.conflict))
        .bind(i64::from(migration.chunks))
        .bind(i64::from(migration.undone_chunks))
        .bind(json(&migration.counts))
        .bind(migration.comparison.as_ref().map(json))
        .bind(migration.updated_at)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn insert_chunk_keys(
        &mut self,
        id: u128,
        keys: &[ApiKeyRow],
        legacy: &[LegacyKeyRow],
    ) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::MigrationChunk(id)).await?;
        self.copy_key_rows(keys, revision).await?;
        if !legacy.is_empty() {
            query(
                "INSERT INTO legacy_key (api_key, team, recipe, locator, sealed)
                 SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[])",
            )
            .bind(column(legacy, |key| blob(key.api_key)))
            .bind(column(legacy, |key| blob(key.team)))
            .bind(column(legacy, |key| i64::from(key.recipe)))
            .bind(column(legacy, |key| key.locator.to_vec()))
            .bind(column(legacy, |key| key.sealed.clone()))
            .execute(self.connection())
            .await?;
        }
        Ok(revision)
    }

    async fn insert_migration_chunk(&mut self, chunk: &ChunkRow) -> Result<(), StoreError> {
        query(
            "INSERT INTO migration_chunk (migration, number, digest, ledger, details, before,
                                          revision, at, undone)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(chunk.migration)
        .bind(i64::from(chunk.number))
        .bind(chunk.digest.to_vec())
        .bind(chunk.ledger.as_bytes().to_vec())
        .bind(list(&chunk.details))
        .bind(list(&chunk.before))
        .bind(chunk.revision)
        .bind(chunk.at)
        .bind(chunk.undone)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn update_migration_chunk(&mut self, chunk: &ChunkRow) -> Result<(), StoreError> {
        query(
            "UPDATE migration_chunk SET details = $3, undone = $4
             WHERE migration = $1 AND number = $2",
        )
        .bind(chunk.migration)
        .bind(i64::from(chunk.number))
        .bind(list(&chunk.details))
        .bind(chunk.undone)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn replace_api_keys(&mut self, keys: &[ApiKeyRow]) -> Result<Revision, StoreError> {
        let lines: Vec<_> = keys.iter().map(|key| (Subject::ApiKey(key.id), None)).collect();
        let first = self.log(&lines).await?;
        self.lock_keys(keys).await?;
        for (revision, key) in (first..).zip(keys) {
            query(
                "UPDATE api_key
                 SET customer_id = $2, name = $3, prefix = $4, masked_key = $5, grants = $6,
                     metadata = $7, external_meter_id = $8, enabled = $9, deleted = $10,
                     expires_at = $11, created_at = $12, updated_at = $13, revision = $14,
                     name_folded = $15,
                     usage_left = CASE WHEN $16 IS NOT NULL THEN COALESCE(usage_left, $16) END
                 WHERE id = $1",
            )
            .bind(blob(key.id))
            .bind(&key.customer_id)
            .bind(&key.name)
            .bind(&key.prefix)
            .bind(&key.masked_key)
            .bind(key.grants.as_bytes().to_vec())
            .bind(metadata_json(&key.metadata))
            .bind(&key.external_meter_id)
            .bind(key.enabled)
            .bind(key.deleted)
            .bind(key.expires_at)
            .bind(key.created_at)
            .bind(key.updated_at)
            .bind(revision)
            .bind(fold(&key.name))
            .bind(counter(key))
            .execute(self.connection())
            .await?;
        }
        Ok(first)
    }

    async fn remove_api_keys(&mut self, keys: &[ApiKeyRow]) -> Result<(), StoreError> {
        let lines: Vec<_> =
            keys.iter().map(|key| (Subject::ApiKey(key.id), Some(key.tag))).collect();
        self.log(&lines).await?;
        self.lock_keys(keys).await?;
        let gone: Vec<_> = keys.iter().map(|key| key.id).collect();
        query("DELETE FROM api_key WHERE id = ANY($1)")
            .bind(ids(&gone))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    async fn insert_recipe(&mut self, recipe: &RecipeRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::Recipes(recipe.team)).await?;
        query(
            "INSERT INTO recipe (team, number, recipe, locator, created_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(blob(recipe.team))
        .bind(i64::from(recipe.number))
        .bind(&recipe.recipe)
        .bind(&recipe.locator)
        .bind(recipe.created_at)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn forget_legacy_key(&mut self, id: u128) -> Result<(), StoreError> {
        let legacy = query("DELETE FROM legacy_key WHERE api_key = $1").bind(blob(id));
        legacy.execute(self.connection()).await?;
        Ok(())
    }

    async fn upgrade_api_key(
        &mut self,
        key: &ApiKeyRow,
        replaced: &Tag,
    ) -> Result<Revision, StoreError> {
        let revision = self.log(&[(Subject::ApiKey(key.id), Some(*replaced))]).await?;
        query("INSERT INTO upgraded_tag (tag, api_key) VALUES ($1, $2)")
            .bind(tag_blob(replaced))
            .bind(blob(key.id))
            .execute(self.connection())
            .await?;
        self.forget_legacy_key(key.id).await?;
        query(
            "UPDATE api_key SET tag = $2, recipe = NULL, masked_key = $3, revision = $4
             WHERE id = $1",
        )
        .bind(blob(key.id))
        .bind(tag_blob(&key.tag))
        .bind(&key.masked_key)
        .bind(revision)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }
}
