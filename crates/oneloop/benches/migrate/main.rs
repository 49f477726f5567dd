//! A whole migration, as people run it: the release binary's `oneloop migrate plan` and `apply`, against its `oneloop
//! serve`, from CSV and from PostgreSQL, into SQLite and into PostgreSQL.
//!
//! `cargo bench -p oneloop --bench migrate -- [ROWS] [PART…]` (default 1,000,000 rows, all parts: `compare`, `verify`,
//! `memory`) needs a PostgreSQL, whose maintenance database `ONELOOP_TEST_POSTGRES_URL` names: `cargo xtask bench migrate
//! [ROWS] [PART…]` starts one. All of it runs on the same cores: the command line, the server, the database.
//!
//! - **End to end** is the wall time of `apply`, which reads and plans every row, sends it and finishes the job.
//! - **Raw** is the same rows written once more, into a table of the same shape, with nothing around it.
//! - **Again** is the same `apply` of the finished job: it reads and plans every row, and asks what became of it.
//! - **Memory** is the most that was resident of the command line, and of the server beyond what the same keys take after
//!   a plain start: the server holds all keys in memory by design.
//! - **Verify** is how long verifications take at their own pace while keys are brought along, against a quiet server.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod latency;
mod legacy;
mod process;
mod raw;
mod target;

use std::error::Error;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sqlx::PgPool;

use crate::latency::{Asking, quantile};
use crate::legacy::Source;
use crate::process::Took;
use crate::target::{Applied, Database, Target, create_database};

/// What everything here fails with: a benchmark has nobody to recover for.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const ROWS: u64 = 1_000_000;

/// What is measured; each of them takes minutes.
const PARTS: [&str; 3] = ["compare", "verify", "memory"];

/// Keys that are there before verifications are measured.
const FIRST_KEYS: u64 = 10_000;

/// How long verifications are measured on a quiet server.
const QUIET: Duration = Duration::from_secs(10);

/// What all parts share.
pub(crate) struct Bench {
    runtime: tokio::runtime::Runtime,
    pub(crate) http: reqwest::Client,
    /// The maintenance database of the PostgreSQL server.
    pub(crate) postgres: String,
    /// The database with the legacy table.
    pub(crate) source: String,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Result<Self> {
        let postgres = std::env::var("ONELOOP_TEST_POSTGRES_URL").map_err(
            |_| "ONELOOP_TEST_POSTGRES_URL names no PostgreSQL: run `cargo xtask bench migrate`",
        )?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        // The provider that the binary uses; there is one only.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let source = runtime.block_on(create_database(&postgres))?;
        let (http, folder) = (reqwest::Client::new(), tempfile::tempdir()?);
        Ok(Self { runtime, http, postgres, source, folder })
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        self.runtime.block_on(future)
    }

    /// A CSV file of so many rows.
    fn csv(&self, rows: u64) -> Result<PathBuf> {
        let path = self.folder.path().join(format!("{rows}.csv"));
        if !path.exists() {
            legacy::write_csv(&path, rows)?;
        }
        Ok(path)
    }

    /// Brings the rows of `source` to `target`, and looks whether they are there.
    fn bring(&self, target: &Target, source: Source, rows: u64) -> Result<Applied> {
        let location = match source {
            Source::Csv => text(&self.csv(rows)?)?,
            Source::Postgres => format!("env:{}", target::SOURCE),
        };
        let applied = target.migrate(self, source, &location)?;
        target.expect(self, rows)?;
        Ok(applied)
    }
}

fn main() -> Result {
    // `cargo test --benches` runs this too, without `--bench`: there is nothing to test here.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let (mut rows, mut parts) = (ROWS, Vec::new());
    for argument in arguments.iter().filter(|argument| !argument.starts_with("--")) {
        match PARTS.into_iter().find(|part| part == argument) {
            Some(part) => parts.push(part),
            None => rows = argument.parse()?,
        }
    }
    let rows = rows.max(FIRST_KEYS);
    let is_chosen = |part| parts.is_empty() || parts.contains(&part);

    let bench = Bench::new()?;
    println!("{rows} rows …");
    if is_chosen("compare") {
        bench.block_on(async {
            let pool = PgPool::connect(&bench.source).await?;
            legacy::fill_table(&pool, rows).await?;
            pool.close().await;
            Ok(())
        })?;
        for database in Database::ALL {
            compare(&bench, database, rows)?;
        }
    }
    if is_chosen("verify") {
        for database in Database::ALL {
            verify(&bench, database, rows)?;
        }
    }
    if is_chosen("memory") {
        memory(&bench, rows)?;
    }
    Ok(())
}

fn rate(rows: u64, time: Duration) -> f64 {
    rows as f64 / time.as_secs_f64()
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().ok_or("the temporary folder has no UTF-8 name")?.to_owned())
}

/// End to end from both sources, the same job again, and the raw insert.
fn compare(bench: &Bench, database: Database, rows: u64) -> Result {
    let to = database.name();
    let mut rates = Vec::new();
    for source in Source::ALL {
        let from = source.name();
        let mut target = Target::new(bench, database)?;
        let Applied { plan, apply } = bench.bring(&target, source, rows)?;
        let again = target.apply(bench)?;
        target.expect(bench, rows)?;
        println!(
            "{from} to {to}: {:.0} rows/s end to end, {:.0} rows/s again, {:.0} rows/s planned",
            rate(rows, apply.time),
            rate(rows, again.time),
            rate(rows, plan.time)
        );
        println!(
            "ratio {from} to {to}: end to end to the aim of 40,000 rows/s {:.2}, again to the aim of 200,000 {:.2}",
            rate(rows, apply.time) / 40_000.0,
            rate(rows, again.time) / 200_000.0
        );
        rates.push((from, rate(rows, apply.time)));
        if source == Source::Postgres {
            target.stop();
            let raw = match database {
                Database::Sqlite => raw::sqlite(&target.file(), &target.dir().join("raw.db"))?,
                Database::Postgres => {
                    let scratch = bench.folder.path().join("copy");
                    bench.block_on(raw::postgres(&target.database, &scratch))?
                }
            };
            let raw = rate(rows, raw);
            println!("raw insert into {to}: {raw:.0} rows/s");
            for (from, rate) in &rates {
                println!(
                    "ratio {from} to {to}: end to end to raw insert {:.2} (aim 0.60)",
                    rate / raw
                );
            }
        }
    }
    Ok(())
}

/// Verifications on a quiet server, and while keys are brought along.
fn verify(bench: &Bench, database: Database, rows: u64) -> Result {
    let target = Target::new(bench, database)?;
    bench.bring(&target, Source::Csv, FIRST_KEYS)?;
    let asking = Asking {
        http: bench.http.clone(),
        url: format!("{}/api/v1/api-key/verify", target.server()?.url),
        sdk_key: target.sdk_key.clone(),
        keys: FIRST_KEYS,
    };
    let measure = |meanwhile: &dyn Fn() -> Result| {
        let over = Arc::new(AtomicBool::new(false));
        let asked = bench.runtime.spawn(asking.clone().ask_until(Arc::clone(&over)));
        let done = meanwhile();
        over.store(true, Ordering::Relaxed);
        let times = bench.block_on(async { asked.await? });
        done.and(times)
    };
    let quiet = measure(&|| {
        sleep(QUIET);
        Ok(())
    })?;
    let csv = text(&bench.csv(rows)?)?;
    let busy = measure(&|| {
        target.migrate(bench, Source::Csv, &csv)?;
        target.expect(bench, rows - FIRST_KEYS)
    })?;
    let name = database.name();
    for (when, times) in [("quiet", &quiet), ("during an import", &busy)] {
        let [half, most, nearly_all] = [0.5, 0.99, 0.999].map(|share| quantile(times, share));
        println!(
            "verify on {name}, {when}: p50 {half:.2} ms, p99 {most:.2} ms, p99.9 {nearly_all:.2} ms, of {} answers",
            times.len()
        );
    }
    let ratio = quantile(&busy, 0.99) / quantile(&quiet, 0.99).max(0.001);
    println!("ratio verify on {name}: p99 during an import to quiet {ratio:.1} (aim at most 3)");
    Ok(())
}

/// What the command line and the server hold in memory, from a tenth of the rows to three times as many.
fn memory(bench: &Bench, rows: u64) -> Result {
    let (mut command_line, mut beyond) = (Vec::new(), Vec::new());
    for rows in [rows / 10, rows, rows * 3] {
        let mut target = Target::new(bench, Database::Sqlite)?;
        let empty = target.server()?.resident()?;
        let Applied { plan: Took { peak: planning, .. }, apply } =
            bench.bring(&target, Source::Csv, rows)?;
        let server = target.server()?.peak()?;
        let keys = target.restart()?.resident()?;
        println!(
            "memory with {rows} rows, MiB: plan {planning:.0}, apply {:.0}; server {empty:.0} before, {server:.0} at the \
             peak, {keys:.0} after a plain start with the same keys",
            apply.peak
        );
        command_line.push(apply.peak);
        beyond.push(server - keys);
    }
    for (what, sizes) in [("command line", command_line), ("server beyond its keys", beyond)] {
        let [small, large] =
            [f64::min, f64::max].map(|of| sizes.iter().copied().reduce(of).unwrap_or_default());
        println!(
            "ratio memory of the {what}: from {small:.0} to {large:.0} MiB, {:.0} apart (aim at most 64)",
            large - small
        );
    }
    Ok(())
}
