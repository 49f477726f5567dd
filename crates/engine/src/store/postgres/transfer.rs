//! This database as one side of a copy.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, Row as _, query, query_scalar, query_with,
};

use super::{PostgresStore, connections};
use crate::copy::CopyError;
use crate::copy::side::{BATCH_BYTES, Checkpoint, Heads, Side};
use crate::copy::table::{Column, HEADS, Table, list, quoted};
use crate::copy::value::{Kind, Row, Value};
use crate::options::PostgresUrl;
use crate::store::{Store as _, StoreError};

/// How long our own former connections may take to be gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// One database.
pub(crate) struct PostgresSide {
    connection: PgConnection,
    tables: Vec<Table>,
}

impl PostgresSide {
    /// Brings the schema up to date.
    pub(crate) async fn open(url: &PostgresUrl) -> Result<Self, CopyError> {
        PostgresStore::open(url).await?.close().await;
        let failed = |error: StoreError| CopyError::database(url.to_string(), error);
        let mut connection =
            connections::single(&url.options()).await.map_err(|error| failed(error.into()))?;
        let tables = tables(&mut connection).await.map_err(failed)?;
        Ok(Self { connection, tables })
    }

    /// Keeps everybody else from writing, for as long as this is open.
    pub(crate) async fn keep_writers_out(&mut self, url: &PostgresUrl) -> Result<(), CopyError> {
        let in_use = || CopyError::InUse { database: url.to_string() };
        let failed = |error: sqlx::Error| match StoreError::from(error) {
            // Refused the lock: somebody is writing.
            StoreError::Unavailable(_) => in_use(),
            error => CopyError::database(url.to_string(), error),
        };
        let names = list(self.tables.iter().map(|table| quoted(&table.name)));
        let lock = format!(
            "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0;
             LOCK TABLE {names} IN SHARE MODE NOWAIT"
        );
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut self.connection).await.map_err(failed)?;
        let began = tokio::time::Instant::now();
        // A server that only happens to write nothing now. Such a one knows keys that it counts uses of.
        let others =
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
             AND application_name IN ('oneloop', current_setting('application_name'))
             AND pid <> pg_backend_pid())";
        while query_scalar(others).fetch_one(&mut self.connection).await.map_err(failed)? {
            if began.elapsed() > PATIENCE {
                return Err(in_use());
            }
            tokio::time::sleep(PATIENCE / 20).await;
        }
        Ok(())
    }

    /// All tables.
    pub(crate) fn tables(&self) -> Vec<Table> {
        self.tables.clone()
    }

    fn head_columns(&self) -> Vec<Column> {
        let head = self.tables.iter().find(|table| table.name == "head");
        let columns = head.map(|head| head.columns.clone()).unwrap_or_default();
        let known = |column: &Column| HEADS.iter().any(|head| head.column == column.name);
        columns.into_iter().filter(known).collect()
    }

    /// The tables that the database itself numbers, and which column has the numbers.
    fn numbered(&self) -> Vec<(String, String)> {
        let of = |table: &Table| {
            let column = table.columns.iter().find(|column| column.numbered)?;
            Some((table.name.clone(), column.name.clone()))
        };
        self.tables.iter().filter_map(of).collect()
    }
}

/// The tables of the schema.
async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>, StoreError> {
    let mut tables: Vec<Table> = Vec::new();
    let columns = connection
        .fetch_all(
            "SELECT c.relname::text AS table_name, a.attname::text AS column_name, a.attidentity <> '' AS numbered,
                    format_type(a.atttypid, NULL) AS type
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
               AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY c.oid, a.attname COLLATE \"C\"",
        )
        .await?;
    for row in columns {
        let name: String = row.try_get("table_name")?;
        let column: String = row.try_get("column_name")?;
        let kind = match row.try_get("type")? {
            "bytea" => Kind::Bytes,
            "bigint" => Kind::Integer,
            "text" => Kind::Text,
            "boolean" => Kind::Flag,
            "numeric" => Kind::Decimal,
            // The list of schema changes is not copied.
            _ if name == "_sqlx_migrations" => Kind::Text,
            other => {
                let unknown = format!("{name}.{column} is of type {other}, which no copy knows");
                return Err(StoreError::Other(unknown.into()));
            }
        };
        if tables.last().is_none_or(|table| table.name != name) {
            let (columns, key, needs) = (Vec::new(), Vec::new(), Vec::new());
            tables.push(Table { name, columns, key, needs });
        }
        if let Some(table) = tables.last_mut() {
            let numbered = row.try_get("numbered")?;
            table.columns.push(Column { name: column, kind, numbered });
        }
    }
    let keys = connection
        .fetch_all(
            "SELECT c.relname::text AS table_name, a.attname::text AS column_name
             FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
             CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
             WHERE i.indisprimary AND c.relnamespace = current_schema()::regnamespace
             ORDER BY c.oid, k.place",
        )
        .await?;
    for row in keys {
        let (name, column): (&str, &str) =
            (row.try_get("table_name")?, row.try_get("column_name")?);
        let table = tables.iter_mut().find(|table| table.name == name);
        if let Some(table) = table {
            let at = table.columns.iter().position(|known| known.name == column);
            table.key.extend(at);
        }
    }
    let references = connection
        .fetch_all(
            "SELECT DISTINCT c.relname::text AS table_name, f.relname::text AS needed
             FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid
             JOIN pg_class f ON f.oid = r.confrelid
             WHERE r.contype = 'f' AND c.relnamespace = current_schema()::regnamespace",
        )
        .await?;
    for row in references {
        let name: &str = row.try_get("table_name")?;
        let needed = row.try_get("needed")?;
        let table = tables.iter_mut().find(|table| table.name == name);
        if let Some(table) = table {
            table.needs.push(needed);
        }
    }
    Ok(tables)
}

#[async_trait]
impl Side for PostgresSide {
    async fn pepper_check(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let check = query_scalar("SELECT pepper_check FROM installation");
        Ok(check.fetch_optional(&mut self.connection).await?)
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}", quoted(&table.name));
        let rows: i64 = query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.connection).await?;
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
            let marks = list((1..=key.len()).map(|number| format!("${number}")));
            format!(" WHERE ({keys}) > ({marks})")
        });
        let columns = list(table.columns.iter().map(|column| match column.kind {
            Kind::Decimal => format!("{}::text", quoted(&column.name)),
            _ => quoted(&column.name),
        }));
        let (order, name) = (list(table.key_columns().map(by_bytes)), quoted(&table.name));
        let sql = format!("SELECT {columns} FROM {name}{behind} ORDER BY {order} LIMIT {most}");
        let mut arguments = PgArguments::default();
        for (value, column) in key.unwrap_or_default().iter().zip(table.key_columns()) {
            add(&mut arguments, value, column.kind)?;
        }
        let mut rows = query_with(AssertSqlSafe(sql), arguments).fetch(&mut self.connection);
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH_BYTES
            && let Some(row) = rows.try_next().await?
        {
            let columns = table.columns.iter().enumerate();
            let row: Row = columns
                .map(|(at, column)| value(&row, at, column.kind))
                .collect::<Result<_, _>>()?;
            bytes += row.iter().map(Value::weight).sum::<usize>();
            batch.push(row);
        }
        Ok(batch)
    }

    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>, StoreError> {
        let keys = list(table.key_columns().map(|column| quoted(&column.name)));
        let last = list(table.key_columns().map(|column| format!("{} DESC", by_bytes(column))));
        let sql = format!("SELECT {keys} FROM {} ORDER BY {last} LIMIT 1", quoted(&table.name));
        let row = query(AssertSqlSafe(sql)).fetch_optional(&mut self.connection).await?;
        let read = |row: PgRow| -> Result<Vec<Value>, sqlx::Error> {
            let key = table.key_columns().enumerate();
            key.map(|(at, column)| value(&row, at, column.kind)).collect()
        };
        Ok(row.map(read).transpose()?)
    }

    async fn add(&mut self, table: &Table, rows: &[Row], copied: i64) -> Result<bool, StoreError> {
        let mut transaction = self.connection.begin().await?;
        let moved = query("UPDATE copy_progress SET copied = copied + $1 WHERE copied = $2")
            .bind(i64::try_from(rows.len()).unwrap_or(i64::MAX))
            .bind(copied)
            .execute(&mut *transaction)
            .await?;
        if moved.rows_affected() != 1 {
            return Ok(false);
        }
        let columns = table.columns.iter();
        let arrays = list(columns.clone().zip(1..).map(|(column, number)| {
            let type_name = match column.kind {
                Kind::Bytes => "bytea",
                Kind::Integer => "bigint",
                Kind::Text | Kind::Decimal => "text",
                Kind::Flag => "boolean",
            };
            format!("${number}::{type_name}[]")
        }));
        let selected = list(columns.map(|column| match column.kind {
            Kind::Decimal => format!("{}::numeric", quoted(&column.name)),
            _ => quoted(&column.name),
        }));
        let (name, columns) = (quoted(&table.name), table.column_list());
        let sql = format!(
            "INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE
             SELECT {selected} FROM unnest({arrays}) AS brought ({columns})"
        );
        let mut arguments = PgArguments::default();
        for (at, column) in table.columns.iter().enumerate() {
            let values = rows.iter().filter_map(|row| row.get(at));
            add_all(&mut arguments, values, column.kind)?;
        }
        query_with(AssertSqlSafe(sql), arguments).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn heads(&mut self) -> Result<Heads, StoreError> {
        let mut heads = Heads::new();
        let columns = self.head_columns();
        let sql =
            format!("SELECT {} FROM head", list(columns.iter().map(|head| quoted(&head.name))));
        let row = query(AssertSqlSafe(sql)).fetch_one(&mut self.connection).await?;
        for (at, column) in columns.iter().enumerate() {
            heads.insert(column.name.clone(), value(&row, at, column.kind)?);
        }
        for (table, column) in self.numbered() {
            let sequence = "SELECT pg_get_serial_sequence(quote_ident($1), $2)";
            let sequence: String = query_scalar(sequence)
                .bind(&table)
                .bind(column)
                .fetch_one(&mut self.connection)
                .await?;
            // Already quoted, by the database.
            let sql =
                format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}");
            let last: i64 =
                query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.connection).await?;
            if last > 0 {
                heads.insert(table, Value::Integer(last));
            }
        }
        Ok(heads)
    }

    async fn set_heads(&mut self, heads: &Heads) -> Result<(), StoreError> {
        let (columns, numbered) = (self.head_columns(), self.numbered());
        let mut transaction = self.connection.begin().await?;
        for (name, value) in heads {
            if let Some(column) = columns.iter().find(|column| &column.name == name) {
                let sql = format!("UPDATE head SET {} = $1", quoted(name));
                let mut arguments = PgArguments::default();
                add(&mut arguments, value, column.kind)?;
                query_with(AssertSqlSafe(sql), arguments).execute(&mut *transaction).await?;
            }
            if let (Some((table, column)), Value::Integer(last)) =
                (numbered.iter().find(|(table, _)| table == name), value)
            {
                query("SELECT setval(pg_get_serial_sequence(quote_ident($1), $2), $3)")
                    .bind(table)
                    .bind(column)
                    .bind(last)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        transaction.commit().await?;
        // Ours alone: a user who is no superuser is warned of all others.
        let tables = list(self.tables.iter().map(|table| quoted(&table.name)));
        self.connection.execute(AssertSqlSafe(format!("ANALYZE {tables}"))).await?;
        Ok(())
    }

    async fn checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        let row = query("SELECT pepper_check, state, copied FROM copy_progress");
        let read = |row: PgRow| -> Result<_, sqlx::Error> {
            let (pepper_check, state) = (row.try_get("pepper_check")?, row.try_get("state")?);
            Ok(Checkpoint { pepper_check, state, copied: row.try_get("copied")? })
        };
        Ok(row.fetch_optional(&mut self.connection).await?.map(read).transpose()?)
    }

    async fn begin(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO copy_progress (one, pepper_check, state, copied) VALUES (1, $1, $2, $3)";
        query(sql)
            .bind(&checkpoint.pepper_check)
            .bind(&checkpoint.state)
            .bind(checkpoint.copied)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    async fn end(&mut self) -> Result<(), StoreError> {
        query("DELETE FROM copy_progress").execute(&mut self.connection).await?;
        Ok(())
    }

    async fn close(self: Box<Self>) {
        // Ignored: what was committed is on the disk.
        let _ = self.connection.close().await;
    }
}

/// Texts in the order of their bytes, as on SQLite, whatever their column says.
fn by_bytes(column: &Column) -> String {
    let name = quoted(&column.name);
    if column.kind == Kind::Text { format!("{name} COLLATE \"C\"") } else { name }
}

fn value(row: &PgRow, at: usize, kind: Kind) -> Result<Value, sqlx::Error> {
    Ok(match kind {
        Kind::Bytes => row.try_get::<Option<_>, _>(at)?.map(Value::Bytes),
        Kind::Integer => row.try_get::<Option<_>, _>(at)?.map(Value::Integer),
        Kind::Flag => row.try_get::<Option<bool>, _>(at)?.map(|flag| Value::Integer(flag.into())),
        Kind::Text | Kind::Decimal => row.try_get::<Option<_>, _>(at)?.map(Value::Text),
    }
    .unwrap_or(Value::Null))
}

fn add(arguments: &mut PgArguments, value: &Value, kind: Kind) -> Result<(), StoreError> {
    use sqlx::Arguments as _;
    let added = match kind {
        Kind::Bytes => arguments.add(bytes(value)?),
        Kind::Integer => arguments.add(integer(value)?),
        Kind::Flag => arguments.add(flag(value)?),
        Kind::Text | Kind::Decimal => arguments.add(text(value)?),
    };
    added.map_err(StoreError::Other)
}

/// The values of one column, as one array.
fn add_all<'v>(
    arguments: &mut PgArguments,
    values: impl Iterator<Item = &'v Value>,
    kind: Kind,
) -> Result<(), StoreError> {
    use sqlx::Arguments as _;
    let added = match kind {
        Kind::Bytes => arguments.add(values.map(bytes).collect::<Result<Vec<_>, _>>()?),
        Kind::Integer => arguments.add(values.map(integer).collect::<Result<Vec<_>, _>>()?),
        Kind::Flag => arguments.add(values.map(flag).collect::<Result<Vec<_>, _>>()?),
        Kind::Text | Kind::Decimal => {
            arguments.add(values.map(text).collect::<Result<Vec<_>, _>>()?)
        }
    };
    added.map_err(StoreError::Other)
}

fn misplaced() -> StoreError {
    StoreError::Other("a column of the source holds a value of another type".into())
}

fn bytes(value: &Value) -> Result<Option<Vec<u8>>, StoreError> {
    match value {
        Value::Null => Ok(None),
        Value::Bytes(bytes) => Ok(Some(bytes.clone())),
        _ => Err(misplaced()),
    }
}

fn integer(value: &Value) -> Result<Option<i64>, StoreError> {
    match value {
        Value::Null => Ok(None),
        Value::Integer(value) => Ok(Some(*value)),
        _ => Err(misplaced()),
    }
}

fn flag(value: &Value) -> Result<Option<bool>, StoreError> {
    match integer(value)? {
        None => Ok(None),
        Some(value @ (0 | 1)) => Ok(Some(value == 1)),
        Some(_) => Err(misplaced()),
    }
}

fn text(value: &Value) -> Result<Option<String>, StoreError> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text.clone())),
        _ => Err(misplaced()),
    }
}
