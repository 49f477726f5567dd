//! What recipes of migrated keys cost at verify: nothing for native keys, and for a key that is not known natively a
//! bounded time for each recipe that is tried.
//!
//! `cargo bench -p oneloop-engine --bench recipes`. The program fails if a native key takes more than a tenth longer
//! with sixteen recipes than with none.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::error::Error;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use oneloop_engine::{Actor, Database, Engine, EngineOptions};
use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::migration::{Base64Bytes, Conflict, CreateMigration, Hex32, MigrationRow};
use oneloop_protocol::{CreateWorkspace, Secret, TeamId, Verdict, VerifyRequest, WorkspaceId};
use serde_json::json;
use tempfile::TempDir;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Verifications in a round.
const REQUESTS: usize = 20_000;

/// As many as a team may have.
const RECIPES: usize = 16;

/// bcrypt with a cost of 10, the default of most libraries; no key is known that has it.
const BCRYPT: &[u8] = b"$2b$10$RJb4UWb/1EjBFqUY6j5q5e...............................";

fn main() -> Result {
    // `cargo test --benches` runs this too, without `--bench`: there is nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    tokio::runtime::Runtime::new()?.block_on(measure())
}

struct Bench {
    engine: Engine,
    actor: Actor,
    team: TeamId,
    workspace: WorkspaceId,
    jobs: u8,
    /// Gone with it.
    _directory: TempDir,
}

async fn measure() -> Result {
    let mut bench = Bench::open().await?;

    let native = requests("native");
    let rows = native.iter().zip(1..).map(|(request, row)| MigrationRow {
        digest: Some(Hex32(*KeyDigest::of(request.key.expose()).as_bytes())),
        ..row_of(row)
    });
    for rows in rows.collect::<Vec<_>>().chunks(10_000) {
        bench.import(None, None, rows.to_vec()).await?;
    }
    let unknown = requests("unknown");

    let none = bench.time(&native, Verdict::Valid)?;
    let miss = bench.time(&unknown, Verdict::Invalid)?;
    println!("no recipe: a native key {none:?}, an unknown one {miss:?}");
    let mut made = 0;
    for wanted in [1, 4, RECIPES] {
        while made < wanted {
            // Different recipes of one cost.
            let recipe = format!("algorithm = \"sha512\", salt = \"fixed:{made}\"");
            let row = MigrationRow {
                recipe_digest: Some("ab".repeat(64).parse()?),
                identity: Some(Hex32([made as u8; 32])),
                ..row_of(1)
            };
            bench.import(Some(&recipe), None, vec![row]).await?;
            made += 1;
        }
        let hit = bench.time(&native, Verdict::Valid)?;
        let tried = bench.time(&unknown, Verdict::Invalid)?;
        let each = (tried.saturating_sub(miss)) / u32::try_from(wanted)?;
        println!(
            "{wanted} recipes: a native key {hit:?}, an unknown one {tried:?}: {each:?} a recipe"
        );
        if wanted == RECIPES {
            let ratio = hit.as_secs_f64() / none.as_secs_f64();
            println!("ratio native: with {wanted} recipes to none {ratio:.2}");
            if ratio > 1.1 {
                return Err("native keys pay for recipes".into());
            }
        }
    }
    bench.engine.close().await;
    slow().await
}

/// A key under bcrypt: what trying it costs once, and what it costs afterwards.
async fn slow() -> Result {
    let mut bench = Bench::open().await?;
    let row = MigrationRow {
        stored: Some(Base64Bytes(BCRYPT.to_vec())),
        locator: Some("ak_live_Zk3v".to_owned()),
        identity: Some(Hex32([1; 32])),
        ..row_of(1)
    };
    bench.import(Some("algorithm = \"bcrypt\""), Some("first:12"), vec![row]).await?;
    // Fewer than a locator may be tried with in a minute.
    let mut took = Vec::new();
    for guess in 0..10 {
        let request = VerifyRequest {
            key: Secret::new(format!("ak_live_Zk3v-guess-{guess}")),
            ..VerifyRequest::default()
        };
        let begun = Instant::now();
        let verdict = bench.engine.verify(&bench.team, &request).await?.status;
        took.push(begun.elapsed());
        if verdict != Verdict::Invalid {
            return Err("a guess was right".into());
        }
    }
    took.sort_unstable();
    println!("bcrypt, cost 10: a key that its locator leads to is tried in {:?}", took[5]);
    bench.engine.close().await;
    Ok(())
}

impl Bench {
    /// A team with a workspace, in a database of its own.
    async fn open() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let database = Database::Sqlite(directory.path().join("bench.db"));
        let engine = Engine::open(EngineOptions::new(database)).await?;
        let team = engine.create_team(&Actor::operator(), "Bench").await?.id;
        let actor = Actor { team: Some(team.clone()), ..Actor::operator() };
        let body = CreateWorkspace { name: "Bench".to_owned() };
        let workspace = engine.create_workspace(&actor, &body).await?.id;
        Ok(Self { engine, actor, team, workspace, jobs: 0, _directory: directory })
    }

    async fn import(
        &mut self,
        recipe: Option<&str>,
        locator: Option<&str>,
        rows: Vec<MigrationRow>,
    ) -> Result {
        self.jobs += 1;
        let body = CreateMigration {
            workspace_id: self.workspace.clone(),
            plan_digest: Hex32([self.jobs; 32]),
            rows: rows.len() as u64,
            conflict: Conflict::Skip,
            recipe: recipe.map(str::to_owned),
            locator: locator.map(str::to_owned),
            proof_waived_by: None,
        };
        let job = self.engine.create_migration(&self.actor, &body).await?;
        let (digest, count) = (Hex32([self.jobs; 32]), rows.len() as u64);
        let taken = self.engine.import_chunk(&self.actor, &job.id, 1, digest, rows).await?;
        if taken.counts.created == count { Ok(()) } else { Err(format!("{taken:?}").into()) }
    }

    /// The mean of the best of five rounds: the others were disturbed by something else on the machine.
    fn time(&self, requests: &[VerifyRequest], wanted: Verdict) -> Result<Duration> {
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let started = Instant::now();
            for request in requests {
                let verified = at_once(self.engine.verify(&self.team, request))?;
                if black_box(verified).status != wanted {
                    return Err("an unexpected verdict".into());
                }
            }
            best = best.min(started.elapsed());
        }
        Ok(best / u32::try_from(requests.len())?)
    }
}

fn row_of(row: u64) -> MigrationRow {
    let plain = json!({ "row": row, "name": "bench", "customerId": "bench" });
    // Every field but these has a default.
    serde_json::from_value(plain).unwrap_or_else(|error| unreachable!("{error}"))
}

fn requests(kind: &str) -> Vec<VerifyRequest> {
    let request = |at| VerifyRequest {
        key: Secret::new(format!("{kind}_{at:043}")),
        ..VerifyRequest::default()
    };
    (0..REQUESTS).map(request).collect()
}

/// The value of a future that has nothing to wait for.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing here is tried against rows or spends credit"),
    }
}
