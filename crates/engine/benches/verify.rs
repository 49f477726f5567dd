//! In-process verification: nanoseconds each, with a thousand keys and with a million.
//!
//! `cargo bench -p oneloop-engine --bench verify [KEYS…]`; the default is `1000 1000000`. The promise is at
//! most 5 µs with a million keys; the program fails if it is broken. Keys are brought in through
//! `Engine::migrate_api_keys`, the way an import loads them, so the loading rate is printed too.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::error::Error;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use oneloop_engine::{Actor, Database, Engine, EngineOptions};
use oneloop_protocol::{
    Access, CreateScope, CreateWorkspace, Grant, MigrateApiKey, Secret, TeamId, Verdict,
    VerifyRequest,
};

/// Rows brought in with one transaction.
const CHUNK: usize = 10_000;

/// Distinct requests in a round, so that neither the processor's caches nor its branch predictor know the
/// answer beforehand.
const REQUESTS: usize = 20_000;

/// How long the write-behind of last uses gets between two measurements.
const SETTLE: Duration = Duration::from_secs(5);

/// The promise.
const MOST: Duration = Duration::from_micros(5);

fn main() -> Result<(), Box<dyn Error>> {
    let sizes: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 1_000_000] } else { sizes };
    let runtime = tokio::runtime::Runtime::new()?;
    let mut first: Option<Duration> = None;
    let mut broken = false;
    for keys in sizes {
        let measured = runtime.block_on(measure(keys))?;
        let base = *first.get_or_insert(measured);
        let ratio = measured.as_secs_f64() / base.as_secs_f64();
        println!("{keys} keys: a hit with scopes is {ratio:.2} × that with the fewest keys\n");
        broken |= measured > MOST;
    }
    if broken { Err(format!("a verification took longer than {MOST:?}").into()) } else { Ok(()) }
}

/// Prints what a verification costs with `keys` keys, and answers with the cost of a hit with scopes.
async fn measure(keys: usize) -> Result<Duration, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let database = Database::Sqlite(directory.path().join("bench.db"));
    let engine = Engine::open(EngineOptions::new(database.clone())).await?;
    let team = fill(&engine, keys).await?;
    engine.close().await;
    drop(engine);

    let started = Instant::now();
    let engine = Engine::open(EngineOptions::new(database)).await?;
    println!("{keys} keys: ready in {:.2?}", started.elapsed());

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
    Ok(with_scopes)
}

/// A team with a workspace, scopes and `keys` keys.
async fn fill(engine: &Engine, keys: usize) -> Result<TeamId, Box<dyn Error>> {
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

/// The mean of the best of five rounds: the others were disturbed by something else on the machine.
fn time(
    engine: &Engine,
    team: &TeamId,
    requests: &[VerifyRequest],
    wanted: Verdict,
) -> Result<Duration, Box<dyn Error>> {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        for request in requests {
            if black_box(at_once(engine.verify(team, request))?).status != wanted {
                return Err("an unexpected verdict".into());
            }
        }
        best = best.min(started.elapsed());
    }
    Ok(best / u32::try_from(requests.len())?)
}
