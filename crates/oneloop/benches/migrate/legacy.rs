//! The rows that are brought along, as a CSV file and as a table of PostgreSQL, and the mapping of both.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use oneloop_protocol::migration::Hex32;
use sqlx::postgres::PgPoolCopyExt as _;
use sqlx::{AssertSqlSafe, PgPool};

use crate::Result;

const HEADER: &str = "id,name,user_id,key_hash,scopes,created_at,expires_at,revoked_at";

const TABLE: &str = "access_tokens";

/// Rows that go to PostgreSQL in one piece.
const PIECE: u64 = 10_000;

/// Where rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Csv,
    Postgres,
}

impl Source {
    pub(crate) const ALL: [Self; 2] = [Self::Csv, Self::Postgres];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The key of a row.
pub(crate) fn key(row: u64) -> String {
    let hash = Hex32::sha256(format!("row {row}").as_bytes()).to_string();
    format!("old_{}", &hash[..32])
}

/// A row as legacy tables have them: SHA-256 of the key, two words of permissions, some rows expired, some revoked.
fn line(out: &mut String, row: u64) -> Result {
    let hash = Hex32::sha256(key(row).as_bytes());
    let scopes = if row.is_multiple_of(3) { "read write" } else { "read" };
    let expires = if row.is_multiple_of(5) { "1710000000" } else { "" };
    let revoked = if row.is_multiple_of(7) { "1720000000" } else { "" };
    let (user, created) = (row % 5_000, 1_600_000_000 + row % 3_000_000 * 60);
    Ok(writeln!(out, "{row},Key {row},user-{user},{hash},{scopes},{created},{expires},{revoked}")?)
}

/// Writes `rows`, numbered from 1 on.
pub(crate) fn write_csv(path: &Path, rows: u64) -> Result {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "{HEADER}")?;
    let mut text = String::new();
    for row in 1..=rows {
        text.clear();
        line(&mut text, row)?;
        file.write_all(text.as_bytes())?;
    }
    Ok(file.flush()?)
}

/// Makes the table and fills it with the same rows.
pub(crate) async fn fill_table(pool: &PgPool, rows: u64) -> Result {
    let create = format!(
        "CREATE TABLE {TABLE} (id bigint PRIMARY KEY, name text, user_id text, key_hash text, scopes text, \
         created_at bigint, expires_at bigint, revoked_at bigint)"
    );
    sqlx::raw_sql(AssertSqlSafe(create)).execute(pool).await?;
    let mut copy = pool.copy_in_raw(&format!("COPY {TABLE} FROM STDIN (FORMAT csv)")).await?;
    for first in (1..=rows).step_by(PIECE as usize) {
        let mut text = String::new();
        for row in first..(first + PIECE).min(rows + 1) {
            line(&mut text, row)?;
        }
        copy.send(text.into_bytes()).await?;
    }
    copy.finish().await?;
    sqlx::raw_sql(AssertSqlSafe(format!("ANALYZE {TABLE}"))).execute(pool).await?;
    Ok(())
}

/// Writes `migration.toml`: the mapping that `init` would write, with its permissions filled in.
pub(crate) fn write_mapping(
    path: &Path,
    source: Source,
    location: &str,
    workspace: &str,
) -> Result {
    let (kind, table) = match source {
        Source::Csv => ("csv", String::new()),
        Source::Postgres => ("postgres", format!("table = \"{TABLE}\"\n")),
    };
    let text = format!(
        "version = 1\n[source]\nkind = \"{kind}\"\nlocation = \"{location}\"\n{table}\
         [target]\nworkspace = \"{workspace}\"\n[columns]\nid = \"{{id}}\"\nkey = \"key_hash\"\n\
         name = \"{{name}}\"\nowner = \"{{user_id}}\"\n\
         created = {{ column = \"created_at\", format = \"unix-s\" }}\n\
         expires = {{ column = \"expires_at\", format = \"unix-s\" }}\n\
         revoked = {{ column = \"revoked_at\", set = true }}\n\
         permissions = {{ column = \"scopes\", format = \"space\" }}\n[recipe]\nalgorithm = \"sha256\"\n\
         [permissions]\nread = {{ deployments = \"read\" }}\nwrite = {{ deployments = \"create+update\" }}\n"
    );
    Ok(fs::write(path, text)?)
}
