//! Migration jobs. Many keys at once are handed over as one JSON value, however many there are.

use async_trait::async_trait;
use oneloop_protocol::key_list::fold;
use oneloop_protocol::migration::{Conflict, MigrationState};
use sqlx::{query, query_scalar};

use super::transaction::SqliteTransaction;
use crate::index::Revision;
use crate::store::columns::{Columns, blob, counter, json, metadata_json, tag_blob};
use crate::store::from_columns::{FromColumns, all, one};
use crate::store::key_query::beside_key;
use crate::store::migration_columns::{list, ordinal};
use crate::store::{
    ApiKeyRow, ChunkRow, Ledger, LegacyKeyRow, MigrationRead, MigrationRow, MigrationWrite,
    RecipeRow, StoreError, Subject, TagHolder,
};
use crate::tag::Tag;

/// Ids or tags as one JSON array of hexadecimal texts, which `json_each` takes apart again.
fn hex_list(values: impl Iterator<Item = String>) -> String {
    json(&values.collect::<Vec<_>>())
}

fn ids(ids: &[u128]) -> String {
    hex_list(ids.iter().map(|id| format!("{id:032x}")))
}

#[async_trait]
impl MigrationRead for SqliteTransaction {
    async fn migration(&mut self, id: u128) -> Result<Option<MigrationRow>, StoreError> {
        let job = query("SELECT * FROM migration WHERE id = ?1").bind(blob(id));
        one(job.fetch_optional(self.connection()).await?)
    }

    async fn migrations(&mut self, team: u128) -> Result<Vec<MigrationRow>, StoreError> {
        let jobs =
            query("SELECT * FROM migration WHERE team = ?1 ORDER BY number DESC").bind(blob(team));
        all(jobs.fetch_all(self.connection()).await?)
    }

    async fn migration_chunk(
        &mut self,
        migration: i64,
        number: u32,
    ) -> Result<Option<ChunkRow>, StoreError> {
        let chunk = query("SELECT * FROM migration_chunk WHERE migration = ?1 AND number = ?2")
            .bind(migration)
            .bind(number);
        one(chunk.fetch_optional(self.connection()).await?)
    }

    async fn chunk_keys(&mut self, revision: Revision) -> Result<Vec<u128>, StoreError> {
        let ledger: Option<Vec<u8>> =
            query_scalar("SELECT ledger FROM migration_chunk WHERE revision = ?1")
                .bind(revision)
                .fetch_optional(self.connection())
                .await?;
        Ok(Ledger::from_bytes(ledger.unwrap_or_default()).created())
    }

    async fn tag_holders(&mut self, tags: &[Tag]) -> Result<Vec<(Tag, TagHolder)>, StoreError> {
        let asked = hex_list(tags.iter().copied().map(Tag::to_hex));
        // Where nothing was ever upgraded or rotated, the list is not even taken apart.
        let current = query(concat!(
            "SELECT api_key.tag AS asked, api_key.*, ",
            beside_key!(),
            " FROM json_each(?1) AS each JOIN api_key ON api_key.tag = unhex(each.value)
             UNION ALL
             SELECT upgraded_tag.tag AS asked, api_key.*, ",
            beside_key!(),
            " FROM json_each(iif(EXISTS (SELECT 1 FROM upgraded_tag), ?1, '[]')) AS each
             JOIN upgraded_tag ON upgraded_tag.tag = unhex(each.value)
             JOIN api_key ON api_key.id = upgraded_tag.api_key"
        ))
        .bind(&asked)
        .fetch_all(self.connection())
        .await?;
        let mut holders = Vec::with_capacity(current.len());
        for row in &current {
            let columns = Columns(row);
            let key = Box::new(ApiKeyRow::from_columns(&columns)?);
            holders.push((columns.tag("asked")?, TagHolder::Current(key)));
        }
        let replaced = query(
            "SELECT tag, api_key FROM json_each(iif(EXISTS (SELECT 1 FROM replaced_tag), ?1, '[]'))
             JOIN replaced_tag ON replaced_tag.tag = unhex(value)",
        )
        .bind(&asked)
        .fetch_all(self.connection())
        .await?;
        for row in &replaced {
            let columns = Columns(row);
            let holder = TagHolder::Replaced(columns.id("api_key")?);
            holders.push((columns.tag("tag")?, holder));
        }
        Ok(holders)
    }

    async fn api_keys_by_id(&mut self, of: &[u128]) -> Result<Vec<ApiKeyRow>, StoreError> {
        let keys = query(concat!(
            "SELECT api_key.*, ",
            beside_key!(),
            " FROM json_each(?1) AS each JOIN api_key ON api_key.id = unhex(each.value)"
        ));
        all(keys.bind(ids(of)).fetch_all(self.connection()).await?)
    }

    async fn rotated_keys(&mut self, of: &[u128]) -> Result<Vec<u128>, StoreError> {
        let rows = query(
            "SELECT DISTINCT api_key FROM json_each(?1)
             JOIN replaced_tag ON replaced_tag.api_key = unhex(value)",
        )
        .bind(ids(of))
        .fetch_all(self.connection())
        .await?;
        Ok(rows.iter().map(|row| Columns(row).id("api_key")).collect::<Result<_, _>>()?)
    }

    async fn recipes(&mut self, team: Option<u128>) -> Result<Vec<RecipeRow>, StoreError> {
        let recipes = match team {
            Some(team) => {
                query("SELECT * FROM recipe WHERE team = ?1 ORDER BY number").bind(blob(team))
            }
            None => query("SELECT * FROM recipe ORDER BY team, number"),
        };
        all(recipes.fetch_all(self.connection()).await?)
    }

    async fn has_keys_under(&mut self, team: u128, recipe: u32) -> Result<bool, StoreError> {
        let some = query_scalar(
            "SELECT EXISTS (SELECT 1 FROM api_key
                            WHERE team = ?1 AND recipe = ?2 AND NOT deleted)",
        );
        let some = some.bind(blob(team)).bind(i64::from(recipe));
        Ok(some.fetch_one(self.connection()).await?)
    }

    async fn legacy_keys(&mut self, of: &[u128]) -> Result<Vec<LegacyKeyRow>, StoreError> {
        let keys = query(
            "SELECT legacy_key.* FROM json_each(?1)
             JOIN legacy_key ON legacy_key.api_key = unhex(value)",
        );
        all(keys.bind(ids(of)).fetch_all(self.connection()).await?)
    }

    async fn legacy_candidates(
        &mut self,
        team: u128,
        recipe: u32,
        locator: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<LegacyKeyRow>, StoreError> {
        let keys = query(
            "SELECT * FROM legacy_key WHERE team = ?1 AND recipe = ?2 AND locator = ?3
             ORDER BY api_key LIMIT ?4",
        )
        .bind(blob(team))
        .bind(recipe)
        .bind(locator.to_vec())
        .bind(limit);
        all(keys.fetch_all(self.connection()).await?)
    }
}

#[async_trait]
impl MigrationWrite for SqliteTransaction {
    async fn insert_migration(&mut self, migration: &MigrationRow) -> Result<i64, StoreError> {
        let inserted = query(
            "INSERT INTO migration (id, team, workspace, plan_digest, state, conflict, recipe,
                                    planned_rows, chunks, undone_chunks, counts, comparison,
                                    created_by, proof_waived_by, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )
        .bind(blob(migration.id))
        .bind(blob(migration.team))
        .bind(blob(migration.workspace))
        .bind(migration.plan_digest.to_vec())
        .bind(ordinal(MigrationState::ALL, &migration.state))
        .bind(ordinal(Conflict::ALL, &migration.conflict))
        .bind(migration.recipe)
        .bind(i64::try_from(migration.planned_rows).unwrap_or(i64::MAX))
        .bind(migration.chunks)
        .bind(migration.undone_chunks)
        .bind(json(&migration.counts))
        .bind(migration.comparison.as_ref().map(json))
        .bind(&migration.created_by)
        .bind(&migration.proof_waived_by)
        .bind(migration.created_at)
        .bind(migration.updated_at)
        .execute(self.connection())
        .await?;
        Ok(inserted.last_insert_rowid())
    }

    async fn update_migration(&mut self, migration: &MigrationRow) -> Result<(), StoreError> {
        query(
            "UPDATE migration
             SET state = ?2, conflict = ?3, chunks = ?4, undone_chunks = ?5, counts = ?6,
                 comparison = ?7, updated_at = ?8
             WHERE number = ?1",
        )
        .bind(migration.number)
        .bind(ordinal(MigrationState::ALL, &migration.state))
        .bind(ordinal(Conflict::ALL, &migration.conflict))
        .bind(migration.chunks)
        .bind(migration.undone_chunks)
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
        let rows: Vec<_> = keys.iter().map(|key| (revision, key)).collect();
        self.insert_key_rows(&rows).await?;
        self.insert_legacy_rows(legacy).await?;
        Ok(revision)
    }

    async fn insert_migration_chunk(&mut self, chunk: &ChunkRow) -> Result<(), StoreError> {
        query(
            "INSERT INTO migration_chunk (migration, number, digest, ledger, details, before,
                                          revision, at, undone)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .bind(chunk.migration)
        .bind(chunk.number)
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
            "UPDATE migration_chunk SET details = ?3, undone = ?4
             WHERE migration = ?1 AND number = ?2",
        )
        .bind(chunk.migration)
        .bind(chunk.number)
        .bind(list(&chunk.details))
        .bind(chunk.undone)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn replace_api_keys(&mut self, keys: &[ApiKeyRow]) -> Result<Revision, StoreError> {
        let lines: Vec<_> = keys.iter().map(|key| (Subject::ApiKey(key.id), None)).collect();
        let first = self.log(&lines).await?;
        for (revision, key) in (first..).zip(keys) {
            query(
                "UPDATE api_key
                 SET customer_id = ?2, name = ?3, prefix = ?4, masked_key = ?5, grants = ?6,
                     metadata = ?7, external_meter_id = ?8, enabled = ?9, deleted = ?10,
                     expires_at = ?11, created_at = ?12, updated_at = ?13, revision = ?14,
                     name_folded = ?15,
                     usage_left = CASE WHEN ?16 IS NOT NULL THEN COALESCE(usage_left, ?16) END
                 WHERE id = ?1",
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
        let gone: Vec<_> = keys.iter().map(|key| key.id).collect();
        query("DELETE FROM api_key WHERE id IN (SELECT unhex(value) FROM json_each(?1))")
            .bind(ids(&gone))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    async fn insert_recipe(&mut self, recipe: &RecipeRow) -> Result<Revision, StoreError> {
        let revision = self.log_one(Subject::Recipes(recipe.team)).await?;
        query(
            "INSERT INTO recipe (team, number, recipe, locator, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(blob(recipe.team))
        .bind(recipe.number)
        .bind(&recipe.recipe)
        .bind(&recipe.locator)
        .bind(recipe.created_at)
        .execute(self.connection())
        .await?;
        Ok(revision)
    }

    async fn forget_legacy_key(&mut self, id: u128) -> Result<(), StoreError> {
        let legacy = query("DELETE FROM legacy_key WHERE api_key = ?1").bind(blob(id));
        legacy.execute(self.connection()).await?;
        Ok(())
    }

    async fn upgrade_api_key(
        &mut self,
        key: &ApiKeyRow,
        replaced: &Tag,
    ) -> Result<Revision, StoreError> {
        let revision = self.log(&[(Subject::ApiKey(key.id), Some(*replaced))]).await?;
        query("INSERT INTO upgraded_tag (tag, api_key) VALUES (?1, ?2)")
            .bind(tag_blob(replaced))
            .bind(blob(key.id))
            .execute(self.connection())
            .await?;
        self.forget_legacy_key(key.id).await?;
        query(
            "UPDATE api_key SET tag = ?2, recipe = NULL, masked_key = ?3, revision = ?4
             WHERE id = ?1",
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
