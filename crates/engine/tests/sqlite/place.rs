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

    async fn done(&self, sql: &'static str) {
        self.execute(sql).await.expect("is done");
    }

    /// Takes away what keeps the audit log from being changed.
    pub(crate) async fn unlock_audit(&self) {
        self.done("DROP TRIGGER audit_is_never_updated; DROP TRIGGER audit_is_never_deleted").await;
    }

    /// Says that line 3 is the last, with all that the lines tell.
    pub(crate) async fn put_audit_head_back(&self) {
        self.done(
            "UPDATE audit_head SET seq = 3, link = (SELECT link FROM audit WHERE seq = 3);
             UPDATE sqlite_sequence SET seq = 3 WHERE name = 'audit'",
        )
        .await;
    }

    /// Keeps the audit log as it is now.
    pub(crate) async fn keep_audit(&self) {
        self.done(
            "CREATE TABLE kept AS SELECT * FROM audit;
             CREATE TABLE kept_head AS SELECT * FROM audit_head",
        )
        .await;
    }

    /// Puts it back.
    pub(crate) async fn put_audit_back(&self) {
        self.done(
            "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept;
             DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head;
             UPDATE sqlite_sequence SET seq = (SELECT max(seq) FROM audit) WHERE name = 'audit'",
        )
        .await;
    }

    /// Makes it what it was before there was a chain.
    pub(crate) async fn untie_audit(&self) {
        self.done(
            "UPDATE audit SET link = NULL;
             UPDATE audit_head SET seq = 0, link = zeroblob(32), seal = NULL",
        )
        .await;
    }

    /// Writes a line as releases did that knew of no chain.
    pub(crate) async fn write_audit_as_before(&self) {
        self.done(
            "INSERT INTO audit (at, team, who, action, subject, address, request_id, detail)
             VALUES (1, NULL, 'operator', 'team.created', 'tm_1', NULL, NULL, '{}')",
        )
        .await;
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
