//! How the rows of migration jobs are read and written, whatever database they are in.

use oneloop_protocol::migration::{Conflict, MigrationState};

use super::columns::{Columns, StoredRow, json};
use super::from_columns::FromColumns;
use super::{ChunkRow, Ledger, LegacyKeyRow, MigrationRow, RecipeRow};

/// The number under which a word is stored.
pub(super) fn ordinal<T: PartialEq>(all: &[T], value: &T) -> i64 {
    all.iter().position(|known| known == value).and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
}

/// A list as it is stored; most chunks have none.
pub(super) fn list<T: serde::Serialize>(list: &[T]) -> Option<String> {
    (!list.is_empty()).then(|| json(&list))
}

impl FromColumns for MigrationRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: columns.number("number")?,
            id: columns.id("id")?,
            team: columns.id("team")?,
            workspace: columns.id("workspace")?,
            plan_digest: columns.bytes("plan_digest")?,
            state: columns.word("state", MigrationState::ALL)?,
            conflict: columns.word("conflict", Conflict::ALL)?,
            recipe: columns.optional_number("recipe")?,
            planned_rows: columns.number("planned_rows")?,
            chunks: columns.number("chunks")?,
            undone_chunks: columns.number("undone_chunks")?,
            counts: columns.json("counts")?,
            comparison: columns.optional_json("comparison")?,
            created_by: columns.text("created_by")?,
            proof_waived_by: columns.optional_text("proof_waived_by")?,
            created_at: columns.moment("created_at")?,
            updated_at: columns.moment("updated_at")?,
        })
    }
}

impl FromColumns for ChunkRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            migration: columns.number("migration")?,
            number: columns.number("number")?,
            digest: columns.bytes("digest")?,
            ledger: Ledger::from_bytes(columns.blob("ledger")?),
            details: columns.optional_json("details")?.unwrap_or_default(),
            before: columns.optional_json("before")?.unwrap_or_default(),
            revision: columns.optional_moment("revision")?,
            at: columns.moment("at")?,
            undone: columns.flag("undone")?,
        })
    }
}

impl FromColumns for RecipeRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            team: columns.id("team")?,
            number: columns.number("number")?,
            recipe: columns.text("recipe")?,
            locator: columns.optional_text("locator")?,
            created_at: columns.moment("created_at")?,
        })
    }
}

impl FromColumns for LegacyKeyRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            api_key: columns.id("api_key")?,
            team: columns.id("team")?,
            recipe: columns.number("recipe")?,
            locator: columns.bytes("locator")?,
            sealed: columns.blob("sealed")?,
        })
    }
}
