//! Databases of one's own on the server that the environment names.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A new PostgreSQL database; its URL. `name` is whose it is: no two tests of a run have the same.
pub(crate) fn postgres_database(name: &str) -> String {
    let maintenance = std::env::var("ONELOOP_TEST_POSTGRES_URL").expect(
        "ONELOOP_TEST_POSTGRES_URL names no PostgreSQL: run `npm test`, or \
         `node scripts/with-databases.mjs cargo test …`",
    );
    let (place, _) = maintenance.rsplit_once('/').expect("a URL with a database");
    let name = format!("oneloop_{name}_{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut server = PgConnection::connect(&maintenance).await.expect("answers");
        for statement in
            [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")]
        {
            server.execute(AssertSqlSafe(statement)).await.expect("is done");
        }
    });
    format!("{place}/{name}")
}
