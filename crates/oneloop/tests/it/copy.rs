//! `oneloop admin copy`, killed and run again, and a server on what came of it.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use tempfile::{TempDir, tempdir};
use tokio::runtime::Runtime;

use crate::support::{Ran, Server, command, oneloop, post, postgres_database};

/// Rows that cost nothing to make, for a copy that takes a while: counts of verifications.
const MANY: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
    INSERT INTO key_usage (api_key, day, route, verdict, count)
    SELECT randomblob(16), 20000, 'many', 0, i FROM n";

/// Far more than anything takes; reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A demonstration's database and its pepper, and a new database on the server that the environment names.
struct Move {
    dir: TempDir,
    url: String,
    runtime: Runtime,
    sdk: String,
    key: String,
}

impl Move {
    fn new(name: &str) -> Self {
        let dir = tempdir().expect("a directory");
        let mut server = Server::start(dir.path(), &["--demo"]);
        let sdk = server.sdk();
        let body = json!({
            "name": "moves", "workspaceId": server.demo("workspaceId"), "customerId": "northwind",
            "enabled": true, "scopes": [],
        });
        let issued = post(server.url("/api/v1/api-key"))
            .header("authorization", &sdk)
            .json(body)
            .send()
            .ok();
        let key = issued["apiKey"]["key"].as_str().expect("a key").to_owned();
        assert!(server.end_with(Signal::TERM).success());
        let runtime = Runtime::new().expect("a runtime");
        let url = postgres_database(&format!("copy_{name}"));
        let file = dir.path().join(".data/demo.db");
        runtime.block_on(async {
            let file = format!("sqlite:{}", file.display());
            let mut source = SqliteConnection::connect(&file).await.expect("opens");
            source.execute(MANY).await.expect("fills");
            source.close().await.expect("closes");
        });
        Self { dir, url, runtime, sdk, key }
    }

    fn args(&self) -> [&str; 6] {
        ["admin", "copy", "--from", "sqlite:.data/demo.db", "--to", &self.url]
    }

    fn run(&self, more: &[&str]) -> Ran {
        oneloop(self.dir.path(), &[&self.args(), more].concat())
    }

    fn sql(&self, sql: &str) -> i64 {
        let (url, sql) = (self.url.clone(), sql.to_owned());
        self.runtime.block_on(async move {
            let mut target = PgConnection::connect(&url).await.expect("answers");
            let asked = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_optional(&mut target).await;
            // Before the schema is there.
            asked.ok().flatten().unwrap_or_default()
        })
    }

    /// Runs a copy, and kills it when so many rows are there.
    fn killed_after(&self, rows: i64) {
        let mut child = command(self.dir.path(), &self.args()).spawn().expect("starts");
        let started = Instant::now();
        loop {
            if self.sql("SELECT copied FROM copy_progress") >= rows {
                break;
            }
            assert_eq!(child.try_wait().expect("our child"), None, "ended before it was killed");
            assert!(started.elapsed() < PATIENCE, "hangs");
            sleep(Duration::from_millis(2));
        }
        child.kill().expect("dies");
        child.wait().expect("is dead");
    }
}

fn verdict(server: &Server, sdk: &str, key: &str) -> Value {
    let body = json!({ "key": key, "requestedScopes": [] });
    post(server.url("/api/v1/api-key/verify")).header("authorization", sdk).json(body).send().ok()
        ["status"]
        .clone()
}

fn pepper(dir: &Path) -> String {
    dir.join(".data/demo.db.pepper").display().to_string()
}

#[test]
fn a_copy_that_is_killed_goes_on_and_a_server_on_it_knows_the_keys() {
    let moved = Move::new("killed");
    for rows in [4_000, 20_000, 40_000] {
        moved.killed_after(rows);
        let serve = ["serve", "--listen", "127.0.0.1:0", "--database", &moved.url];
        let early = oneloop(moved.dir.path(), &serve);
        assert_eq!(early.code, Some(1), "{early:?}");
        assert!(early.stderr.contains("holds a copy that is not finished"), "{early:?}");
    }
    let done = moved.run(&["--json"]);
    let answer = done.json();
    assert!(answer["resumedAt"].as_u64() >= Some(40_000), "{answer}");
    assert_eq!(answer["equal"], true);
    let tables = answer["tables"].as_array().expect("tables");
    let usage = tables.iter().find(|table| table["table"] == "key_usage").expect("there");
    assert!(usage["to"]["rows"].as_u64() >= Some(60_000), "{usage}");
    assert!(done.stderr.contains("the pepper is in neither database"), "{done:?}");
    let password = moved.url.split([':', '@']).nth(2).expect("a password");
    assert!(!format!("{done:?}").contains(password), "the password shows");

    let pepper = pepper(moved.dir.path());
    let args = ["--database", moved.url.as_str(), "--pepper-file", &pepper];
    let server = Server::start(moved.dir.path(), &args);
    assert_eq!(verdict(&server, &moved.sdk, &moved.key), "VALID");
    let again = moved.run(&[]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("is not empty"), "{again:?}");
}

#[test]
fn a_row_that_is_broken_on_the_way_is_shown_and_ends_with_1() {
    let moved = Move::new("broken");
    moved.killed_after(6_000);
    moved.sql("UPDATE workspace SET name = name || '!' RETURNING 1::bigint");
    let ran = moved.run(&[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let line = ran.stdout.lines().find(|line| line.starts_with("workspace ")).expect("a line");
    assert!(line.ends_with("differs"), "{line}");
    assert!(ran.stderr.contains("the copy is not the same in workspace"), "{ran:?}");
}
