//! One statement over any of the three drivers. Every selected column is text or bytes by then, so a cell is its
//! bytes whatever the driver would have made of its type.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use oneloop_migrate::source::Cell;
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, ColumnIndex, Connection as _, Decode, MySqlConnection, PgConnection, Row,
    SqliteConnection, ValueRef,
};
use zeroize::Zeroizing;

use super::Dialect;
use super::select::Bound;

/// A connection to a database.
#[derive(Debug)]
pub(super) enum Wire {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
    Sqlite(SqliteConnection),
}

/// The cells of a row.
pub(super) type Cells = Vec<Cell>;

impl Wire {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Mysql(_) => Dialect::Mysql,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// The rows of a statement, as they arrive.
    pub(super) fn rows(
        &mut self,
        sql: String,
        bound: Vec<Bound>,
    ) -> BoxStream<'_, Result<Cells, sqlx::Error>> {
        // What was put together is quoted names and our own words; the one piece of the user's is the condition in
        // the mapping file, shown before it runs, in a transaction that can only read.
        let query = AssertSqlSafe(sql);
        match self {
            Self::Postgres(it) => with(sqlx::query(query), bound).fetch(it).map(cells).boxed(),
            Self::Mysql(it) => with(sqlx::query(query), bound).fetch(it).map(cells).boxed(),
            Self::Sqlite(it) => with(sqlx::query(query), bound).fetch(it).map(cells).boxed(),
        }
    }

    /// All rows of a statement, each cell as text; NULL and other bytes are empty.
    pub(super) async fn texts(
        &mut self,
        sql: &str,
        bound: &[&str],
    ) -> Result<Vec<Vec<String>>, sqlx::Error> {
        let bound = bound.iter().map(|text| Bound::Text((*text).to_owned())).collect();
        let mut rows = self.rows(sql.to_owned(), bound);
        let mut all = Vec::new();
        while let Some(row) = rows.next().await {
            all.push(
                row?.iter().map(|cell| cell.as_text().unwrap_or_default().to_owned()).collect(),
            );
        }
        Ok(all)
    }

    /// Runs statements that answer with nothing, as they are: not all of them can be prepared.
    pub(super) async fn run(&mut self, statements: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(it) => sqlx::raw_sql(statements).execute(it).await.map(drop),
            Self::Mysql(it) => sqlx::raw_sql(statements).execute(it).await.map(drop),
            Self::Sqlite(it) => sqlx::raw_sql(statements).execute(it).await.map(drop),
        }
    }

    pub(super) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(it) => it.close().await,
            Self::Mysql(it) => it.close().await,
            Self::Sqlite(it) => it.close().await,
        }
    }
}

/// A statement with its parameters.
fn with<'q, DB>(
    query: Query<'q, DB, DB::Arguments>,
    bound: Vec<Bound>,
) -> Query<'q, DB, DB::Arguments>
where
    DB: sqlx::Database,
    String: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    Vec<u8>: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    i64: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    bound.into_iter().fold(query, |query, bound| match bound {
        Bound::Text(text) => query.bind(text),
        Bound::Bytes(bytes) => query.bind(bytes),
        Bound::Integer(number) => query.bind(number),
    })
}

fn cells<R>(row: Result<R, sqlx::Error>) -> Result<Cells, sqlx::Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> &'r [u8]: Decode<'r, R::Database>,
{
    let row = row?;
    (0..row.len())
        .map(|at| {
            let value = row.try_get_raw(at)?;
            if value.is_null() {
                return Ok(Cell::Null);
            }
            let bytes = <&[u8]>::decode(value).map_err(sqlx::Error::Decode)?;
            Ok(Cell::Value(Zeroizing::new(bytes.to_vec())))
        })
        .collect()
}
