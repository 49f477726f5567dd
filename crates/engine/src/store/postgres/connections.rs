//! How a node connects: few connections, each told what matters to us.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Connections for turns, charges, and last uses and counts.
pub(super) fn writers(options: &PgConnectOptions, dead: &Arc<AtomicBool>) -> PgPool {
    watched(WRITERS, SESSION, dead).connect_lazy_with(options.clone())
}

/// Two connections for one statement, which is long and always the same: a plan made for each new key, because it would
/// suit that number of keys better, takes longer than the statement.
pub(super) fn creators(options: &PgConnectOptions, dead: &Arc<AtomicBool>) -> PgPool {
    watched(CREATORS, SESSION_WITH_ONE_PLAN, dead).connect_lazy_with(options.clone())
}

/// Connections for questions.
pub(super) fn readers(options: &PgConnectOptions, dead: &Arc<AtomicBool>) -> PgPool {
    watched(READERS, SESSION, dead).connect_lazy_with(options.clone())
}

/// One connection to follow the change log on.
pub(super) fn follower(options: &PgConnectOptions, dead: &Arc<AtomicBool>) -> PgPool {
    watched(1, SESSION, dead).connect_lazy_with(options.clone())
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
    PgPoolOptions::new().max_connections(connections).acquire_timeout(BUSY).after_connect(
        move |connection, _| Box::pin(async move { connection.execute(session).await.map(|_| ()) }),
    )
}

/// A pool that says by `dead` when the server of one of its connections has vanished.
fn watched(connections: u32, session: &'static str, dead: &Arc<AtomicBool>) -> PgPoolOptions {
    let dead = Arc::clone(dead);
    pool(connections, session)
        // Before use: a server that was restarted costs nobody a failed request. But not while it is in use all the
        // time, because each test is a question more for every request.
        .test_before_acquire(false)
        .before_acquire(move |connection, metadata| {
            let dead = Arc::clone(&dead);
            Box::pin(async move {
                if metadata.idle_for < RESTART {
                    return Ok(true);
                }
                match timeout(GONE, connection.ping()).await {
                    Ok(answer) => answer.map(|()| true),
                    // An error, so that it is dropped and not closed in good order: that would wait as well.
                    Err(late) => {
                        dead.store(true, Ordering::Relaxed);
                        Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late)))
                    }
                }
            })
        })
}
