//! Creating keys, as a share of the least that a durable write costs: a row of one table in a commit of its own, by
//! the same driver, in a database of the same kind on the same disk.
//!
//! `cargo bench -p oneloop-engine --bench creates`, on SQLite in a temporary directory, and on the PostgreSQL that
//! `ONELOOP_TEST_POSTGRES_URL` names, whose commits must be on the disk, as SQLite's are
//! (`node scripts/with-databases.mjs durable-postgres -- …` starts one). Both take turns, a second each, so that
//! whatever else uses the disk disturbs both alike. Rows are always committed one after the other; keys are created
//! one after the other, and then by many callers at once, as they are behind a server.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::error::Error;
use std::time::{Duration, Instant};

use oneloop_engine::{Actor, Database, Engine, EngineError, EngineOptions};
use oneloop_protocol::{
    Access, CreateApiKey, CreateScope, CreateWorkspace, Grant, Rights, WorkspaceId,
};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection, query, query_scalar};
use tokio::task::JoinSet;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(1);

/// Callers that each create one key after the other.
const CALLERS: usize = 32;

/// The promise.
const LEAST: f64 = 0.5;

/// What a row of the yardstick holds: as many bytes as a key's.
const ROW: [u8; 300] = [7; 300];

fn main() -> Result {
    // `cargo test --benches` runs this too, without `--bench`: there is nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let postgres = std::env::var("ONELOOP_TEST_POSTGRES_URL").map_err(|_| {
        "ONELOOP_TEST_POSTGRES_URL names no PostgreSQL: run `cargo xtask bench service`, or \
         `node scripts/with-databases.mjs durable-postgres -- cargo bench …`"
    })?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let held = [on_sqlite().await?, on_postgres(&postgres).await?];
        if held.iter().all(|ratio| *ratio >= LEAST) {
            return Ok(());
        }
        Err(format!("creating a key is below {LEAST} of a raw commit").into())
    })
}

async fn on_sqlite() -> Result<f64> {
    let directory = tempfile::tempdir()?;
    // As the engine opens its own.
    let options = SqliteConnectOptions::new()
        .filename(directory.path().join("raw.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "64000");
    let mut raw = SqliteConnection::connect_with(&options).await?;
    raw.execute("CREATE TABLE raw (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)").await?;
    let creator = Creator::open(Database::Sqlite(directory.path().join("keys.db"))).await?;

    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut rows = 0;
        while started.elapsed() < ROUND {
            query("INSERT INTO raw (bytes) VALUES (?1)").bind(&ROW[..]).execute(&mut raw).await?;
            rows += 1;
        }
        rounds.raw.push(f64::from(rows) / started.elapsed().as_secs_f64());
        rounds.create(&creator).await?;
    }
    creator.engine.close().await;
    Ok(rounds.report("SQLite"))
}

async fn on_postgres(server: &str) -> Result<f64> {
    let name = format!("oneloop_creates_{}", std::process::id());
    let (place, _) = server.rsplit_once('/').ok_or("a URL with a database")?;
    let mut admin = PgConnection::connect(server).await?;
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    let url = format!("{place}/{name}");
    let mut raw = PgConnection::connect(&url).await?;
    for promise in ["fsync", "full_page_writes", "synchronous_commit"] {
        let setting: String =
            query_scalar("SELECT current_setting($1)").bind(promise).fetch_one(&mut raw).await?;
        if setting != "on" {
            return Err(
                format!("`{promise}` is {setting}: a commit there is not on the disk").into()
            );
        }
    }
    raw.execute("CREATE TABLE raw (id BIGSERIAL PRIMARY KEY, bytes BYTEA NOT NULL)").await?;
    let directory = tempfile::tempdir()?;
    let creator = Creator::with(EngineOptions {
        pepper_file: Some(directory.path().join("pepper")),
        ..EngineOptions::new(Database::Postgres(url.parse()?))
    })
    .await?;

    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut rows = 0;
        while started.elapsed() < ROUND {
            query("INSERT INTO raw (bytes) VALUES ($1)").bind(&ROW[..]).execute(&mut raw).await?;
            rows += 1;
        }
        rounds.raw.push(f64::from(rows) / started.elapsed().as_secs_f64());
        rounds.create(&creator).await?;
    }
    creator.engine.close().await;
    raw.close().await?;
    admin.execute(AssertSqlSafe(format!("DROP DATABASE {name}"))).await?;
    Ok(rounds.report("PostgreSQL"))
}

/// An engine with a workspace to create keys in.
#[derive(Clone)]
struct Creator {
    engine: Engine,
    actor: Actor,
    workspace: WorkspaceId,
}

impl Creator {
    async fn open(database: Database) -> Result<Self> {
        Self::with(EngineOptions::new(database)).await
    }

    async fn with(options: EngineOptions) -> Result<Self> {
        let engine = Engine::open(options).await?;
        let operator = Actor::operator();
        let team = engine.create_team(&operator, "Bench").await?.id;
        let sdk_key = engine.create_sdk_key(&operator, &team, "bench", Rights::ALL).await?;
        let actor = Actor::sdk_key(team, sdk_key.sdk_key.id.clone());
        let body = CreateWorkspace { name: "Bench".to_owned() };
        let workspace = engine.create_workspace(&actor, &body).await?.id;
        for scope in ["billing", "deployments"] {
            let body = CreateScope {
                name: scope.to_owned(),
                representation: scope.to_owned(),
                description: None,
            };
            engine.create_scope(&actor, &workspace, &body).await?;
        }
        Ok(Self { engine, actor, workspace })
    }

    /// How many keys are created a second by so many callers at once.
    async fn round(&self, callers: usize) -> Result<f64> {
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let creator = self.clone();
            tasks.spawn(async move { creator.call(started).await });
        }
        let mut keys = 0;
        while let Some(created) = tasks.join_next().await {
            keys += created??;
        }
        Ok(f64::from(keys) / started.elapsed().as_secs_f64())
    }

    /// Keys created in a round by one caller, one after the other.
    async fn call(&self, started: Instant) -> std::result::Result<u32, EngineError> {
        let mut keys = 0;
        while started.elapsed() < ROUND {
            let body = CreateApiKey {
                name: format!("key {keys}"),
                workspace_id: self.workspace.clone(),
                customer_id: format!("customer {}", keys / 10),
                enabled: true,
                scopes: vec![
                    Grant::new("deployments", Access::READ),
                    Grant::new("billing", Access::ALL),
                ],
                prefix: None,
                expires_at: None,
                total_usage_allowed: None,
                external_meter_id: None,
                metadata: None,
            };
            self.engine.create_api_key(&self.actor, &body).await?;
            keys += 1;
        }
        Ok(keys)
    }
}

/// What was counted, a second.
#[derive(Default)]
struct Rounds {
    raw: Vec<f64>,
    one_by_one: Vec<f64>,
    at_once: Vec<f64>,
}

impl Rounds {
    async fn create(&mut self, creator: &Creator) -> Result {
        self.one_by_one.push(creator.round(1).await?);
        self.at_once.push(creator.round(CALLERS).await?);
        Ok(())
    }

    /// Prints what was counted; the answer is the ratio that is promised.
    fn report(&self, database: &str) -> f64 {
        let (raw, create, at_once) =
            (median(&self.raw), median(&self.one_by_one), median(&self.at_once));
        println!(
            "{database}: {create:.0} keys created a second, {at_once:.0} by {CALLERS} callers, {raw:.0} raw commits"
        );
        println!("ratio creates / raw commits on {database}: {:.2}", create / raw);
        println!(
            "ratio creates by {CALLERS} callers / raw commits on {database}: {:.2}",
            at_once / raw
        );
        create / raw
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
