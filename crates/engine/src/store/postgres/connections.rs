//! How a node connects: few connections, each told what matters to us.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Executor};

/// How long to wait for a connection, or for other nodes to finish writing.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Connections to write with: one for the engine's turn, one for charges, one for last uses and counts.
const WRITERS: u32 = 3;

/// Connections for questions.
const READERS: u32 = 8;

/// What every connection is told.
///
/// `lock_timeout`: as long as [`BUSY`], as on SQLite. `idle_in_transaction_session_timeout` and the keepalives: a
/// node that hangs or vanishes with the lock in its hand must not stop the others for long.
/// `synchronous_commit`: an acknowledged write is on the disk; a server that is set to more than that stays so.
/// `client_min_messages`: "the table is there already" is no news to anybody.
const SESSION: &str = "
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '30s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3;
    SET client_min_messages = warning;
    SELECT set_config('synchronous_commit', 'on', false)
     WHERE current_setting('synchronous_commit') = 'off';
";

/// Connects at once, so that a wrong URL is noticed at the start.
pub(super) async fn writers(options: &PgConnectOptions) -> Result<PgPool, sqlx::Error> {
    pool(WRITERS).connect_with(options.clone()).await
}

/// Connects when there are questions.
pub(super) fn readers(options: &PgConnectOptions) -> PgPool {
    pool(READERS).connect_lazy_with(options.clone())
}

/// One connection to listen on.
pub(super) fn listener(options: &PgConnectOptions) -> PgPool {
    pool(1).connect_lazy_with(options.clone())
}

/// One connection outside of any pool.
pub(super) async fn single(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.execute(SESSION).await?;
    Ok(connection)
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY)
        // Before each use: a server that was restarted costs nobody a failed request.
        .test_before_acquire(true)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(SESSION).await.map(|_| ()) })
        })
}
