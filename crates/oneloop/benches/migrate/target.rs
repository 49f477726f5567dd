//! An empty installation with an open gate, and the steps of a migration that brings keys there.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::legacy::{self, Source};
use crate::process::{Server, Took, command, output, watch};
use crate::{Bench, Result};

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The installation. Its database goes with it.
pub(crate) struct Target {
    folder: TempDir,
    /// As `--database` has it.
    pub(crate) database: String,
    server: Option<Server>,
    pub(crate) sdk_key: String,
    workspace: String,
}

/// What one `apply` took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied {
    pub(crate) plan: Took,
    pub(crate) apply: Took,
}

impl Target {
    pub(crate) fn new(bench: &Bench, database: Database) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = match database {
            Database::Sqlite => "sqlite:oneloop.db".to_owned(),
            Database::Postgres => bench.block_on(create_database(&bench.postgres))?,
        };
        let dir = folder.path();
        let admin = |args: &[&str]| {
            let mut command = command(dir, &[&["admin"], args].concat());
            command.env("ONELOOP_DATABASE", &url);
            output(command)
        };
        let created: Value = serde_json::from_str(&admin(&["team", "create", "Bench", "--json"])?)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (team, sdk_key) = (text(&created["team"]["id"]), text(&created["sdkKey"]["key"]));
        let open =
            ["migration-window", "open", "--team", &team, "--from", "127.0.0.1", "--for", "2h"];
        admin(&open)?;
        let server = Server::start(dir, &url)?;
        let asked = bench
            .http
            .post(format!("{}/api/v1/workspace", server.url))
            .bearer_auth(&sdk_key)
            .json(&json!({ "name": "Bench" }));
        let made: Value =
            bench.block_on(async { Ok(asked.send().await?.error_for_status()?.json().await?) })?;
        let workspace = text(&made["workspace"]["id"]);
        Ok(Self { database: url, server: Some(server), sdk_key, workspace, folder })
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("oneloop.db")
    }

    pub(crate) fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn server(&self) -> Result<&Server> {
        self.server.as_ref().ok_or_else(|| "the server is stopped".into())
    }

    pub(crate) fn stop(&mut self) {
        self.server = None;
    }

    pub(crate) fn restart(&mut self) -> Result<&Server> {
        self.server = None;
        self.server = Some(Server::start(self.folder.path(), &self.database)?);
        self.server()
    }

    /// Maps, plans and applies the rows of a source, which are `location`.
    pub(crate) fn migrate(&self, bench: &Bench, source: Source, location: &str) -> Result<Applied> {
        legacy::write_mapping(
            &self.dir().join("migration.toml"),
            source,
            location,
            &self.workspace,
        )?;
        let plan = watch(self.migrate_command(bench, PLAN)?)?;
        Ok(Applied { plan, apply: self.apply(bench)? })
    }

    /// Applies the plan that was made last.
    pub(crate) fn apply(&self, bench: &Bench) -> Result<Took> {
        watch(self.migrate_command(bench, &["apply", "--plan", "plan.json"])?)
    }

    fn migrate_command(&self, bench: &Bench, args: &[&str]) -> Result<Command> {
        let mut command = command(self.dir(), &[&["migrate"], args].concat());
        command
            .env("ONELOOP_URL", &self.server()?.url)
            .env("ONELOOP_SDK_KEY", &self.sdk_key)
            .env(SOURCE, &bench.source);
        Ok(command)
    }

    /// Fails unless the newest job is finished, with so many keys made.
    pub(crate) fn expect(&self, bench: &Bench, created: u64) -> Result {
        let told = output(self.migrate_command(bench, &["status", "--json"])?)?;
        let told: Value = serde_json::from_str(&told)?;
        let job = &told["migrations"][0];
        if job["state"] == "finished" && job["counts"]["created"] == created {
            return Ok(());
        }
        Err(format!("{created} keys should have been made: {job}").into())
    }
}

const PLAN: &[&str] = &["plan", "--waive-proof", "the benchmark", "--output", "plan.json"];

/// The variable that holds the URL of the table's database.
pub(crate) const SOURCE: &str = "BENCH_SOURCE_URL";

/// A database of its own on a server; its URL.
pub(crate) async fn create_database(server: &str) -> Result<String> {
    let mut connection = PgConnection::connect(server).await?;
    let number: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_database").fetch_one(&mut connection).await?;
    let name = format!("bench_{}_{number}", std::process::id());
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    let options: PgConnectOptions = server.parse()?;
    Ok(options.database(&name).to_url_lossy().to_string())
}
