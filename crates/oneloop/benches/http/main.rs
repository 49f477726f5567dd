//! What a verification costs over HTTP, as a share of what HTTP itself costs.
//!
//! `cargo bench -p oneloop --bench http` starts the real `oneloop serve` and a bare axum "Hello", both on CPU 0, and
//! loads now one and now the other from CPU 1 with 64 busy connections, again and again. It prints the medians and
//! their ratios; absolute numbers are of this machine and this minute, the ratio travels. There are two: by
//! throughput, and by the CPU time that the server's threads used for a request. Below some 95 % of CPU the loader or
//! another program was the limit; then only the second means something.
//!
//! At the end, requests come at half the rate that was the most, at their own pace, for the time of answers. With
//! `ONELOOP_BENCH_PEER=1`, which `cargo xtask bench service` sets, better-auth then verifies keys on CPU 0.
//!
//! `ONELOOP_BENCH_KEYS` sets how many keys there are (default 100,000), `ONELOOP_BENCH_ROUNDS` how many
//! rounds (default 9).
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod hello;
mod keys;
mod latency;
mod load;
mod peer;
mod server;

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use crate::load::Load;
use crate::server::Server;

/// What everything here fails with: a benchmark has nobody to recover for.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The server's own, so that the yardstick does not pay for another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SERVER_CPU: &str = "0";
const LOADER_CPU: &str = "1";
const ROUND: Duration = Duration::from_millis(1_500);
const WARM_UP: Duration = Duration::from_secs(1);
const AT_HALF_LOAD: Duration = Duration::from_secs(10);

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().collect();
    let argument = |name: &str| arguments.iter().any(|argument| argument == name);
    // `cargo test --benches` runs this too, without `--bench`: there is nothing to test here.
    if argument("--hello") {
        return hello::serve();
    }
    if argument("--pinned") {
        return compare();
    }
    if !argument("--bench") {
        return Ok(());
    }
    if std::thread::available_parallelism()?.get() < 2 {
        return Err("this needs two CPUs: one for the server, one for the loader".into());
    }
    let status = Command::new("taskset")
        .args(["-c", LOADER_CPU])
        .arg(std::env::current_exe()?)
        .arg("--pinned")
        .status()
        .map_err(|error| format!("cannot run taskset (util-linux): {error}"))?;
    if status.success() { Ok(()) } else { Err("the benchmark failed".into()) }
}

/// The rounds of one kind of request.
struct Rounds<'a> {
    name: &'static str,
    server: &'a Server,
    load: Load<'a>,
    /// Requests a second, one number a round.
    rates: Vec<f64>,
    /// The share of its CPU that the server used, one number a round.
    busy: Vec<f64>,
    /// Microseconds of the server's CPU time a request, one number a round.
    costs: Vec<f64>,
}

impl<'a> Rounds<'a> {
    fn new(
        name: &'static str,
        server: &'a Server,
        requests: &'a [Vec<u8>],
        expected: &'static [u8],
    ) -> Self {
        let load = Load { address: server.address, requests, expected };
        Self { name, server, load, rates: Vec::new(), busy: Vec::new(), costs: Vec::new() }
    }

    /// Measures one round.
    fn measure(&mut self) -> Result {
        let before = self.server.cpu_time()?;
        let (answers, elapsed) = self.load.run(ROUND, false)?;
        let used = self.server.cpu_time()? - before;
        self.rates.push(answers as f64 / elapsed.as_secs_f64());
        self.busy.push(used.as_secs_f64() / elapsed.as_secs_f64());
        self.costs.push(used.as_secs_f64() * 1e6 / answers as f64);
        Ok(())
    }

    fn rate(&self) -> f64 {
        median(&self.rates)
    }

    fn cost(&self) -> f64 {
        median(&self.costs)
    }
}

fn compare() -> Result {
    let setting = |name: &str, default: usize| match std::env::var(name) {
        Ok(text) => text.parse().map_err(|error| format!("{name}: {error}")),
        Err(_) => Ok(default),
    };
    let (count, rounds) =
        (setting("ONELOOP_BENCH_KEYS", 100_000)?, setting("ONELOOP_BENCH_ROUNDS", 9)?);

    let dir = tempfile::tempdir()?;
    println!("{count} keys, {rounds} rounds of {ROUND:?} …");
    let runtime = tokio::runtime::Runtime::new()?;
    let requests = runtime.block_on(keys::prepare(dir.path(), count))?;
    // Its threads are gone before anything is measured.
    drop(runtime);
    let greeting = vec![b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n".to_vec()];

    let (oneloop, bare) = (Server::oneloop(dir.path())?, Server::hello(dir.path())?);
    let valid = b"\"status\":\"VALID\"";
    let mut all = [
        Rounds::new("hello, GET", &bare, &greeting, b"Hello"),
        Rounds::new("hello, POST", &bare, &requests.plain, b"Hello"),
        Rounds::new("verify", &oneloop, &requests.plain, valid),
        Rounds::new("verify with scopes, limit, meter", &oneloop, &requests.metered, valid),
    ];
    for of in &all {
        of.load.run(WARM_UP, true)?;
    }
    for _ in 0..rounds {
        for of in &mut all {
            of.measure()?;
        }
    }
    for of in &all {
        let (rate, busy, cost) = (of.rate(), median(&of.busy) * 100.0, of.cost());
        println!(
            "{:<33} {rate:>7.0} requests/s, server busy {busy:>3.0} %, {cost:>6.2} µs of CPU a request",
            of.name
        );
    }
    let [get, post, verify, metered] = &all;
    for (of, base) in [(verify, get), (verify, post), (metered, get)] {
        let (by_cpu_time, by_throughput) = (base.cost() / of.cost(), of.rate() / base.rate());
        println!(
            "ratio {} / {}: {by_cpu_time:.2} by CPU time, {by_throughput:.2} by throughput",
            of.name, base.name
        );
    }

    if std::env::var_os("ONELOOP_BENCH_PEER").is_some() {
        let peer = peer::measure(SERVER_CPU)?;
        println!("{}", peer.line);
        let (by_cpu_time, by_throughput) = (peer.cost / verify.cost(), verify.rate() / peer.rate);
        println!(
            "ratio verify over HTTP / better-auth in process, one core each: {by_cpu_time:.0} by CPU time, \
             {by_throughput:.0} by throughput"
        );
    }
    for of in [verify, get] {
        let times = latency::measure(&of.load, of.rate() / 2.0, AT_HALF_LOAD)?;
        let [half, most, nearly_all] = [0.5, 0.99, 0.999].map(|share| times.quantile(share));
        println!(
            "ratio {} at half load: p50 {half:.0?}, p99 {most:.0?}, p99.9 {nearly_all:.0?}",
            of.name
        );
    }
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
