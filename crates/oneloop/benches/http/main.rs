//! What a verification costs over HTTP, as a share of what HTTP itself costs.
//!
//! `cargo bench -p oneloop --bench http` starts the real `oneloop serve` and a bare axum "Hello" one after
//! the other, again and again, each alone on CPU 0, with a loader on CPU 1 that keeps 64 connections busy.
//! It prints the median of each and their ratio; absolute numbers are of this machine and this minute, the
//! ratio travels. The server's CPU use is printed too: below some 95 % the loader or another program was the
//! limit, and the ratio by throughput means little; the one by the server's own CPU time still holds.
//!
//! `ONELOOP_BENCH_KEYS` sets how many keys there are (default 100,000), `ONELOOP_BENCH_ROUNDS` how many
//! rounds (default 7).

mod hello;
mod keys;
mod load;
mod server;

use std::error::Error;
use std::io::{Write as _, stdout};
use std::process::Command;
use std::time::Duration;

use crate::load::Load;
use crate::server::Server;

/// What everything here fails with: a benchmark has nobody to recover for.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const SERVER_CPU: &str = "0";
const LOADER_CPU: &str = "1";
const ROUND: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(1);

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

/// One server's rounds.
struct Rounds {
    name: &'static str,
    /// Requests a second, one number a round.
    rates: Vec<f64>,
    /// The share of its CPU that the server used, one number a round.
    busy: Vec<f64>,
}

fn compare() -> Result {
    let setting = |name: &str, default: usize| match std::env::var(name) {
        Ok(text) => text.parse().map_err(|error| format!("{name}: {error}")),
        Err(_) => Ok(default),
    };
    let (count, rounds) =
        (setting("ONELOOP_BENCH_KEYS", 100_000)?, setting("ONELOOP_BENCH_ROUNDS", 7)?);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let dir = tempfile::tempdir()?;
    let mut out = stdout().lock();
    writeln!(out, "{count} keys, {rounds} rounds of {} s …", ROUND.as_secs())?;
    let requests = runtime.block_on(keys::prepare(dir.path(), count))?;
    let greetings = vec![b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n".to_vec()];

    let mut verify = Rounds { name: "verify", rates: Vec::new(), busy: Vec::new() };
    let mut hello = Rounds { name: "hello", rates: Vec::new(), busy: Vec::new() };
    for round in 1..=rounds {
        let server = Server::oneloop(dir.path())?;
        measure(&runtime, &server, &requests, b"\"status\":\"VALID\"", &mut verify)?;
        drop(server);
        let server = Server::hello(dir.path())?;
        measure(&runtime, &server, &greetings, b"Hello", &mut hello)?;
        let latest = |of: &Rounds| of.rates.last().copied().unwrap_or_default();
        let (ours, bare) = (latest(&verify), latest(&hello));
        writeln!(
            out,
            "round {round}: verify {ours:>7.0}/s   hello {bare:>7.0}/s   {:.2}",
            ours / bare
        )?;
    }
    writeln!(out)?;
    let per_cpu_second = |of: &Rounds| {
        let rates = of.rates.iter().zip(&of.busy).map(|(rate, busy)| rate / busy);
        median(&rates.collect::<Vec<_>>())
    };
    for of in [&verify, &hello] {
        let (rate, busy) = (median(&of.rates), median(&of.busy) * 100.0);
        let (name, cpu) = (of.name, per_cpu_second(of));
        writeln!(
            out,
            "{name:<7} {rate:>7.0} requests/s, server busy {busy:>3.0} %, {cpu:>7.0} a CPU second"
        )?;
    }
    let by_cpu_time = per_cpu_second(&verify) / per_cpu_second(&hello);
    writeln!(out, "ratio by CPU time   {by_cpu_time:.2}")?;
    writeln!(out, "ratio by throughput {:.2}", median(&verify.rates) / median(&hello.rates))?;
    Ok(())
}

/// Warms a server up, with every answer looked at, and measures one round.
fn measure(
    runtime: &tokio::runtime::Runtime,
    server: &Server,
    requests: &[Vec<u8>],
    expected: &'static [u8],
    rounds: &mut Rounds,
) -> Result {
    let load = Load { address: server.address, requests, expected };
    runtime.block_on(load.run(WARM_UP, true))?;
    let before = server.cpu_time()?;
    let (answers, elapsed) = runtime.block_on(load.run(ROUND, false))?;
    let used = server.cpu_time()? - before;
    rounds.rates.push(answers as f64 / elapsed.as_secs_f64());
    rounds.busy.push(used.as_secs_f64() / elapsed.as_secs_f64());
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
