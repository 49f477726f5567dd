//! kill -9 at random instants, of the command line, of the server, of both: what is there in the end is what would be
//! there if nothing had happened.
//!
//! On both databases, with keys that are native at once and with keys whose salted hash is tried. `ONELOOP_CRASHES` says
//! how often for each (10 times and fewer when absent; a nightly run has 200), `ONELOOP_CRASH_SEED` where the random
//! instants begin.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Migration, Stored, key, postgres_database, wait_for};

/// Keys in the table.
const ROWS: usize = 400;

/// Rows in a chunk: so few that most instants lie between two chunks of a job.
const CHUNK: &str = "10";

/// SplitMix64: enough to choose instants with.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect(variable))
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Apply,
    RollBack,
}

impl Phase {
    fn start(self, migration: &Migration) -> Child {
        let args: &[&str] = match self {
            Self::Apply => &["apply", "--plan", "plan.json", "--chunk-rows", CHUNK],
            Self::RollBack => &["rollback", "--yes"],
        };
        let mut command = migration.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
    }

    /// Whether the server has it all, and nothing else.
    fn is_done(self, migration: &Migration) -> bool {
        let jobs = migration.run(&["status", "--json"]).json()["migrations"].clone();
        let state = |job: &Value| job["state"].as_str().expect("a state").to_owned();
        let live: Vec<String> = jobs
            .as_array()
            .expect("jobs")
            .iter()
            .map(state)
            .filter(|it| it != "rolled_back")
            .collect();
        match self {
            Self::Apply => live == ["finished"],
            Self::RollBack => live.is_empty(),
        }
    }

    #[track_caller]
    fn check(self, migration: &Migration) {
        let keys = migration.keys();
        if self == Self::RollBack {
            assert_eq!(keys, Vec::<Value>::new(), "a rollback leaves no orphan");
            return;
        }
        assert_eq!(keys.len(), ROWS, "no key is missing, and none is there twice");
        let here: BTreeMap<String, &Value> = keys
            .iter()
            .map(|key| (key["name"].as_str().expect("a name").to_owned(), key))
            .collect();
        let lines = migration.lines("outcomes.ndjson");
        assert_eq!(lines.len(), ROWS);
        for (row, line) in (1..=ROWS).zip(&lines) {
            let found =
                here.get(&format!("Key {row}")).unwrap_or_else(|| panic!("row {row} is missing"));
            assert_eq!(found["customerId"], format!("customer-{}", row % 10));
            assert_eq!(found["enabled"], !row.is_multiple_of(7));
            let expires = row.is_multiple_of(5).then_some(1_710_000_000_000_u64);
            assert_eq!(found["expiresAt"], json!(expires));
            assert_eq!((&line["code"], &line["apiKeyId"]), (&json!("created"), &found["id"]));
        }
        assert_eq!(migration.verdict(&key(1))["status"], "VALID");
        assert_eq!(migration.run(&["reconcile", "--json"]).json()["reconciled"], true);
    }
}

#[test]
fn killed_at_any_instant_it_ends_as_if_nothing_had_happened() {
    kill_again_and_again(Migration::of(ROWS), 10);
}

#[test]
fn killed_on_postgres_it_ends_as_if_nothing_had_happened() {
    let database = postgres_database("crash");
    kill_again_and_again(Migration::between(Stored::Digest, &database, ROWS), 3);
}

#[test]
fn killed_with_salted_rows_it_ends_as_if_nothing_had_happened() {
    kill_again_and_again(Migration::between(Stored::Salted, "sqlite:oneloop.db", ROWS), 3);
}

#[test]
fn killed_on_postgres_with_salted_rows_it_ends_as_if_nothing_had_happened() {
    let database = postgres_database("crash_salted");
    kill_again_and_again(Migration::between(Stored::Salted, &database, ROWS), 3);
}

/// Applies and rolls back by turns, killed so often.
fn kill_again_and_again(mut migration: Migration, kills: u64) {
    let (mut kills, seed) = (number("ONELOOP_CRASHES", kills), number("ONELOOP_CRASH_SEED", 1));
    let mut random = Random(seed);
    migration.plan();
    let mut phase = Phase::Apply;
    let mut child = None;
    // About as long as it takes: learnt from how long it took.
    let mut longest = 300;
    let mut log = vec![format!("seed {seed}")];
    loop {
        let running = child.get_or_insert_with(|| phase.start(&migration));
        if kills > 0 {
            let instant = random.below(longest);
            sleep(Duration::from_millis(instant));
            if running.try_wait().expect("our child").is_none() {
                kills -= 1;
                let whom = random.below(3);
                log.push(format!("{phase:?}, {instant} ms: {whom}"));
                if whom != 1 {
                    running.kill().expect("our child");
                    running.wait().expect("our child");
                    child = None;
                }
                if whom != 0 {
                    migration.restart();
                }
                longest += 100;
                continue;
            }
            longest = (longest * 3 / 4).max(50);
        }
        let ended = wait_for(|| running.try_wait().expect("our child"));
        child = None;
        // While its server was down, it may have given up. Then it is run again, as a person would.
        if !phase.is_done(&migration) {
            log.push(format!("{phase:?} ended with {ended}"));
            assert!(log.len() < 1_000, "it never ends: {log:?}");
            continue;
        }
        if phase == Phase::Apply {
            // Once more, undisturbed: the file of outcomes is whole, whenever the last one was killed.
            assert_eq!(migration.apply(&["--chunk-rows", CHUNK]).code, Some(0), "{log:?}");
        }
        log.push(format!("{phase:?} is done"));
        phase.check(&migration);
        phase = if phase == Phase::Apply { Phase::RollBack } else { Phase::Apply };
        if kills == 0 {
            break;
        }
    }
}
