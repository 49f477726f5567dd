//! This database as one side of a copy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteArguments, SqliteLockingMode, SqliteRow};
use sqlx::{
    AssertSqlSafe, Connection, Row as _, SqliteConnection, query, query_scalar, query_with,
};

use super::SqliteStore;
use crate::copy::CopyError;
use crate::copy::side::{BATCH_BYTES, Checkpoint, Heads, Side};
use crate::copy::table::{HEADS, OnSqlite, Table, list, quoted};
use crate::copy::value::{Kind, Row, Value};
use crate::store::{Store as _, StoreError};

/// How long to wait for others to let go of the file: long enough for a process that is just ending.
const PATIENCE: Duration = Duration::from_secs(2);

/// One file that nobody else has open.
pub(crate) struct SqliteSide(SqliteConnection);

impl SqliteSide {
    /// Brings the schema up to date and the journals into the tables, and keeps everybody else out.
    pub(crate) async fn open(file: &Path) -> Result<Self, CopyError> {
        // First of all: whoever has it open would not be told of a new schema.
        alone(file).await?.close().await.map_err(|error| failed(file, error))?;
        SqliteStore::open(file).await?.close().await;
        let mut connection = alone(file).await?;
        let journals =
            "SELECT EXISTS (SELECT 1 FROM use_journal) OR EXISTS (SELECT 1 FROM usage_journal)";
        let unfolded: bool = query_scalar(journals)
            .fetch_one(&mut connection)
            .await
            .map_err(|error| failed(file, error))?;
        if unfolded {
            return Err(CopyError::InUse { database: shown(file) });
        }
        Ok(Self(connection))
    }

    /// The columns of each table. SQLite's own are no part of an installation: statistics, sequences.
    pub(crate) async fn columns(
        &mut self,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
        let rows = query(
            "SELECT t.name AS table_name, c.name AS column_name
             FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite#_%' ESCAPE '#'",
        )
        .fetch_all(&mut self.0)
        .await?;
        let mut tables = BTreeMap::<_, BTreeSet<_>>::new();
        for row in rows {
            let table = tables.entry(row.try_get("table_name")?).or_default();
            table.insert(row.try_get("column_name")?);
        }
        Ok(tables)
    }
}

fn shown(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

fn failed(file: &Path, error: sqlx::Error) -> CopyError {
    let cause = StoreError::from(error);
    // BUSY is what an exclusive lock is refused with.
    match cause {
        StoreError::Unavailable(_) => CopyError::InUse { database: shown(file) },
        cause => CopyError::database(shown(file), cause),
    }
}

/// A connection that is the file's only one: in WAL mode everybody who has the file open holds a lock on it.
async fn alone(file: &Path) -> Result<SqliteConnection, CopyError> {
    let options = super::options(file)
        .locking_mode(SqliteLockingMode::Exclusive)
        .busy_timeout(PATIENCE)
        .create_if_missing(true);
    super::create_private(file).map_err(|error| CopyError::database(shown(file), error))?;
    let taken = async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        // The lock is taken by the first write, and kept.
        sqlx::raw_sql("BEGIN EXCLUSIVE; COMMIT").execute(&mut connection).await?;
        Ok::<_, sqlx::Error>(connection)
    };
    taken.await.map_err(|error| failed(file, error))
}

#[async_trait]
impl Side for SqliteSide {
    async fn pepper_check(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let check = query_scalar("SELECT pepper_check FROM installation");
        Ok(check.fetch_optional(&mut self.0).await?)
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}", quoted(&table.name));
        let rows: i64 = query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.0).await?;
        Ok(rows.unsigned_abs())
    }

    async fn rows_after(
        &mut self,
        table: &Table,
        key: Option<&[Value]>,
        most: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let keys = list(table.key_columns().map(|column| quoted(&column.name)));
        let behind = key.map_or_else(String::new, |key| {
            let marks = list(key.iter().map(|_| "?".to_owned()));
            format!(" WHERE ({keys}) > ({marks})")
        });
        let (columns, name) = (table.column_list(), quoted(&table.name));
        let sql = format!("SELECT {columns} FROM {name}{behind} ORDER BY {keys} LIMIT {most}");
        let mut arguments = SqliteArguments::default();
        for value in key.unwrap_or_default() {
            add(&mut arguments, value)?;
        }
        let mut rows = query_with(AssertSqlSafe(sql), arguments).fetch(&mut self.0);
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH_BYTES
            && let Some(row) = rows.try_next().await?
        {
            let row = values(table, &row)?;
            bytes += row.iter().map(Value::weight).sum::<usize>();
            batch.push(row);
        }
        Ok(batch)
    }

    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>, StoreError> {
        let keys = list(table.key_columns().map(|column| quoted(&column.name)));
        let last = list(table.key_columns().map(|column| format!("{} DESC", quoted(&column.name))));
        let sql = format!("SELECT {keys} FROM {} ORDER BY {last} LIMIT 1", quoted(&table.name));
        let row = query(AssertSqlSafe(sql)).fetch_optional(&mut self.0).await?;
        let read = |row: SqliteRow| -> Result<Vec<Value>, sqlx::Error> {
            let key = table.key_columns().enumerate();
            key.map(|(at, column)| value(&row, at, column.kind)).collect()
        };
        Ok(row.map(read).transpose()?)
    }

    async fn add(&mut self, table: &Table, rows: &[Row], copied: i64) -> Result<bool, StoreError> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let moved = query("UPDATE copy_progress SET copied = copied + ?1 WHERE copied = ?2")
            .bind(i64::try_from(rows.len()).unwrap_or(i64::MAX))
            .bind(copied)
            .execute(&mut *transaction)
            .await?;
        if moved.rows_affected() != 1 {
            return Ok(false);
        }
        let marks = list(table.columns.iter().map(|_| "?".to_owned()));
        let (name, columns) = (quoted(&table.name), table.column_list());
        let sql = format!("INSERT INTO {name} ({columns}) VALUES ({marks})");
        for row in rows {
            let mut arguments = SqliteArguments::default();
            for value in row {
                add(&mut arguments, value)?;
            }
            query_with(AssertSqlSafe(sql.as_str()), arguments).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn heads(&mut self) -> Result<Heads, StoreError> {
        let mut heads = Heads::new();
        let mut sequences: BTreeMap<String, i64> = BTreeMap::new();
        for row in query("SELECT name, seq FROM sqlite_sequence").fetch_all(&mut self.0).await? {
            sequences.insert(row.try_get("name")?, row.try_get("seq")?);
        }
        // Emptied by now, and on this database alone.
        for journal in ["use_journal", "usage_journal"] {
            sequences.remove(journal);
        }
        let tables = self.columns().await?;
        for head in &HEADS {
            let value = match head.on_sqlite {
                OnSqlite::Sequence(table) => {
                    Value::Integer(sequences.remove(table).unwrap_or_default())
                }
                OnSqlite::Column(table, _) if !tables.contains_key(table) => continue,
                OnSqlite::Column(table, column) => {
                    let sql = format!("SELECT {} FROM {}", quoted(column), quoted(table));
                    let row = query(AssertSqlSafe(sql)).fetch_one(&mut self.0).await?;
                    either(&row)?
                }
            };
            heads.insert(head.column.to_owned(), value);
        }
        // What is left are tables that PostgreSQL numbers by itself, too.
        let used = sequences.into_iter().filter(|(_, last)| *last > 0);
        heads.extend(used.map(|(table, last)| (table, Value::Integer(last))));
        Ok(heads)
    }

    async fn set_heads(&mut self, heads: &Heads) -> Result<(), StoreError> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        for (name, value) in heads {
            let place = HEADS.iter().find(|head| head.column == name).map(|head| &head.on_sqlite);
            let mut arguments = SqliteArguments::default();
            add(&mut arguments, value)?;
            let sequence = match place {
                Some(OnSqlite::Column(table, column)) => {
                    let sql = format!("UPDATE {} SET {} = ?", quoted(table), quoted(column));
                    query_with(AssertSqlSafe(sql), arguments).execute(&mut *transaction).await?;
                    continue;
                }
                Some(OnSqlite::Sequence(table)) => *table,
                None => name.as_str(),
            };
            // Its rows have no key that an upsert could go by.
            query("DELETE FROM sqlite_sequence WHERE name = ?1")
                .bind(sequence)
                .execute(&mut *transaction)
                .await?;
            add(&mut arguments, &Value::Text(sequence.to_owned()))?;
            query_with("INSERT INTO sqlite_sequence (seq, name) VALUES (?1, ?2)", arguments)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        let row = query("SELECT pepper_check, state, copied FROM copy_progress");
        let read = |row: SqliteRow| -> Result<_, sqlx::Error> {
            let (pepper_check, state) = (row.try_get("pepper_check")?, row.try_get("state")?);
            Ok(Checkpoint { pepper_check, state, copied: row.try_get("copied")? })
        };
        Ok(row.fetch_optional(&mut self.0).await?.map(read).transpose()?)
    }

    async fn begin(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO copy_progress (one, pepper_check, state, copied) VALUES (1, ?1, ?2, ?3)";
        query(sql)
            .bind(&checkpoint.pepper_check)
            .bind(&checkpoint.state)
            .bind(checkpoint.copied)
            .execute(&mut self.0)
            .await?;
        Ok(())
    }

    async fn end(&mut self) -> Result<(), StoreError> {
        query("DELETE FROM copy_progress").execute(&mut self.0).await?;
        Ok(())
    }

    async fn close(self: Box<Self>) {
        // Ignored: what was committed is on the disk.
        let _ = self.0.close().await;
    }
}

fn add(arguments: &mut SqliteArguments, value: &Value) -> Result<(), StoreError> {
    use sqlx::Arguments as _;
    let added = match value {
        Value::Null => arguments.add(Option::<i64>::None),
        Value::Integer(value) => arguments.add(*value),
        Value::Text(value) => arguments.add(value.clone()),
        Value::Bytes(value) => arguments.add(value.clone()),
    };
    added.map_err(StoreError::Other)
}

fn values(table: &Table, row: &SqliteRow) -> Result<Row, sqlx::Error> {
    let columns = table.columns.iter().enumerate();
    columns.map(|(at, column)| value(row, at, column.kind)).collect()
}

fn value(row: &SqliteRow, at: usize, kind: Kind) -> Result<Value, sqlx::Error> {
    Ok(match kind {
        Kind::Bytes => row.try_get::<Option<_>, _>(at)?.map(Value::Bytes),
        Kind::Integer | Kind::Flag => row.try_get::<Option<_>, _>(at)?.map(Value::Integer),
        Kind::Text | Kind::Decimal => row.try_get::<Option<_>, _>(at)?.map(Value::Text),
    }
    .unwrap_or(Value::Null))
}

/// A number or bytes.
fn either(row: &SqliteRow) -> Result<Value, sqlx::Error> {
    value(row, 0, Kind::Bytes).or_else(|_| value(row, 0, Kind::Integer))
}
