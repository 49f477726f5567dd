//! A database for one test: made on the server that the environment names, dropped with the test.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use oneloop_engine::{Database, EngineOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tempfile::TempDir;

pub(crate) struct Place {
    name: String,
    url: String,
    /// Of the pepper.
    directory: TempDir,
}

impl Place {
    pub(crate) async fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("oneloop_engine_{}_{made}", std::process::id());
        for statement in [
            // Left there by a process of the same number that was killed.
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            administer(statement).await;
        }
        let server = server();
        let (server, _) = server.rsplit_once('/').expect("a URL with a database");
        let url = format!("{server}/{name}");
        Self { name, url, directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub(crate) fn options(&self) -> EngineOptions {
        let database = self.url.parse::<Database>().expect("a URL");
        EngineOptions { pepper_file: Some(self.pepper()), ..EngineOptions::new(database) }
    }

    /// Host and port of the server.
    pub(crate) fn server_address(&self) -> String {
        let (_, behind) = self.url.rsplit_once('@').expect("a URL with a user");
        behind.split('/').next().expect("a host").to_owned()
    }

    /// The URL of this database by way of another address.
    pub(crate) fn through(&self, address: SocketAddr) -> String {
        self.url.replace(&self.server_address(), &address.to_string())
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn pepper(&self) -> PathBuf {
        self.directory().join("one.db.pepper")
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the server answers")
    }

    /// Runs a statement behind the engine's back.
    pub(crate) async fn execute(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.connect().await.execute(sql).await.map(|_| ())
    }

    async fn done(&self, sql: &'static str) {
        self.execute(sql).await.expect("is done");
    }

    /// Takes away what keeps the audit log from being changed.
    pub(crate) async fn unlock_audit(&self) {
        self.done("ALTER TABLE audit DISABLE TRIGGER USER").await;
    }

    /// Says that line 3 is the last, with all that the lines tell.
    pub(crate) async fn put_audit_head_back(&self) {
        self.done(
            "UPDATE head SET audit = 3, tied = 3, link = (SELECT link FROM audit WHERE seq = 3)",
        )
        .await;
    }

    /// Keeps the audit log as it is now.
    pub(crate) async fn keep_audit(&self) {
        self.done(
            "CREATE TABLE kept AS SELECT * FROM audit; CREATE TABLE kept_head AS SELECT * FROM head",
        )
        .await;
    }

    /// Puts it back.
    pub(crate) async fn put_audit_back(&self) {
        self.done(
            "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept;
             UPDATE head SET audit = kept.audit, tied = kept.tied, link = kept.link, seal = kept.seal
             FROM kept_head AS kept",
        )
        .await;
    }

    /// Makes it what it was before there was a chain.
    pub(crate) async fn untie_audit(&self) {
        self.done(
            "UPDATE audit SET link = NULL;
             UPDATE head SET tied = 0, link = decode(repeat('00', 32), 'hex'), seal = NULL",
        )
        .await;
    }

    /// Writes a line as releases did that knew of no chain.
    pub(crate) async fn write_audit_as_before(&self) {
        self.done(
            "INSERT INTO audit (seq, at, team, who, action, subject, address, request_id, detail)
             SELECT audit + 1, 1, NULL, 'operator', 'team.created', 'tm_1', NULL, NULL, '{}'
             FROM head;
             UPDATE head SET audit = audit + 1",
        )
        .await;
    }

    pub(crate) async fn pretend_newer_schema(&self) {
        self.execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', true, '', 0)",
        )
        .await
        .expect("inserts");
    }

    /// Everything that is kept, by the name of what keeps it: each table as text, and the pepper.
    pub(crate) async fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let mut connection = self.connect().await;
        let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
        let mut contents = Vec::new();
        for table in connection.fetch_all(tables).await.expect("lists") {
            let table: String = table.get(0);
            let rows = format!("SELECT string_agg({table}::text, chr(10)) FROM {table}");
            let row = connection.fetch_one(AssertSqlSafe(rows)).await.expect("reads");
            let text: Option<String> = row.get(0);
            contents.push((table, text.unwrap_or_default().into_bytes()));
        }
        contents.extend(fs::read(self.pepper()).ok().map(|pepper| ("pepper".to_owned(), pepper)));
        contents
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // On a thread and a runtime of its own, and not waited for: a connection of the test's that is just
        // being made can be ended only by going on, which its runtime does not do meanwhile. So the databases of
        // the last tests may stay, until the server is thrown away.
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(administer(statement));
        });
    }
}

fn server() -> String {
    std::env::var("ONELOOP_TEST_POSTGRES_URL").expect(
        "ONELOOP_TEST_POSTGRES_URL names no PostgreSQL: run `npm test`, or \
         `node scripts/with-databases.mjs cargo test …`",
    )
}

async fn administer(statement: String) {
    let mut connection = PgConnection::connect(&server()).await.expect("the server answers");
    connection.execute(AssertSqlSafe(statement)).await.expect("is done");
}
