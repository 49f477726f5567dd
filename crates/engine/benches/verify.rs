//! In-process verification: nanoseconds each, with a thousand keys and with a million; how long the start takes that
//! loads them, and what they take of memory.
//!
//! `cargo bench -p oneloop-engine --bench verify [KEYS…]`; the default is `1000 1000000`. The promise is at
//! most 5 µs with a million keys, and at most 250 bytes a key; the program fails if it is broken. Keys are brought in
//! through `Engine::migrate_api_keys`, the way an import loads them, so the loading rate is printed too.
//!
//! Each number of keys is measured in a process of its own, with the binary's allocator: what one before it had freed
//! would hide what the keys take.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::pin::pin;
use std::process::Command;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use oneloop_engine::{Actor, Database, Engine, EngineOptions};
use oneloop_protocol::{
    Access, CreateScope, CreateWorkspace, Grant, MigrateApiKey, Secret, TeamId, Verdict,
    VerifyRequest,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows brought in with one transaction.
const CHUNK: usize = 10_000;

/// Distinct requests in a round, so that neither the processor's caches nor its branch predictor know the
/// answer beforehand.
const REQUESTS: usize = 20_000;

/// Requests that are timed together.
const CHUNK_TIMED: usize = 250;

/// How long the write-behind of last uses gets between two measurements.
const SETTLE: Duration = Duration::from_secs(5);

/// The promise.
const MOST: Duration = Duration::from_micros(5);

/// The promise for memory, in bytes a key. A table of a thousand keys says nothing: the program itself is larger.
const MOST_BYTES: f64 = 250.0;
const ENOUGH_KEYS: usize = 100_000;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--fill", keys, dir] => runtime.block_on(fill_file(keys.parse()?, Path::new(dir))),
        [_, "--measure", keys, dir] => runtime.block_on(measure(keys.parse()?, Path::new(dir))),
        _ => compare(&arguments),
    }
}

fn compare(arguments: &[String]) -> Result {
    // `cargo test --benches` runs this too, without `--bench`: there is nothing to test here.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let sizes: Vec<usize> = arguments.iter().filter_map(|text| text.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 1_000_000] } else { sizes };
    let (mut first, mut broken) = (None, false);
    for keys in sizes {
        let directory = tempfile::tempdir()?;
        for step in ["--fill", "--measure"] {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg(step).arg(keys.to_string()).arg(directory.path());
            if !command.status()?.success() {
                return Err(format!("{step} failed").into());
            }
        }
        let Measured { hit, bytes, ready } = Measured::read(directory.path())?;
        let base = *first.get_or_insert(hit);
        println!("ratio verify at {keys} keys / with the fewest: {:.2}, {hit:.0} ns", hit / base);
        if keys >= ENOUGH_KEYS {
            println!(
                "ratio memory at {keys} keys / promise: {:.2}, {bytes:.0} bytes a key",
                bytes / MOST_BYTES
            );
            println!(
                "ratio start with {keys} keys / 2 s a million: {:.2}, {ready:.2} s",
                ready / (keys as f64 * 2e-6)
            );
        }
        broken |= hit > MOST.as_nanos() as f64 || (keys >= ENOUGH_KEYS && bytes > MOST_BYTES);
    }
    if broken { Err("a promise is broken".into()) } else { Ok(()) }
}

/// What the process that measures tells the one that compares.
struct Measured {
    /// Nanoseconds of a hit with scopes.
    hit: f64,
    /// Bytes a key.
    bytes: f64,
    /// Seconds until ready.
    ready: f64,
}

impl Measured {
    fn write(&self, dir: &Path) -> Result {
        Ok(fs::write(dir.join("measured"), format!("{} {} {}", self.hit, self.bytes, self.ready))?)
    }

    fn read(dir: &Path) -> Result<Self> {
        let text = fs::read_to_string(dir.join("measured"))?;
        let numbers =
            text.split(' ').map(str::parse).collect::<std::result::Result<Vec<_>, _>>()?;
        let [hit, bytes, ready] = numbers[..] else { return Err("three numbers".into()) };
        Ok(Self { hit, bytes, ready })
    }
}

/// This process's own memory, without mapped files (proc(5), `status`), in bytes.
fn own_memory() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1_024.0)
}

/// The CPU time of this process's threads (the kernel's Documentation/scheduler/sched-stats.rst, `schedstat`).
fn cpu_time() -> Result<Duration> {
    let mut used = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
        used += stat.split(' ').next().ok_or("a short schedstat")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(used))
}

fn database(dir: &Path) -> Database {
    Database::Sqlite(dir.join("bench.db"))
}

async fn fill_file(keys: usize, dir: &Path) -> Result {
    let engine = Engine::open(EngineOptions::new(database(dir))).await?;
    let team = fill(&engine, keys).await?;
    fs::write(dir.join("team"), team.as_str())?;
    engine.close().await;
    Ok(())
}

/// Prints what a verification costs with `keys` keys.
async fn measure(keys: usize, dir: &Path) -> Result {
    let team = TeamId::from(fs::read_to_string(dir.join("team"))?);
    let (before, cpu, started) = (own_memory()?, cpu_time()?, Instant::now());
    let engine = Engine::open(EngineOptions::new(database(dir))).await?;
    let (ready, cpu) = (started.elapsed(), cpu_time()? - cpu);
    let bytes = (own_memory()? - before) / keys as f64;
    println!("{keys} keys: ready in {ready:.2?} ({cpu:.2?} of CPU), {bytes:.0} bytes a key");

    // Spread over all keys, in an order that no cache likes.
    let known = |at: usize| secret(at * 7_919 % keys);
    let hits = requests(known, &[]);
    let scoped = [
        Grant::new("deployments", Access::READ),
        Grant::new("metrics", Access::READ.union(Access::UPDATE)),
    ];
    let scoped = requests(known, &scoped);
    let misses = requests(|at| secret(keys + at), &[]);
    let miss = time(&engine, &team, &misses, Verdict::Invalid)?;
    let hit = time(&engine, &team, &hits, Verdict::Valid)?;
    // Verification is measured, not the disk: let the last uses of the hits be written.
    tokio::time::sleep(SETTLE).await;
    let with_scopes = time(&engine, &team, &scoped, Verdict::Valid)?;
    println!("{keys} keys: hit {hit:?} · hit with two scopes {with_scopes:?} · miss {miss:?}");
    engine.close().await;
    let (hit, ready) = (with_scopes.as_nanos() as f64, ready.as_secs_f64());
    Measured { hit, bytes, ready }.write(dir)
}

/// A team with a workspace, scopes and `keys` keys.
async fn fill(engine: &Engine, keys: usize) -> Result<TeamId> {
    let team = engine.create_team(&Actor::operator(), "Bench").await?.id;
    let actor = Actor { team: Some(team.clone()), ..Actor::operator() };
    let body = CreateWorkspace { name: "Bench".to_owned() };
    let workspace = engine.create_workspace(&actor, &body).await?.id;
    let representations = ["billing", "deployments", "members", "metrics", "webhooks"];
    for representation in representations {
        let (name, representation) = (representation.to_owned(), representation.to_owned());
        let body = CreateScope { name, representation, description: None };
        engine.create_scope(&actor, &workspace, &body).await?;
    }
    let scopes: Vec<_> =
        representations.iter().map(|scope| Grant::new(*scope, Access::ALL)).collect();
    let started = Instant::now();
    for chunk in (0..keys).collect::<Vec<_>>().chunks(CHUNK) {
        let row = |at: &usize| MigrateApiKey {
            key: secret(*at),
            name: format!("key {at}"),
            workspace_id: workspace.clone(),
            customer_id: format!("customer-{}", at / 3),
            enabled: true,
            scopes: scopes.clone(),
            metadata: None,
            expires_at: None,
            created_at: None,
            last_used_at: None,
            prefix: None,
        };
        let rows: Vec<_> = chunk.iter().map(row).collect();
        for outcome in engine.migrate_api_keys(&actor, &rows).await? {
            outcome?;
        }
    }
    let rate = keys as f64 / started.elapsed().as_secs_f64();
    println!("{keys} keys: brought in at {rate:.0} keys a second");
    Ok(team)
}

fn secret(at: usize) -> Secret {
    Secret::new(format!("bench_{at:043}_legacy"))
}

fn requests(secret: impl Fn(usize) -> Secret, scopes: &[Grant]) -> Vec<VerifyRequest> {
    let request = |at| VerifyRequest {
        key: secret(at),
        requested_scopes: scopes.to_vec(),
        ..VerifyRequest::default()
    };
    (0..REQUESTS).map(request).collect()
}

/// The value of a future that has nothing to wait for.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("no key here spends credit"),
    }
}

/// The mean of the median chunk. A chunk is shorter than what the scheduler gives a program at once, so most of them
/// are not interrupted even where other programs want the CPU too.
fn time(
    engine: &Engine,
    team: &TeamId,
    requests: &[VerifyRequest],
    wanted: Verdict,
) -> Result<Duration> {
    let mut times = Vec::new();
    for chunk in requests.chunks(CHUNK_TIMED).cycle().take(5 * REQUESTS / CHUNK_TIMED) {
        let started = Instant::now();
        for request in chunk {
            if black_box(at_once(engine.verify(team, request))?).status != wanted {
                return Err("an unexpected verdict".into());
            }
        }
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok(median / u32::try_from(CHUNK_TIMED)?)
}
