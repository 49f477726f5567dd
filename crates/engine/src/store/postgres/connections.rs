//! How a node connects: few connections, each told what matters to us.

use std::io;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::time::timeout;

/// How long to wait for a connection, or for other nodes to finish writing.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Connections to write with: one for the engine's turn, one for charges, one for last uses and counts.
const WRITERS: u32 = 3;

/// Connections to add keys with: one statement at a time, and one that is looked after in between.
const CREATORS: u32 = 2;

/// Connections for questions.
const READERS: u32 = 8;

/// A server that says nothing for so long is taken for gone. One that was only busy costs a new connection.
const GONE: Duration = Duration::from_secs(2);

/// No server is back sooner than this after it was stopped.
const RESTART: Duration = Duration::from_millis(100);

/// What every connection is told.
///
/// `lock_timeout`: as long as [`BUSY`], as on SQLite. `idle_in_transaction_session_timeout` and the keepalives: a
/// node that hangs or vanishes with the lock in its hand must not stop the others for long.
/// `synchronous_commit`: an acknowledged write is on the disk; a server that is set to more than that stays so.
/// `client_min_messages`: "the table is there already" is no news to anybody.
macro_rules! session {
    () => {
        "
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '30s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3;
    SET client_min_messages = warning;
    SELECT set_config('synchronous_commit', 'on', false)
     WHERE current_setting('synchronous_commit') = 'off';
"
    };
}

/// What every connection is told, see above.
const SESSION: &str = session!();

/// The same, and one plan for each statement. A server that does not know the setting makes its plans as it always did.
const SESSION_WITH_ONE_PLAN: &str = concat!(
    session!(),
    "SELECT set_config(name, 'force_generic_plan', false) FROM pg_settings
      WHERE name = 'plan_cache_mode';"
);

/// The same, and it waits for a lock for as long as a change of the schema may take.
const SESSION_WITH_PATIENCE: &str = concat!(session!(), "SET lock_timeout = '30min';");

/// Connects at once, so that a wrong URL is noticed at the start.
pub(super) async fn writers(options: &PgConnectOptions) -> Result<PgPool, sqlx::Error> {
    pool(WRITERS, SESSION).connect_with(options.clone()).await
}

/// Two connections for one statement, which is long and always the same: a plan made for each new key, because it would
/// suit that number of keys better, takes longer than the statement.
pub(super) fn creators(options: &PgConnectOptions) -> PgPool {
    pool(CREATORS, SESSION_WITH_ONE_PLAN).connect_lazy_with(options.clone())
}

/// Connects when there are questions.
pub(super) fn readers(options: &PgConnectOptions) -> PgPool {
    pool(READERS, SESSION).connect_lazy_with(options.clone())
}

/// One connection to follow the change log on.
pub(super) fn follower(options: &PgConnectOptions) -> PgPool {
    pool(1, SESSION).connect_lazy_with(options.clone())
}

/// One connection to listen on.
pub(super) fn listener(options: &PgConnectOptions) -> PgPool {
    pool(1, SESSION).connect_lazy_with(options.clone())
}

/// One connection to bring the schema up to date on: nodes that start together wait for the one that does it, and
/// an index of some million keys takes minutes.
pub(super) fn migrator(options: &PgConnectOptions) -> PgPool {
    pool(1, SESSION_WITH_PATIENCE).connect_lazy_with(options.clone())
}

/// One connection outside of any pool.
pub(super) async fn single(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.execute(SESSION).await?;
    Ok(connection)
}

fn pool(connections: u32, session: &'static str) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY)
        // Before use: a server that was restarted costs nobody a failed request. But not while it is in use all the
        // time, because each test is a question more for every request.
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for >= RESTART {
                    ping(connection).await?;
                }
                Ok(true)
            })
        })
        // Whoever waited may have given up in the middle of an answer, because the server has vanished. Without an end,
        // waiting for the rest of it would keep the connection's place in the pool for ever.
        .after_release(|connection, _| {
            Box::pin(async move { ping(connection).await.map(|()| true) })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(session).await.map(|_| ()) })
        })
}

/// Whether the server is still there. An error where it says nothing: then the connection is dropped and not closed in good
/// order, which would wait as well.
async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let late = |late| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late));
    timeout(GONE, connection.ping()).await.map_err(late)?
}
