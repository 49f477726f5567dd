//! The yardstick: the rows that an import wrote, written once more into a table of the same shape by the quickest way
//! that the database has, with nothing around it.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use sqlx::postgres::PgPoolCopyExt as _;
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use crate::Result;

/// Rows in a transaction of SQLite: as many as the import writes at once.
const ROWS: usize = 10_000;

/// Bytes of a COPY that are sent at once.
const PIECE: usize = 1024 * 1024;

/// The tables that take part: keys, and what they refer to.
const TABLES: [&str; 3] = ["team", "workspace", "api_key"];

/// SQLite: one prepared INSERT, a transaction every [`ROWS`] rows, in a file with the settings of the server's. Reading the
/// rows is outside of the clock.
pub(crate) fn sqlite(imported: &Path, copy: &Path) -> Result<Duration> {
    let from = Connection::open(imported)?;
    let to = Connection::open(copy)?;
    to.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -73728; PRAGMA wal_autocheckpoint = 64000;",
    )?;
    to.execute("ATTACH ?1 AS imported", [imported.to_string_lossy()])?;
    for table in TABLES {
        let mut shape = from.prepare(
            "SELECT sql FROM sqlite_master WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type = 'index'",
        )?;
        for sql in shape.query_map([table], |row| row.get::<_, String>(0))? {
            to.execute_batch(&sql?)?;
        }
        if table != "api_key" {
            to.execute_batch(&format!("INSERT INTO {table} SELECT * FROM imported.{table}"))?;
        }
    }
    to.execute_batch("DETACH imported")?;

    let mut rows = from.prepare("SELECT * FROM api_key ORDER BY rowid")?;
    let columns = rows.column_count();
    let places = vec!["?"; columns].join(", ");
    let mut insert = to.prepare(&format!("INSERT INTO api_key VALUES ({places})"))?;
    let mut rows = rows.query([])?;
    let mut took = Duration::ZERO;
    loop {
        let mut piece: Vec<Vec<Value>> = Vec::with_capacity(ROWS);
        while piece.len() < ROWS {
            let Some(row) = rows.next()? else { break };
            piece.push((0..columns).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?);
        }
        if piece.is_empty() {
            return Ok(took);
        }
        let begun = Instant::now();
        to.execute_batch("BEGIN IMMEDIATE")?;
        for row in &piece {
            insert.execute(params_from_iter(row))?;
        }
        to.execute_batch("COMMIT")?;
        took += begun.elapsed();
    }
}

/// PostgreSQL: one binary COPY over one connection, into a table with the same columns, checks, indexes and foreign keys.
pub(crate) async fn postgres(url: &str, scratch: &Path) -> Result<Duration> {
    let pool = PgPool::connect(url).await?;
    let mut file =
        File::options().create(true).truncate(true).read(true).write(true).open(scratch)?;
    {
        let mut writer = BufWriter::new(&file);
        let mut rows = pool.copy_out_raw("COPY api_key TO STDOUT (FORMAT binary)").await?;
        while let Some(bytes) = rows.try_next().await? {
            writer.write_all(&bytes)?;
        }
        writer.flush()?;
    }
    let create = "CREATE TABLE raw (LIKE api_key INCLUDING ALL) WITH (fillfactor = 90)";
    sqlx::raw_sql(create).execute(&pool).await?;
    let references = "SELECT pg_get_constraintdef(oid) FROM pg_constraint
                      WHERE conrelid = 'api_key'::regclass AND contype = 'f'";
    for reference in sqlx::query(references).fetch_all(&pool).await? {
        let definition: String = reference.get(0);
        let add = format!("ALTER TABLE raw ADD {definition}");
        sqlx::raw_sql(AssertSqlSafe(add)).execute(&pool).await?;
    }

    file.rewind()?;
    let mut reader = BufReader::new(file);
    let begun = Instant::now();
    let mut copy = pool.copy_in_raw("COPY raw FROM STDIN (FORMAT binary)").await?;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        if reader.by_ref().take(PIECE as u64).read_to_end(&mut piece)? == 0 {
            break;
        }
        copy.send(piece).await?;
    }
    copy.finish().await?;
    let took = begun.elapsed();
    sqlx::raw_sql("DROP TABLE raw").execute(&pool).await?;
    pool.close().await;
    Ok(took)
}
