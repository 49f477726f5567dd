//! The table that is read: one key a row, hashed with SHA-256, as most tables of keys are.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use oneloop_migrate::mapping::Mapping;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::Result;

const TABLE: &str = "oneloop_bench_plan";

/// The mapping of that table.
pub(crate) fn mapping(kind: &str, location: &str) -> Result<Mapping> {
    let table = if kind == "csv" { String::new() } else { format!("table = \"{TABLE}\"\n") };
    let text = format!(
        "version = 1\n[source]\nkind = \"{kind}\"\nlocation = \"{location}\"\n{table}\
         [target]\nworkspace = \"ws_1\"\n[columns]\nid = \"{{id}}\"\nkey = \"key_hash\"\nname = \"{{name}}\"\n\
         owner = \"{{user_id}}\"\ncreated = {{ column = \"created_at\" }}\n\
         permissions = {{ column = \"scopes\", format = \"space\" }}\n[recipe]\nalgorithm = \"sha256\"\n\
         [permissions]\nread = {{ deployments = \"read\" }}\nwrite = {{ deployments = \"create+update\" }}\n"
    );
    Ok(Mapping::parse(&text)?)
}

pub(crate) fn write_csv(path: &Path, rows: u64) -> Result {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "id,user_id,name,key_hash,scopes,created_at")?;
    for id in 0..rows {
        let user = id % 5_000;
        // Any 64 digits are a digest; that they are different is all that matters.
        writeln!(file, "{id},user-{user},Key {id},{id:064x},read write,2024-05-06 07:08:09+00")?;
    }
    Ok(file.flush()?)
}

pub(crate) async fn write_postgres(url: &str, rows: u64) -> Result {
    let mut connection = PgConnection::connect(url).await?;
    let sql = format!(
        "DROP TABLE IF EXISTS {TABLE}; \
         CREATE TABLE {TABLE} (id bigint PRIMARY KEY, user_id text, name text, key_hash text, scopes text, \
                               created_at timestamptz); \
         INSERT INTO {TABLE} SELECT i, 'user-' || i % 5000, 'Key ' || i, lpad(to_hex(i), 64, '0'), 'read write', \
                                    '2024-05-06 07:08:09+00' FROM generate_series(0, {rows} - 1) AS i; \
         ANALYZE {TABLE}"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

pub(crate) async fn drop_postgres(url: &str) -> Result {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE {TABLE}"))).execute(&mut connection).await?;
    Ok(connection.close().await?)
}
