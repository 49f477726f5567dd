//! PostgreSQL: one database, any number of nodes.
//!
//! Writers are one at a time, over all nodes: each locks the row of `head` first, and takes its numbers in the
//! change log from there. What is committed is therefore numbered in the order of commits and without gaps,
//! and a node that has seen number n can rely on having seen all before it. The lock is a row's and not an
//! advisory one because it must be held until the commit is visible, because the number has to be read and
//! written anyway, and because every engine that speaks PostgreSQL has row locks.
//!
//! A writer reads at READ COMMITTED: behind that lock nobody else commits (but last uses, which no rule reads),
//! and a snapshot taken before the wait would be stale. Questions are asked at REPEATABLE READ: one state.
//!
//! Columns are named one by one, never `*`: a newer node that adds a column would otherwise make the prepared
//! statements of the nodes that still run fail.

mod audit;
mod bulk;
mod connections;
mod creates;
mod credit;
mod idempotency;
mod link_tokens;
mod listener;
mod load;
mod migration;
mod pools;
mod read;
mod signing_keys;
mod transaction;
pub(crate) mod transfer;
mod uses;
mod watch;
mod write;

use async_trait::async_trait;
use oneloop_protocol::UnixMillis;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPool;
use tokio::time::timeout;

use super::{ApiKeyRow, NewAudit, Read, Store, StoreError, UsageRow, Write, Written};
use crate::error::{Cause, OpenError};
use crate::index::Revision;
use crate::ledger::{Charge, Charged};
use crate::options::PostgresUrl;
use crate::pepper::Pepper;
use crate::tag::Tag;
use creates::KnownHead;
use listener::Listener;
use pools::Pools;
use transaction::PostgresTransaction;
use watch::Watch;

/// The schema, compiled in.
static MIGRATIONS: Migrator = sqlx::migrate!("src/store/postgres/migrations");

/// Lines of the change log that are forgotten at once.
const FORGET: i64 = 10_000;

/// One PostgreSQL database.
pub(crate) struct PostgresStore {
    pools: Pools,
    watch: Watch,
    listener: Listener,
    known_head: KnownHead,
}

impl PostgresStore {
    /// Connects, and brings the schema up to date. Nodes that start together do that one after the other,
    /// under an advisory lock.
    pub(crate) async fn open(url: &PostgresUrl) -> Result<Self, OpenError> {
        let failed = |cause: Cause| OpenError::Database { database: url.to_string(), cause };
        let options = url.options();
        let pools = Pools::new(&options);
        // At once, so that a wrong URL is noticed at the start.
        let connected = pools.get().writers.acquire().await.map(drop);
        connected.map_err(|error| failed(error.into()))?;
        let migrator = connections::migrator(&options);
        let migrated = MIGRATIONS.run(&migrator).await;
        migrator.close().await;
        migrated.map_err(|error| match error {
            MigrateError::VersionMissing(found) if found > newest() => {
                OpenError::NewerSchema { database: url.to_string(), found, known: newest() }
            }
            error => failed(error.into()),
        })?;
        Ok(Self {
            pools,
            watch: Watch::new(options.clone()),
            listener: Listener::start(&options).map_err(|error| failed(error.into()))?,
            known_head: KnownHead::default(),
        })
    }
}

async fn snapshot(pool: &PgPool) -> Result<Box<dyn Read>, StoreError> {
    let begun = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    Ok(Box::new(PostgresTransaction::reading(begun)))
}

/// The newest schema version this program knows.
fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

#[async_trait]
impl Store for PostgresStore {
    async fn read(&self) -> Result<Box<dyn Read>, StoreError> {
        self.pools.noticed(snapshot(&self.pools.get().readers).await)
    }

    async fn read_to_follow(&self) -> Result<Box<dyn Read>, StoreError> {
        self.pools.noticed(snapshot(&self.pools.get().follower).await)
    }

    async fn write(&self) -> Result<Box<dyn Write>, StoreError> {
        let writers = self.pools.get().writers;
        let begun = writers.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await;
        let begun = self.pools.noticed(begun.map_err(StoreError::from))?;
        Ok(Box::new(PostgresTransaction::writing(begun).await?))
    }

    async fn add_keys_behind(
        &self,
        end: Revision,
        keys: &[ApiKeyRow],
        audit: &[NewAudit],
        pepper: &Pepper,
    ) -> Result<Written, StoreError> {
        let own_word = self.listener.own_word();
        let creators = self.pools.get().creators;
        let added = self.known_head.add_keys(&creators, end, keys, audit, pepper, own_word);
        self.pools.noticed(added.await)
    }

    async fn is_half_copied(&self) -> Result<bool, StoreError> {
        let some = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM copy_progress)");
        Ok(some.fetch_one(&self.pools.get().readers).await?)
    }

    async fn has_news(&self) -> Result<bool, StoreError> {
        self.watch.has_news().await
    }

    async fn hint(&self) {
        self.listener.hint().await;
    }

    async fn note_uses(&self, uses: &[(u128, UnixMillis)]) -> Result<(), StoreError> {
        self.pools.noticed(uses::note_last(&self.pools.get().writers, uses).await)
    }

    async fn note_replaced_uses(&self, uses: &[(Tag, UnixMillis)]) -> Result<(), StoreError> {
        let writers = self.pools.get().writers;
        self.pools.noticed(uses::note_last_of_replaced(&writers, uses).await)
    }

    async fn note_usage(&self, counts: &[UsageRow]) -> Result<(), StoreError> {
        self.pools.noticed(uses::note_counts(&self.pools.get().writers, counts).await)
    }

    async fn forget_changes(&self, keep: u32) -> Result<u64, StoreError> {
        let keep = i64::from(keep.max(1));
        let lines: i64 = sqlx::query_scalar(
            "SELECT change + 1 - coalesce((SELECT min(seq) FROM change_log), change + 1) FROM head",
        )
        .fetch_one(&self.pools.get().readers)
        .await?;
        if lines <= keep + keep / 10 {
            return Ok(0);
        }
        // Lines that another node is forgetting are left to it.
        let forgotten = sqlx::query(
            "DELETE FROM change_log WHERE seq IN
                 (SELECT seq FROM change_log WHERE seq <= (SELECT change FROM head) - $1
                  ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED)",
        )
        .bind(keep)
        .bind(FORGET)
        .execute(&self.pools.get().writers)
        .await?;
        Ok(forgotten.rows_affected())
    }

    async fn charge(&self, charges: &[Charge]) -> Result<Vec<Charged>, StoreError> {
        self.pools.noticed(credit::charge(&self.pools.get().writers, charges).await)
    }

    async fn close(&self) {
        let closing =
            async { tokio::join!(self.watch.close(), self.listener.close(), self.pools.close()) };
        // Ignored: a server that has vanished goes along with none of it, and has nothing to be told.
        let _ = timeout(connections::BUSY, closing).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use oneloop_protocol::Verdict;
    use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

    use super::*;
    use crate::ledger::Target;
    use crate::store::IdempotencyRow;
    use crate::store::conformance::{self, Factory, plans};
    use crate::store::key_query::build;

    /// A database of its own, on the server that the environment names. Dropped with the server, which lasts
    /// as long as the tests, or when the next run on a longer-lived one makes it anew.
    struct OnServer(PostgresUrl);

    fn server() -> String {
        std::env::var("ONELOOP_TEST_POSTGRES_URL").expect(
            "ONELOOP_TEST_POSTGRES_URL names no PostgreSQL: run `npm test`, or \
             `node scripts/with-databases.mjs cargo test …`",
        )
    }

    impl OnServer {
        fn new() -> Self {
            static MADE: AtomicU32 = AtomicU32::new(0);
            let made = MADE.fetch_add(1, Ordering::Relaxed);
            let name = format!("oneloop_conformance_{}_{made}", std::process::id());
            let server = server();
            let (place, _) = server.rsplit_once('/').expect("a URL with a database");
            let url = format!("{place}/{name}").parse().expect("a URL");
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    let mut connection =
                        PgConnection::connect(&server).await.expect("the server answers");
                    for statement in [
                        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                        format!("CREATE DATABASE {name}"),
                    ] {
                        connection.execute(AssertSqlSafe(statement)).await.expect("is done");
                    }
                });
            });
            Self(url)
        }
    }

    impl Factory for OnServer {
        async fn open(&self) -> Box<dyn Store> {
            Box::new(PostgresStore::open(&self.0).await.expect("opens"))
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres_conforms() {
        conformance::run(OnServer::new).await;
    }

    /// What is forgotten behind a charge or a count is not theirs: told of a failure, the caller would do both again.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_done_is_not_undone_by_what_cannot_be_forgotten() {
        let store = PostgresStore::open(&OnServer::new().0).await.expect("opens");
        for table in ["key_usage", "idempotent_answer"] {
            let refuse = format!(
                "CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql
                 AS 'BEGIN RAISE EXCEPTION ''refused''; END';
                 CREATE TRIGGER refuse BEFORE DELETE ON {table}
                 FOR EACH STATEMENT EXECUTE FUNCTION refuse_{table}()"
            );
            sqlx::raw_sql(AssertSqlSafe(refuse))
                .execute(&store.pools.get().writers)
                .await
                .expect("is made");
        }
        let counts =
            UsageRow { key: 1, day: 500, route: String::new(), verdict: Verdict::Valid, count: 2 };
        store.note_usage(std::slice::from_ref(&counts)).await.expect("adds");
        let read = store.read().await.expect("reads").usage(1, 500, 500).await;
        assert_eq!(read.expect("reads"), [counts]);

        let once = IdempotencyRow {
            tag: [1; 32],
            fingerprint: [1; 32],
            answer: Vec::new(),
            expires_at: i64::MAX,
        };
        let charge = Charge {
            team: 1,
            workspace: 1,
            meter: Target::None,
            amount: 3.into(),
            name: "default".to_owned(),
            day: 500,
            counter: None,
            may_be_denied: false,
            once: Some(Box::new(once)),
        };
        let charged = store.charge(std::slice::from_ref(&charge)).await.expect("charges");
        assert!(charged[0].before.is_none());
        let again = store.charge(&[charge]).await.expect("charges");
        assert!(again[0].before.is_some(), "the first one is made");
    }

    /// No table is read from end to end, whatever is asked of the key list. On a small table PostgreSQL would, so it is
    /// told to avoid that where it can: a plan that still does has no index to go by.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_key_list_goes_along_an_index() {
        let store = PostgresStore::open(&OnServer::new().0).await.expect("opens");
        let mut connection = store.pools.get().readers.acquire().await.expect("a connection");
        let avoid = "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off";
        connection.execute(avoid).await.expect("is set");
        for (name, ordered, plan) in plans_of(&mut connection, false).await {
            assert!(plan.contains("using api_key_by_"), "{name}:\n{plan}");
            assert!(plan.contains("workspace = "), "{name}:\n{plan}");
            assert!(!plan.contains("Seq Scan on api_key"), "{name}:\n{plan}");
            assert!(!(ordered && plan.contains("Sort Key")), "{name}:\n{plan}");
        }
    }

    /// Where its statistics say that a customer has few of many keys.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_key_list_of_a_customer_looks_at_no_others_keys() {
        let place = OnServer::new();
        plans::fill(&place).await;
        let store = PostgresStore::open(&place.0).await.expect("opens");
        let mut connection = store.pools.get().writers.acquire().await.expect("a connection");
        connection.execute("ANALYZE api_key").await.expect("is analysed");
        for (name, _, plan) in plans_of(&mut connection, true).await {
            let by_owner = plan.lines().any(|line| {
                line.trim_start().starts_with("Index Cond") && line.contains("customer_id = ")
            });
            assert!(by_owner, "{name}:\n{plan}");
        }
    }

    /// What is asked, whether an index has the order, and how it would be answered.
    async fn plans_of(
        connection: &mut PgConnection,
        of_customer: bool,
    ) -> Vec<(String, bool, String)> {
        let mut plans = Vec::new();
        for question in plans::questions(&read::DIALECT, "EXPLAIN ") {
            if question.of_customer != of_customer {
                continue;
            }
            let mut asked = build!(question.parts);
            let rows = asked.build().fetch_all(&mut *connection).await.expect("a plan");
            let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            plans.push((question.name, question.ordered, plan.join("\n")));
        }
        plans
    }
}
