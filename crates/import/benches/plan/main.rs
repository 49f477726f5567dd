//! What planning costs, as a share of what reading costs, and what it keeps in memory.
//!
//! `cargo bench -p oneloop-import --bench plan` writes a table of keys as CSV and, if `ONELOOP_TEST_POSTGRES_URL`
//! names a server, into PostgreSQL; then it reads each, and reads and plans each. It prints rows a second, which are
//! of this machine and this minute, and their ratios, which travel.
//!
//! `ONELOOP_BENCH_ROWS` sets how many rows there are (default 1,000,000).

mod memory;
mod table;

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Write as _, stdout};
use std::ops::ControlFlow;
use std::time::Instant;

use oneloop_import::open::open;
use oneloop_import::seen::SeenKeys;
use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::plan::{Attributes, Existing, Identity, Planner, Proof};
use oneloop_migrate::source::{Row, Source};

/// What everything here fails with: a benchmark has nobody to recover for.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// 2026-11-23T08:00:00Z
const NOW: i64 = 1_795_420_800_000;

struct NothingThere;

impl Existing for NothingThere {
    fn find(&self, _: &Identity) -> Option<Attributes> {
        None
    }
}

fn main() -> Result {
    // `cargo test --benches` runs this too, without `--bench`: there is nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let rows = std::env::var("ONELOOP_BENCH_ROWS").map_or(Ok(1_000_000), |rows| rows.parse())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let csv = folder.path().join("keys.csv");
    table::write_csv(&csv, rows)?;
    let path = csv.to_str().ok_or("the temporary folder has no UTF-8 name")?;
    measure("csv", &runtime, &table::mapping("csv", path)?, rows)?;
    if let Ok(url) = std::env::var("ONELOOP_TEST_POSTGRES_URL") {
        runtime.block_on(table::write_postgres(&url, rows))?;
        measure(
            "postgres",
            &runtime,
            &table::mapping("postgres", "env:ONELOOP_TEST_POSTGRES_URL")?,
            rows,
        )?;
        runtime.block_on(table::drop_postgres(&url))?;
    }
    Ok(())
}

fn measure(name: &str, runtime: &tokio::runtime::Runtime, mapping: &Mapping, rows: u64) -> Result {
    let source = || runtime.block_on(open(mapping, None)).map(|opened| opened.source);
    let begun = Instant::now();
    let read = read(source()?.as_mut())?;
    let reading = read as f64 / begun.elapsed().as_secs_f64();

    let before = memory::resident()?;
    let begun = Instant::now();
    let planned = plan(source()?.as_mut(), mapping)?;
    let planning = planned as f64 / begun.elapsed().as_secs_f64();
    let grown = memory::peak()?.saturating_sub(before);
    if read != rows || planned != rows {
        return Err(
            format!("{name}: {rows} rows were written, {read} read and {planned} planned").into()
        );
    }
    let mut out = stdout();
    writeln!(
        out,
        "{name}: {reading:.0} rows/s read, {planning:.0} rows/s read and planned, {grown} KiB more at the peak"
    )?;
    writeln!(out, "ratio {name}: planned to read {:.2}", planning / reading)?;
    Ok(())
}

fn read(source: &mut dyn Source) -> Result<u64> {
    let mut rows = 0;
    let mut sink = |_: Row| {
        rows += 1;
        ControlFlow::Continue(())
    };
    source.read(&mut sink)?;
    Ok(rows)
}

fn plan(source: &mut dyn Source, mapping: &Mapping) -> Result<u64> {
    let (mut seen, scopes) = (SeenKeys::new([7; 32]), BTreeSet::from(["deployments".to_owned()]));
    let proof = Proof::waived("the benchmark");
    let mut planner = Planner::new(mapping, &proof, &scopes, &NothingThere, &mut seen, NOW)?;
    let mut sink = |row: Row| {
        planner.row(&row);
        ControlFlow::Continue(())
    };
    source.read(&mut sink)?;
    let summary = planner.finish();
    seen.finish()?;
    if !summary.can_apply() || summary.estimate.writes != summary.rows {
        return Err(
            format!("the plan is not the one that was meant: {:?}", summary.outcomes).into()
        );
    }
    Ok(summary.rows)
}
