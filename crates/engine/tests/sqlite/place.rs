//! A database for one test: a file in a directory that vanishes with it.

use std::fs;
use std::path::{Path, PathBuf};

use oneloop_engine::{Database, EngineOptions};
use tempfile::TempDir;

pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) async fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(crate) fn options(&self) -> EngineOptions {
        EngineOptions::new(Database::Sqlite(self.file()))
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory().join("one.db")
    }

    pub(crate) fn pepper(&self) -> PathBuf {
        self.directory().join("one.db.pepper")
    }

    /// Runs a statement behind the engine's back.
    pub(crate) async fn execute(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", self.file().display())).await?;
        let done = sqlx::query(sql).execute(&pool).await.map(|_| ());
        pool.close().await;
        done
    }

    pub(crate) async fn pretend_newer_schema(&self) {
        self.execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', 1, x'00', 0)",
        )
        .await
        .expect("inserts");
    }

    /// Everything that is kept, by the name of what keeps it.
    pub(crate) async fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let mut contents = Vec::new();
        for entry in fs::read_dir(self.directory()).expect("lists") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().display().to_string();
            contents.push((name, fs::read(entry.path()).expect("reads")));
        }
        contents
    }
}
